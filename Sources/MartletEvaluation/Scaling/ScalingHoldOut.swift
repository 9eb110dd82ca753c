/// How well a law of accuracy foretells the largest size, length or compression, which it was not fitted to.

import Foundation

/// The error of a ``ScalingLaw`` on the observations with the greatest value on one axis, fitted to all others: the
/// Sparse Frontier's test of its law (arXiv 2504.17768, first version, section 4).
public struct ScalingHoldOut: Sendable, Hashable {
    /// The axis whose greatest value was held out.
    public let axis: ScalingAxis
    /// The value that was held out.
    public let value: Double
    /// Observations that were held out.
    public let count: Int
    /// The share of the variance of held-out logits that the law foretells; below 0 where their mean would do better. Nil
    /// where all are the same.
    public let determination: Double?
    /// The mean distance of foretold and measured accuracies.
    public let error: Double
    /// The same for a law without this axis: what knowing it is worth.
    public let errorWithout: Double
    /// The mean distance that numbers of right answers would have by chance alone were the law exact.
    public let chance: Double

    /// Fits a law without the greatest value of an axis and judges it there. Nil where fewer than three values are left to
    /// foretell from, or no task of what was held out is known.
    public init?(_ observations: [ScalingObservation], axis: ScalingAxis) {
        let values = Set(observations.map(axis.logarithm)).sorted()
        guard values.count >= 3, let greatest = values.last else { return nil }
        let kept = observations.filter { axis.logarithm($0) < greatest }
        let out = observations.filter { axis.logarithm($0) == greatest }
        guard let law = ScalingLaw(kept),
            let without = ScalingLaw(kept, axes: ScalingAxis.allCases.filter { $0 != axis })
        else { return nil }
        var cells: [(seen: ScalingObservation, told: Double, without: Double, logit: Double)] = []
        for each in out {
            guard let told = law.accuracy(each), let other = without.accuracy(each),
                let logit = law.logit(each)
            else { continue }
            cells.append((each, told, other, logit))
        }
        guard !cells.isEmpty else { return nil }
        let count = Double(cells.count)
        self.axis = axis
        value = exp(greatest)
        self.count = cells.count
        error = cells.reduce(0) { $0 + abs($1.told - $1.seen.accuracy) } / count
        errorWithout = cells.reduce(0) { $0 + abs($1.without - $1.seen.accuracy) } / count
        // The mean distance of a normal number from its mean is √(2/π) standard deviations.
        chance =
            cells.reduce(0) {
                $0
                    + (2 / Double.pi * $1.told * (1 - $1.told) / Double($1.seen.problems))
                    .squareRoot()
            } / count
        let mean = cells.reduce(0) { $0 + $1.seen.logit } / count
        let total = cells.reduce(0) { $0 + ($1.seen.logit - mean) * ($1.seen.logit - mean) }
        let rest = cells.reduce(0) { $0 + ($1.seen.logit - $1.logit) * ($1.seen.logit - $1.logit) }
        determination = total > 0 ? 1 - rest / total : nil
    }
}
