/// A law of accuracy over sizes, lengths and compressions, fitted by maximum likelihood.

import Foundation

/// The logit of accuracy as a sum: an offset for each task, and a slope for the logarithms of size, length and
/// compression (the law of the Sparse Frontier, arXiv 2504.17768, first version, section 4).
///
/// The paper transforms accuracies and fits a line; its link is not stated. Here numbers of right answers are binomial
/// with a logit link, so that cells with none or all right count for what they say, and cells with more problems count
/// for more. A weak pull to 0 (``pull``) keeps slopes finite where a task is always right or always wrong.
public struct ScalingLaw: Sendable, Hashable {
    /// Half the weight of a slope's or offset's square beside the log-likelihood: a standard deviation of 10 in advance.
    static let pull = 0.005

    /// A slope with its standard error.
    public struct Slope: Sendable, Hashable {
        /// The change of the logit by one unit of the natural logarithm.
        public let value: Double
        /// Its standard error, widened where cells scatter more than binomial numbers do.
        public let error: Double
    }

    /// Tasks in the order in which they first come, with their offsets.
    public let offsets: [String: Double]
    /// Slopes of the axes on which the observations differ.
    public let slopes: [ScalingAxis: Slope]
    /// The mean logarithm on each axis, from which offsets count.
    let centres: [ScalingAxis: Double]

    /// Fits the law. Nil without observations.
    ///
    /// - Parameters:
    ///   - observations: cells, of any number of tasks.
    ///   - axes: what the law may depend on; an axis on which all observations agree is left out.
    public init?(
        _ observations: [ScalingObservation], axes: [ScalingAxis] = ScalingAxis.allCases
    ) {
        guard !observations.isEmpty else { return nil }
        var tasks: [String] = []
        for each in observations where !tasks.contains(each.task) { tasks.append(each.task) }
        let varying = axes.filter { axis in
            Set(observations.map(axis.logarithm)).count > 1
        }
        var centres: [ScalingAxis: Double] = [:]
        for axis in varying {
            centres[axis] =
                observations.reduce(0) { $0 + axis.logarithm($1) } / Double(observations.count)
        }
        let rows = observations.map { each in
            tasks.map { $0 == each.task ? 1.0 : 0 }
                + varying.map { $0.logarithm(each) - (centres[$0] ?? 0) }
        }
        let fit = BinomialRegression(
            rows: rows, right: observations.map(\.right),
            problems: observations.map { Double($0.problems) }, pull: Self.pull)
        var offsets: [String: Double] = [:]
        for (index, task) in tasks.enumerated() { offsets[task] = fit.coefficients[index] }
        var slopes: [ScalingAxis: Slope] = [:]
        for (index, axis) in varying.enumerated() {
            slopes[axis] = Slope(
                value: fit.coefficients[tasks.count + index], error: fit.errors[tasks.count + index]
            )
        }
        self.offsets = offsets
        self.slopes = slopes
        self.centres = centres
    }

    /// The accuracy that the law expects of a cell; nil for a task that it has not seen.
    public func accuracy(_ observation: ScalingObservation) -> Double? {
        logit(observation).map { 1 / (1 + exp(-$0)) }
    }

    func logit(_ observation: ScalingObservation) -> Double? {
        guard var sum = offsets[observation.task] else { return nil }
        for (axis, slope) in slopes {
            sum += slope.value * (axis.logarithm(observation) - (centres[axis] ?? 0))
        }
        return sum
    }
}

extension Double {
    /// The natural logarithm.
    var logarithm: Double { log(self) }
}
