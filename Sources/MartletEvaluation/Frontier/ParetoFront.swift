/// Pareto fronts of accuracy against a cost, and the distance between two of them.

import Foundation
import MartletTasks

/// The Pareto front of a method's configurations against one cost.
public struct ParetoFront: Sendable {
    /// A step of the front: the accuracy that is reached from this cost on.
    public struct Step: Sendable, Hashable {
        /// The cost.
        public let cost: Double
        /// The accuracy.
        public let accuracy: Double
        /// The index of the configuration among the points that the front was made from.
        public let point: Int
    }

    /// Costs and accuracies, both rising.
    public let steps: [Step]

    /// The front of some points. Points without this cost are left out.
    public init(_ points: [FrontierPoint], cost: FrontierCost) {
        self.init(points.map { ($0.costs[cost], $0.accuracy) })
    }

    /// The front of costs and accuracies.
    init(_ pairs: [(cost: Double?, accuracy: Double)]) {
        let known = pairs.enumerated().compactMap { index, pair in
            pair.cost.map { Step(cost: $0, accuracy: pair.accuracy, point: index) }
        }
        // At equal cost the better one first; at equal accuracy too, the one named first.
        let sorted = known.sorted {
            ($0.cost, -$0.accuracy, $0.point) < ($1.cost, -$1.accuracy, $1.point)
        }
        var steps: [Step] = []
        for step in sorted where step.accuracy > steps.last?.accuracy ?? -.infinity {
            steps.append(step)
        }
        self.steps = steps
    }

    /// The best accuracy within a budget; nil below the cheapest point.
    public func accuracy(at budget: Double) -> Double? {
        steps.last { $0.cost <= budget }?.accuracy
    }

    /// The mean vertical distance of this front above another, over budgets that are evenly spread in their
    /// logarithm from where both have begun to the largest cost of either: the "average improvement across
    /// budgets" of Inference-Time Hyper-Scaling (arXiv 2506.05345, section 5). Nil when either is empty.
    public func averageImprovement(over other: ParetoFront) -> Double? {
        guard let mine = steps.first?.cost, let theirs = other.steps.first?.cost,
            let myEnd = steps.last?.cost, let theirEnd = other.steps.last?.cost
        else { return nil }
        let (start, end) = (max(mine, theirs), max(myEnd, theirEnd))
        guard start > 0, end > start else {
            return accuracy(at: end).flatMap { a in other.accuracy(at: end).map { a - $0 } }
        }
        // Both are constant between their steps, so the mean is exact.
        let edges = (steps + other.steps).map(\.cost).filter { $0 > start && $0 < end }
        var (from, sum) = (start, 0.0)
        for edge in edges.sorted() + [end] {
            guard let a = accuracy(at: from), let b = other.accuracy(at: from) else { continue }
            sum += (a - b) * log(edge / from)
            from = edge
        }
        return sum / log(end / start)
    }
}

/// How one method compares with another over all budgets.
public struct FrontierComparison: Sendable, Hashable {
    /// The average improvement, in accuracy.
    public let improvement: Double
    /// Its 95 % interval by bootstrap over problems, the same draw for both methods.
    public let interval: ClosedRange<Double>

    /// Compares two methods whose points have scores of the same problems. Nil when either has no points.
    ///
    /// - Parameters:
    ///   - points: the configurations of the method.
    ///   - others: the configurations of the method it is compared with.
    ///   - cost: the cost at which they are compared.
    ///   - draws: bootstrap draws; each computes both fronts anew.
    ///   - seed: the seed of the draws.
    public init?(
        _ points: [FrontierPoint], over others: [FrontierPoint], cost: FrontierCost,
        draws: Int = 1000, seed: UInt64 = 0
    ) {
        guard
            let improvement = ParetoFront(points, cost: cost)
                .averageImprovement(over: ParetoFront(others, cost: cost))
        else { return nil }
        let count = (points + others).map(\.scores.count).min() ?? 0
        var values: [Double] = []
        for draw in 0..<draws where count > 0 {
            let problems = Bootstrap.draw(count, seed: seed, number: draw)
            func front(_ points: [FrontierPoint]) -> ParetoFront {
                ParetoFront(points.map { ($0.costs[cost], $0.accuracy(of: problems)) })
            }
            if let value = front(points).averageImprovement(over: front(others)) {
                values.append(value)
            }
        }
        self.improvement = improvement
        interval = Bootstrap.interval(values) ?? improvement...improvement
    }
}

/// Bootstrap: draws with repetition, and the intervals they give.
enum Bootstrap {
    /// `count` random indices from `0 ..< count`, with repetition; a function of the seed and the draw's number.
    static func draw(_ count: Int, seed: UInt64, number: Int) -> [Int] {
        var random = TaskRandom(seed: seed, stream: UInt64(number))
        return (0..<count).map { _ in random.below(count) }
    }

    /// The middle 95 % of values.
    static func interval(_ values: [Double]) -> ClosedRange<Double>? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let cut = Int((0.025 * Double(sorted.count)).rounded(.down))
        return sorted[cut]...sorted[sorted.count - 1 - cut]
    }

    /// The interval of the mean difference of paired scores.
    static func difference(
        _ scores: [Double], _ others: [Double], draws: Int = 1000, seed: UInt64 = 0
    ) -> ClosedRange<Double>? {
        let count = min(scores.count, others.count)
        guard count > 0 else { return nil }
        return interval(
            (0..<draws).map { number in
                draw(count, seed: seed, number: number).reduce(0) {
                    $0 + scores[$1] - others[$1]
                } / Double(count)
            })
    }
}
