// The growth of the target compression during a retrofit.

/// CR(t) = start + (target - start) * min(t / length, 1), from 1 for a model that compresses nothing: linear in the ratio and
/// not in the share of tokens (2506.05345, section 3; 2403.09636, phase 2). The share to mark is 1 - 1 / CR.
public struct CompressionRamp: Sendable, Hashable {
    /// The ratio at the beginning.
    public let start: Double
    /// The ratio at the end.
    public let target: Double
    /// Steps until it is reached.
    public let length: Double

    /// Describes a ramp.
    public init(from start: Double = 1, target: Double, length: Double) {
        precondition(
            start >= 1 && target >= start && length > 0,
            "CompressionRamp: got \(start) to \(target) over \(length) steps")
        self.start = start
        self.target = target
        self.length = length
    }

    /// The ratio at a step.
    public func ratio(at step: Double) -> Double {
        start + (target - start) * min(max(0, step) / length, 1)
    }

    /// The share of tokens to mark at a step.
    public func share(at step: Double) -> Double { 1 - 1 / ratio(at: step) }
}
