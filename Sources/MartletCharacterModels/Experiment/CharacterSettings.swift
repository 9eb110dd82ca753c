// What all models of a comparison share.
// This file knows numbers and their ranges; it refuses to know models.

public import MartletTraining

/// Sizes, learning rates and seeds of an experiment with character models.
public struct CharacterSettings: Sendable {
    /// Widths of every model.
    public var shape: CharacterShape
    /// Characters of a window.
    public var context: Int
    /// Windows of a step.
    public var batch: Int
    /// The peak of the learning rate; a line up over the first twentieth, then a cosine to 0 at the budget.
    public var learningRate: Double
    /// The first seed; others follow it.
    public var seed: UInt64 = 1
    /// The norm that gradients are clipped to (2211.09761, section 4.1).
    public var clipping = 0.25
    /// Held-out characters that are scored at most.
    public var evaluated = 32_768

    /// Settings within their ranges.
    ///
    /// - Throws: ``TrainingError/invalid(subject:got:expected:)`` in one sentence.
    public init(
        width: Int, heads: Int, context: Int, batch: Int, learningRate: Double
    ) throws(TrainingError) {
        func check(
            _ subject: String, _ got: Int, _ range: ClosedRange<Int>
        ) throws(TrainingError) {
            guard range.contains(got) else {
                throw .invalid(
                    subject: subject, got: "\(got)",
                    expected: "a number from \(range.lowerBound) to \(range.upperBound)")
            }
        }
        try check("the context", context, 8...65_536)
        try check("the batch", batch, 1...4096)
        guard learningRate > 0, learningRate <= 1 else {
            throw .invalid(
                subject: "the learning rate", got: "\(learningRate)",
                expected: "a number above 0 and at most 1")
        }
        shape = try CharacterShape(width: width, heads: heads)
        self.context = context
        self.batch = batch
        self.learningRate = learningRate
    }

    /// Whether the context can be shortened as a model shortens it.
    public func check(_ plan: CharacterModelPlan) throws(TrainingError) {
        guard context % plan.divisor == 0 else {
            throw .invalid(
                subject: "the context of \(plan)", got: "\(context)",
                expected: "a length that \(plan.divisor) divides")
        }
    }
}

/// How long a model trains.
public enum CharacterBudget: Sendable, Hashable {
    /// Steps, however long they take.
    case steps(Int)
    /// Seconds of the reference system, and as many steps as fit.
    case referenceSeconds(Double)
}
