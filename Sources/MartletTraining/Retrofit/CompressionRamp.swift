// The growth of the target compression during a retrofit.

/// CR(t) = 1 + (target - 1) * min(t / length, 1): linear in the ratio and not in the share of tokens
/// (2506.05345, section 3; 2403.09636, phase 2). The share to mark is 1 - 1 / CR.
public struct CompressionRamp: Sendable, Hashable {
    /// The ratio at the end.
    public let target: Double
    /// Steps until it is reached.
    public let length: Double

    /// Describes a ramp.
    public init(target: Double, length: Double) {
        precondition(
            target >= 1 && length > 0, "CompressionRamp: got \(target) over \(length) steps")
        self.target = target
        self.length = length
    }

    /// The ratio at a step.
    public func ratio(at step: Double) -> Double {
        1 + (target - 1) * min(max(0, step) / length, 1)
    }

    /// The share of tokens to mark at a step.
    public func share(at step: Double) -> Double { 1 - 1 / ratio(at: step) }
}
