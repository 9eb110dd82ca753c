/// The options of an evaluation; knows no task and no model.

public import Martlet

/// The number of problems, and the limits of the answers.
public struct EvaluationOptions: Sendable, Hashable {
    /// The number of problems: the held-out ones with the indices `0 ..< samples`.
    public var samples = 100
    /// Draws the problems, and the random numbers of sampling.
    public var seed: UInt64 = 0
    /// Chains that answer each problem and share its prompt; the majority of their answers counts.
    public var width = 1
    /// Divides the logits; 0 always takes the likeliest token, so that all chains say the same.
    public var temperature: Float = 0
    /// The most tokens of a chain. Nil for the length of the task's longest reference solution, a
    /// line break and an end token, as far as the model's context reaches; no token is less than one
    /// character, so a right solution of any tokenizer fits.
    public var maximumTokens: Int?
    /// Smaller numbers of chains for which bytes of cache are counted too, so that ``SampleResult/leading(_:)`` can tell what
    /// so many chains alone would have given.
    public var leadingWidths: [Int] = []
    /// Chains that run at the same time; results do not depend on it.
    public var parallel = 32
    /// Which of `ModelOptions.adapters` the answers are computed under; nil for the model's own weights.
    public var adapter: String?

    /// How problems are put to the model: as texts to go on from, or as messages through its chat template.
    public var form = PromptForm.text
    /// What is asked of the model after each problem, on a line of its own; only of messages.
    public var instruction: String?

    /// One greedy chain for each of a hundred problems.
    public init() {}

    /// Problems that are answered at the same time.
    var problemsInFlight: Int { max(1, parallel / width) }
}
