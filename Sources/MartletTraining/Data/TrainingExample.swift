// What a model learns from: tokens, and the weight of each in the loss.

/// A document: tokens, and for each token the weight of its prediction in the loss.
public struct TrainingExample: Sendable, Hashable {
    /// Token ids.
    public var tokens: [Int32]
    /// For each token the weight of predicting it from those before; the first cannot be predicted.
    public var weights: [Float]

    /// Pairs tokens with weights.
    public init(tokens: [Int32], weights: [Float]) {
        precondition(
            tokens.count == weights.count,
            "TrainingExample: got \(tokens.count) tokens and \(weights.count) weights")
        self.tokens = tokens
        self.weights = weights
    }
}

/// An endless, seeded source of examples with random access, so that a run can stop and go on anywhere.
public protocol ExampleSource: Sendable {
    /// The example at a place of the stream of a seed; `room` is the most tokens that can be used.
    func example(seed: UInt64, index: Int, room: Int) -> TrainingExample

    /// The most tokens of a solution; nil for running text, which has no end of its own.
    var longestCompletion: Int? { get }
}

extension ExampleSource {
    /// Nil.
    public var longestCompletion: Int? { nil }
}
