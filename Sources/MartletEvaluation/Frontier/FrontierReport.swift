/// The results of a sweep: methods, comparisons, the highest compression without a significant loss.

import Foundation
package import MartletFormats

/// The results of a sweep, computed from its points.
public struct FrontierReport: Sendable {
    /// A method's points.
    public struct Series: Sendable {
        /// The method.
        public let method: String
        /// Its points.
        public let points: [FrontierPoint]
    }

    /// How a method compares with the dense cache at one cost.
    public struct Comparison: Sendable {
        /// The method.
        public let method: String
        /// What it is compared with.
        public let over: String
        /// The cost.
        public let cost: FrontierCost
        /// The average improvement and its interval.
        public let result: FrontierComparison
    }

    /// A cost at which nothing is compared, because some configurations were recorded without it.
    public struct MissingCost: Sendable, Hashable {
        /// The cost.
        public let cost: FrontierCost
        /// The configurations that lack it.
        public let points: Int
    }

    /// Methods in the order in which they were asked for.
    public let series: [Series]
    /// The costs that are known of every configuration: the axes of the report.
    public let costs: [FrontierCost]
    /// The other costs: records of an older version lack some.
    public let missingCosts: [MissingCost]
    /// Every method over dense, and the first method with models of its own over every other method, at every cost.
    public let comparisons: [Comparison]
    /// For each method the highest compression without a significant loss.
    public let safeRatios: [SafeCompression]

    /// Computes the results.
    ///
    /// - Parameters:
    ///   - points: the measured configurations, of any methods, in the order in which methods are listed.
    ///   - seed: the seed of the bootstrap's draws.
    public init(_ points: [FrontierPoint], seed: UInt64 = 0) {
        var methods: [String] = []
        for point in points where !methods.contains(point.configuration.method) {
            methods.append(point.configuration.method)
        }
        let series = methods.map { method in
            Series(method: method, points: points.filter { $0.configuration.method == method })
        }
        self.series = series
        let missing = FrontierCost.allCases.map { cost in
            MissingCost(cost: cost, points: points.count { $0.costs[cost] == nil })
        }
        missingCosts = missing.filter { $0.points > 0 }
        let costs = missing.filter { $0.points == 0 }.map(\.cost)
        self.costs = costs
        let dense = series.first { $0.method == FrontierMethod.reference }
        let learned = series.first { $0.method == FrontierMethod.learned }
        var comparisons: [Comparison] = []
        for cost in costs {
            func compare(_ a: Series, _ b: Series) {
                guard
                    let result = FrontierComparison(
                        a.points, over: b.points, cost: cost, seed: seed)
                else { return }
                comparisons.append(
                    Comparison(method: a.method, over: b.method, cost: cost, result: result))
            }
            if let dense {
                for each in series where each.method != FrontierMethod.reference {
                    compare(each, dense)
                }
            }
            if let learned {
                for each in series
                where ![FrontierMethod.reference, FrontierMethod.learned].contains(each.method) {
                    compare(learned, each)
                }
            }
        }
        self.comparisons = comparisons
        // A dense cache of another model is no compression of this one.
        safeRatios = series.filter { !$0.method.hasPrefix(FrontierMethod.reference) }.compactMap {
            each in
            dense.flatMap { SafeCompression(each.points, beside: $0.points, seed: seed) }
        }
    }

    /// Which costs are left out and why; nil where none is.
    public var missingNote: String? {
        guard !missingCosts.isEmpty else { return nil }
        let count = series.reduce(0) { $0 + $1.points.count }
        let parts = missingCosts.map {
            "\($0.cost.title) (\($0.points) of \(count) configurations)"
        }
        return parts.joined(separator: ", ")
            + ", recorded by a version that did not count it; a sweep into a new folder does."
    }

    /// Methods and what they were compared with, in order.
    package var pairs: [(method: String, over: String)] {
        var pairs: [(method: String, over: String)] = []
        for each in comparisons where !pairs.contains(where: { $0 == (each.method, each.over) }) {
            pairs.append((each.method, each.over))
        }
        return pairs
    }

    /// How a method compares with another at a cost; nil where it was not measured.
    package func comparison(
        of method: String, over other: String, _ cost: FrontierCost
    ) -> FrontierComparison? {
        comparisons.first { $0.method == method && $0.over == other && $0.cost == cost }?.result
    }

    /// One line for each point, with a heading.
    public var csv: String {
        var text =
            "method,model,policy,length,width,ratio,samples,accuracy,lower,upper,"
            + costs.map(\.rawValue).joined(separator: ",") + "\n"
        for point in series.flatMap(\.points) {
            let (c, interval) = (point.configuration, AccuracyInterval(scores: point.scores))
            var cells = [c.method, c.model, c.policy].map {
                "\"\($0.replacing("\"", with: "\"\""))\""
            }
            cells += ["\(c.length)", "\(c.width)", "\(c.ratio)", "\(point.scores.count)"]
            cells += ["\(point.accuracy)", "\(interval.lower)", "\(interval.upper)"]
            cells += costs.map { "\(point.costs[$0] ?? .nan)" }
            text += cells.joined(separator: ",") + "\n"
        }
        return text
    }

    /// Everything, for programs.
    package var json: JSONValue {
        let points = series.flatMap(\.points).map { point -> JSONValue in
            let interval = AccuracyInterval(scores: point.scores)
            let c = point.configuration
            return [
                "method": .string(c.method), "model": .string(c.model), "policy": .string(c.policy),
                "length": .integer(c.length), "width": .integer(c.width), "ratio": .number(c.ratio),
                "samples": .integer(point.scores.count), "accuracy": .number(point.accuracy),
                "interval": interval.json,
                "promptTokens": point.promptTokens.map { .number($0) } ?? .null,
                "tokens": .number(point.tokens),
                "costs": .object(
                    JSONObject(
                        FrontierCost.allCases.map { cost in
                            .init(
                                key: cost.rawValue,
                                value: point.costs[cost].map { .number($0) } ?? .null)
                        })),
            ]
        }
        let compared = comparisons.map { each -> JSONValue in
            [
                "method": .string(each.method), "over": .string(each.over),
                "cost": .string(each.cost.rawValue),
                "improvement": .number(each.result.improvement),
                "interval": [
                    .number(each.result.interval.lowerBound),
                    .number(each.result.interval.upperBound),
                ],
            ]
        }
        return [
            "points": .array(points), "improvements": .array(compared),
            "safeRatios": .array(safeRatios.map(\.json)),
            "missingCosts": .array(missingCosts.map { .string($0.cost.rawValue) }),
        ]
    }
}
