/// The confidence interval of a mean score.

package import MartletFormats

/// A range that covers the true mean of scores in 95 of 100 evaluations.
public struct AccuracyInterval: Sendable, Hashable {
    /// The lower end, at least 0.
    public let lower: Double
    /// The upper end, at most 1.
    public let upper: Double

    /// The quantile of the normal distribution that leaves 2.5 % above it.
    static let quantile = 1.959963984540054

    /// The interval of the mean of `scores`, each from 0 to 1.
    ///
    /// When all scores are 0 or 1: Wilson's score interval, which is sound for few samples and near 0
    /// and 1. When some lie between: mean ± 1.96 standard errors (normal approximation, variance with
    /// n − 1), cut to 0 ... 1. A single score between 0 and 1 has the interval 0 ... 1.
    public init(scores: [Double]) {
        guard !scores.isEmpty else {
            (lower, upper) = (0, 1)
            return
        }
        let count = Double(scores.count)
        let mean = scores.reduce(0, +) / count
        if scores.allSatisfy({ $0 == 0 || $0 == 1 }) {
            let square = Self.quantile * Self.quantile / count
            let centre = (mean + square / 2) / (1 + square)
            let spread = mean * (1 - mean) / count + square / (4 * count)
            let half = Self.quantile * spread.squareRoot() / (1 + square)
            // Rounding must not push the ends past a mean of exactly 0 or 1.
            lower = min(mean, max(0, centre - half))
            upper = max(mean, min(1, centre + half))
        } else if scores.count == 1 {
            (lower, upper) = (0, 1)
        } else {
            let variance = scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
            let half = Self.quantile * (variance / count).squareRoot()
            lower = max(0, mean - half)
            upper = min(1, mean + half)
        }
    }

    /// `[lower, upper]`.
    package var json: JSONValue { [.number(lower), .number(upper)] }
}
