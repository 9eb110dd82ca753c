/// A measured configuration: its scores and costs. Knows neither how nor on what machine they were measured.

/// The part of a model's work that a cache method thins out (Sparse Frontier, arXiv 2504.17768, section 2).
public enum CompressionPhase: String, Sendable, CaseIterable, Hashable {
    /// The prompt's tokens in the cache, chosen when the prompt is complete; generated tokens stay.
    case prompt
    /// The tokens that each generated token reads; the prompt itself is computed with full attention.
    case steps
    /// Both.
    case both
}

/// How a cache method was set up: length, width and compression, the paper's L-W-CR.
public struct FrontierConfiguration: Sendable, Hashable {
    /// The method, such as `dms`.
    public let method: String
    /// The model.
    public let model: String
    /// The policy with every parameter written out.
    public let policy: String
    /// The most tokens of a chain.
    public let length: Int
    /// Chains that vote.
    public let width: Int
    /// The compression that was asked for; 1 for a dense cache.
    public let ratio: Double
    /// What the method thins out.
    public let phase: CompressionPhase

    /// Describes a configuration.
    public init(
        method: String, model: String, policy: String, length: Int, width: Int, ratio: Double,
        phase: CompressionPhase = .both
    ) {
        self.method = method
        self.model = model
        self.policy = policy
        self.length = length
        self.width = width
        self.ratio = ratio
        self.phase = phase
    }

    /// Length, width and ratio, `256-8-4`.
    public var label: String {
        let whole = ratio == ratio.rounded()
        return "\(length)-\(width)-" + (whole ? "\(Int(ratio))" : "\(ratio)")
    }
}

/// The scores and costs of one configuration; scores are in the problems' order.
public struct FrontierPoint: Sendable, Hashable {
    /// The configuration.
    public let configuration: FrontierConfiguration
    /// The score of the vote on each problem, from 0 to 1.
    public let scores: [Double]
    /// The kind of each problem, such as a part of a blend.
    public let tasks: [String]
    /// Mean tokens of a prompt; nil when they were not recorded.
    public let promptTokens: Double?
    /// Mean tokens that all chains of a problem wrote together.
    public let tokens: Double
    /// Mean costs of a problem.
    public let costs: [FrontierCost: Double]

    /// Puts a point together.
    public init(
        _ configuration: FrontierConfiguration, scores: [Double], tasks: [String] = [],
        promptTokens: Double? = nil, tokens: Double, costs: [FrontierCost: Double]
    ) {
        self.tasks = tasks
        self.promptTokens = promptTokens
        self.tokens = tokens
        self.configuration = configuration
        self.scores = scores
        self.costs = costs
    }

    /// The mean score.
    public var accuracy: Double {
        scores.isEmpty ? 0 : scores.reduce(0, +) / Double(scores.count)
    }

    /// The mean score of problems drawn with repetition.
    func accuracy(of problems: [Int]) -> Double {
        problems.isEmpty ? 0 : problems.reduce(0) { $0 + scores[$1] } / Double(problems.count)
    }
}

/// What an answer costs.
public enum FrontierCost: String, Sendable, CaseIterable, Hashable {
    /// Cached tokens attended at each generated token, averaged over layers and KV heads, summed over tokens and
    /// chains (Inference-Time Hyper-Scaling, arXiv 2506.05345).
    case kvReads
    /// Bytes of cache that decode steps moved, summed over chains (`Usage.bytesMoved`): whole pages, their
    /// bounds, and every touch beside. Records of older versions lack it.
    case bytesMoved
    /// The most live tokens of each chain, averaged over layers and KV heads, summed over chains.
    case peakTokens
    /// The most bytes of cache that the chains held at once; pages that they share count once.
    case bytes
    /// Seconds for each problem on this machine, with many problems in flight.
    case seconds
    /// Multiplications and additions, prompt included: what makes models of different sizes comparable.
    case flops

    /// The title of an axis.
    public var title: String {
        switch self {
        case .kvReads: "KV reads"
        case .bytesMoved: "bytes moved"
        case .peakTokens: "peak tokens"
        case .bytes: "bytes of cache"
        case .seconds: "seconds"
        case .flops: "FLOPs"
        }
    }
}
