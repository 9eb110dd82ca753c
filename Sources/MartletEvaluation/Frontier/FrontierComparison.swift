/// How one method's front lies above another's: the mean over budgets, and where it comes from.

import Foundation

/// A value and its 95 % interval.
public struct FrontierEstimate: Sendable, Hashable {
    /// The value.
    public let value: Double
    /// By bootstrap over seeds and problems, the same draw for both methods.
    public let interval: ClosedRange<Double>

    /// Whether the interval is on one side of 0.
    public var isSure: Bool { interval.lowerBound > 0 || interval.upperBound < 0 }
}

/// How one method compares with another over all budgets.
public struct FrontierComparison: Sendable, Hashable {
    /// The budgets, which no draw moves.
    public let range: ClosedRange<Double>
    /// The average improvement, in accuracy, over budgets spread evenly in their logarithm.
    public let average: FrontierEstimate
    /// The same over budgets spread evenly.
    public let linear: FrontierEstimate
    /// The average improvement over the budgets from ``fullLength`` on, where the other method is no longer cut off in
    /// the middle of its answers. Nil where that is beyond the range.
    public let beyondFullLength: FrontierEstimate?
    /// The cost of the other method's answer with the longest limit and one chain.
    public let fullLength: Double?
    /// The average improvement in each third of the range's logarithm.
    public let thirds: [FrontierEstimate]

    /// The average improvement, in accuracy.
    public var improvement: Double { average.value }
    /// Its 95 % interval.
    public var interval: ClosedRange<Double> { average.interval }

    /// Compares two methods whose points have scores of the same problems. Nil when either has no points.
    ///
    /// - Parameters:
    ///   - points: the configurations of the method.
    ///   - others: the configurations of the method it is compared with.
    ///   - cost: the cost at which they are compared.
    ///   - range: the budgets; nil for those that both cover, by all problems together.
    ///   - draws: the bootstrap's; each computes both fronts anew.
    public init?(
        _ points: [FrontierPoint], over others: [FrontierPoint], cost: FrontierCost,
        range: ClosedRange<Double>? = nil, draws: ProblemDraws = ProblemDraws()
    ) {
        let all = points + others
        self.init(
            FrontSource(all, cost: cost, of: Array(points.indices)),
            over: FrontSource(all, cost: cost, of: Array(points.count..<all.count)),
            range: range, samples: ResampledAccuracies(all, draws))
    }

    /// The same of points of one list, of which the draws are known.
    init?(
        _ source: FrontSource, over other: FrontSource, range given: ClosedRange<Double>?,
        samples: ResampledAccuracies
    ) {
        guard let common = source.front.range(with: other.front) else { return nil }
        var range = common
        if let given {
            // Where one of them has not begun there is nothing to compare.
            let start = max(given.lowerBound, common.lowerBound)
            guard start <= given.upperBound else { return nil }
            range = start...given.upperBound
        }
        let parts = Self.parts(of: range, from: other.fullLength)
        func measure(_ a: ParetoFront, _ b: ParetoFront) -> [Double]? {
            var values: [Double] = []
            for part in parts {
                guard let value = a.meanDistance(over: b, in: part.range, spacing: part.spacing)
                else { return nil }
                values.append(value)
            }
            return values
        }
        guard let values = measure(source.front, other.front) else { return nil }
        var drawn = [[Double]](repeating: [], count: values.count)
        for draw in 0..<samples.drawCount {
            let measured = samples.withDraw(draw) {
                measure(source.front($0), other.front($0))
            }
            for (index, value) in (measured ?? []).enumerated() { drawn[index].append(value) }
        }
        let estimates = zip(values, drawn).map { value, draws in
            FrontierEstimate(
                value: value, interval: Bootstrap.interval(draws) ?? value...value)
        }
        self.range = range
        fullLength = other.fullLength
        average = estimates[0]
        linear = estimates[1]
        thirds = Array(estimates[2..<5])
        beyondFullLength = estimates.count > 5 ? estimates[5] : nil
    }

    private typealias Part = (range: ClosedRange<Double>, spacing: ParetoFront.Spacing)

    /// All of it by logarithm and evenly, its thirds, and what lies beyond a cost.
    private static func parts(of range: ClosedRange<Double>, from cost: Double?) -> [Part] {
        let (low, high) = (range.lowerBound, range.upperBound)
        let ratio = low > 0 ? high / low : 1
        let edges = [low, low * pow(ratio, 1.0 / 3), low * pow(ratio, 2.0 / 3), high]
        var parts: [Part] = [(range, .logarithmic), (range, .linear)]
        for third in 0..<3 {
            parts.append((edges[third]...max(edges[third], edges[third + 1]), .logarithmic))
        }
        if let cost, cost < high { parts.append((max(low, cost)...high, .logarithmic)) }
        return parts
    }
}

/// Some points of a list at one cost, sorted once, because a draw moves accuracies and no costs.
struct FrontSource: Sendable {
    /// By rising cost.
    private let order: [Int]
    private let costs: [Double]
    /// The front of all problems together.
    let front: ParetoFront
    /// The cost of one chain with the longest limit, the cheapest of several; nil without one.
    let fullLength: Double?

    /// - Parameter indices: which of the points; those without the cost are left out.
    init(_ points: [FrontierPoint], cost: FrontierCost, of indices: [Int]) {
        let costs = points.map { $0.costs[cost] ?? .infinity }
        let known = indices.filter { costs[$0].isFinite }
        let order = known.sorted { (costs[$0], $0) < (costs[$1], $1) }
        self.order = order
        self.costs = costs
        front = points.map(\.accuracy).withUnsafeBufferPointer {
            ParetoFront(order: order, costs: costs, accuracies: $0)
        }
        let longest = known.map { points[$0].configuration.length }.max()
        fullLength = known.filter {
            points[$0].configuration.length == longest && points[$0].configuration.width == 1
                && points[$0].configuration.ratio == 1
        }.map { costs[$0] }.min()
    }

    /// The front in a draw.
    func front(_ accuracies: UnsafeBufferPointer<Double>) -> ParetoFront {
        ParetoFront(order: order, costs: costs, accuracies: accuracies)
    }
}
