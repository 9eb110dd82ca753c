/// The budget and the options of a search: plain values.

public import MartletTasks

/// The most that an answer may cost. Either part may be left open.
public struct SolveBudget: Sendable, Hashable {
    /// Bytes of KV cache and of ``ModelOptions/adapters``, never exceeded in any step; nil for what the machine can spare.
    public var memory: Int?
    /// Time from the call to the answer; nil sets no limit.
    public var deadline: Duration?

    /// Describes a budget.
    public init(memory: Int? = nil, deadline: Duration? = nil) {
        self.memory = memory
        self.deadline = deadline
    }
}

/// How answers of several chains become one.
public enum Aggregation: String, Sendable, CaseIterable {
    /// The most frequent answer (self-consistency: Wang et al. 2022, arXiv 2203.11171).
    case majority
    /// The answer with the largest sum of exp(mean log-probability of its chains' tokens).
    case weighted
    /// The answer that the checker accepts; without a checker, that of the likeliest chain.
    case best
    /// Every different answer; right when any of them is.
    case all
}

/// How an answer is looked for.
public struct SolveOptions: Sendable {
    /// Chains; nil lets the budget decide.
    public var width: Int?
    /// The most tokens of a chain; nil lets the budget decide.
    public var length: Int?
    /// Divides the logits. Nil: 0 for a single chain, otherwise 0.7.
    public var temperature: Float?
    /// Only the likeliest so many tokens are drawn from; 0 for all.
    public var topK = 0
    /// Only the likeliest tokens are drawn from that have this probability together.
    public var topP: Float = 1
    /// Only tokens are drawn from that are at least so likely beside the likeliest.
    public var minP: Float = 0
    /// The same seed gives the same chains whatever else runs; nil draws one.
    public var seed: UInt64?
    /// How answers become one.
    public var aggregation = Aggregation.majority
    /// Where a chain's answer is in its text.
    public var extraction = AnswerExtraction.automatic
    /// What answers are, which says when two are the same; nil for what ``extraction`` finds: numbers, choices, or text.
    public var kind: AnswerKind?
    /// Tells whether an answer is right; nil when nothing can tell. The first accepted answer ends the search.
    public var checker: (@Sendable (String) -> Bool)?
    /// A chain ends before the first of these texts, and at the special token that one of them spells.
    public var stop: [String] = []
    /// Whether ``stop`` counts only after something that is not blank.
    package var stopsAfterText = false
    /// A chain ends at any of these tokens.
    public var stopTokens: [StopToken] = []
    /// Whether the search may choose among the model's compressed forms, where it has any. They are lossy; with
    /// false the model answers as it was loaded.
    public var usesCompressedForms = true
    /// Whether the search may store keys and values in fewer bits than ``ModelOptions/cacheCodec`` says, as q8 or q4,
    /// where a sweep beside the model's weights measured how right it is so (`martlet frontier --codecs`) and
    /// ``usesCompressedForms`` allows what is lossy.
    public var usesMeasuredCodecs = true

    /// What to plan by instead of the sweep beside the model's weights: the folder of `martlet frontier`, or its
    /// `frontier.json`. The policies that it measured of this model, which lose tokens or read fewer, are then candidates
    /// too, as far as ``usesCompressedForms`` and ``usesMeasuredCodecs`` allow.
    public var sweep: String?

    /// Whether the prompt is a text to continue or a message to answer.
    public var form = PromptForm.text
    /// What is asked after the prompt, on a line of its own; only of messages.
    public var instruction: String?
    /// Which of ``ModelOptions/adapters`` the chains are computed under; nil for the model's own weights. Compressed
    /// forms have other weights, so that none is chosen beside an adapter.
    public var adapter: String?

    /// The default options.
    public init() {}
}

/// The number of chains, their length, and the model and policy that run them.
public struct SolveConfiguration: Sendable, Hashable {
    /// The model's name.
    public let model: String
    /// The policy with every parameter written out.
    public let policy: String
    /// Chains.
    public let width: Int
    /// The most tokens of a chain.
    public let length: Int
    /// Tokens over cached tokens that the plan expects; 1 for a dense cache.
    public let compressionRatio: Double
    /// Bytes of cache that the plan expects to need.
    public let plannedBytes: Int
    /// Seconds that the plan expects to take, prompt included; nil without a measured cost.
    public let plannedSeconds: Double?
    /// What is on that can change results against the stored weights and a full cache in f32.
    public let lossyMethods: [String]
}
