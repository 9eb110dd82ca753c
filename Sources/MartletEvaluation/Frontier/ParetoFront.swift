/// Pareto fronts of accuracy against a cost, and the distance between two of them.

import Foundation

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

    /// How budgets are spread over their range.
    public enum Spacing: Sendable, Hashable {
        /// Evenly in their logarithm.
        case logarithmic
        /// Evenly.
        case linear
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
        for step in sorted where Self.isBetter(step.accuracy, than: steps.last) {
            steps.append(step)
        }
        self.steps = steps
    }

    /// The front of points that are named in the order of their costs.
    ///
    /// - Parameters:
    ///   - order: indices of points, by rising cost.
    ///   - costs: of every point.
    ///   - accuracies: of every point.
    init(order: [Int], costs: [Double], accuracies: UnsafeBufferPointer<Double>) {
        var steps: [Step] = []
        for point in order {
            let (cost, accuracy) = (costs[point], accuracies[point])
            guard Self.isBetter(accuracy, than: steps.last) else { continue }
            // At equal cost the better one counts.
            if steps.last?.cost == cost { steps.removeLast() }
            steps.append(Step(cost: cost, accuracy: accuracy, point: point))
        }
        self.steps = steps
    }

    /// Whether an accuracy is above a step's by more than the rounding of sums: equal shares of right answers may differ in
    /// their last bits, and no step is made of that.
    private static func isBetter(_ accuracy: Double, than step: Step?) -> Bool {
        accuracy > (step?.accuracy ?? -.infinity) + 1e-12
    }

    /// The best accuracy within a budget; nil below the cheapest point.
    public func accuracy(at budget: Double) -> Double? {
        steps.last { $0.cost <= budget }?.accuracy
    }

    /// The budgets over which two fronts are compared unless others are given: from where both have begun to the largest
    /// cost of a step of either. Nil where one of them is empty.
    public func range(with other: ParetoFront) -> ClosedRange<Double>? {
        guard let mine = steps.first?.cost, let theirs = other.steps.first?.cost,
            let myEnd = steps.last?.cost, let theirEnd = other.steps.last?.cost
        else { return nil }
        let start = max(mine, theirs)
        return start...max(start, myEnd, theirEnd)
    }

    /// The mean vertical distance of this front above another over a range of budgets: over its logarithm the "average
    /// improvement across budgets" of Inference-Time Hyper-Scaling (arXiv 2506.05345, section 5). Nil where one of
    /// them has not begun at the range's lower end; a range of one budget is compared there.
    public func meanDistance(
        over other: ParetoFront, in range: ClosedRange<Double>, spacing: Spacing = .logarithmic
    ) -> Double? {
        let (start, end) = (range.lowerBound, range.upperBound)
        guard let first = accuracy(at: start), let second = other.accuracy(at: start) else {
            return nil
        }
        guard start > 0, end > start else { return first - second }
        func width(_ from: Double, _ to: Double) -> Double {
            spacing == .linear ? to - from : log(to / from)
        }
        // Both are constant between their steps, so the mean is exact.
        var (mine, theirs) = (first, second)
        var (i, j) = (0, 0)
        while i < steps.count, steps[i].cost <= start { i += 1 }
        while j < other.steps.count, other.steps[j].cost <= start { j += 1 }
        var (from, sum) = (start, 0.0)
        while from < end {
            let next = min(
                i < steps.count ? steps[i].cost : .infinity,
                j < other.steps.count ? other.steps[j].cost : .infinity, end)
            sum += (mine - theirs) * width(from, next)
            from = next
            while i < steps.count, steps[i].cost <= from {
                mine = steps[i].accuracy
                i += 1
            }
            while j < other.steps.count, other.steps[j].cost <= from {
                theirs = other.steps[j].accuracy
                j += 1
            }
        }
        return sum / width(start, end)
    }

    /// The mean distance over the budgets that both fronts cover; see ``range(with:)``.
    public func averageImprovement(over other: ParetoFront) -> Double? {
        range(with: other).flatMap { meanDistance(over: other, in: $0) }
    }
}
