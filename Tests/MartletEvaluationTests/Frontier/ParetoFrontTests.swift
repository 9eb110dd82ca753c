/// Fronts by brute force, and what average improvements must obey.

import Testing

@testable import MartletEvaluation

@Suite struct ParetoFrontTests {
    private static func points(_ count: Int, seed: UInt64, shift: Double = 0) -> [FrontierPoint] {
        var random = TaskRandom(seed: seed, stream: 0)
        return (0..<count).map { index in
            let level = random.unit()
            return FrontierPoint(
                FrontierConfiguration(
                    method: "m", model: "x", policy: "p", length: index + 1, width: 1, ratio: 1),
                scores: (0..<20).map { _ in random.unit() < level ? 1 : 0 }, tokens: 1,
                costs: [.kvReads: 10 + 1000 * random.unit() + shift])
        }
    }

    @Test func isTheBestWithinEveryBudget() {
        for seed in 0..<30 as Range<UInt64> {
            let points = Self.points(12, seed: seed)
            let front = ParetoFront(points, cost: .kvReads)
            for budget in [0, 10, 50, 200, 500, 900, 2000] as [Double] {
                let within = points.filter { ($0.costs[.kvReads] ?? 0) <= budget }
                #expect(front.accuracy(at: budget) == within.map(\.accuracy).max())
            }
            for (a, b) in zip(front.steps, front.steps.dropFirst()) {
                #expect(a.cost < b.cost && a.accuracy < b.accuracy)
            }
        }
    }

    @Test func improvementIsZeroOverItselfAndChangesSign() throws {
        for seed in 0..<20 as Range<UInt64> {
            let a = ParetoFront(Self.points(8, seed: seed), cost: .kvReads)
            let b = ParetoFront(Self.points(8, seed: seed + 100), cost: .kvReads)
            #expect(a.averageImprovement(over: a) == 0)
            let there = try #require(a.averageImprovement(over: b))
            let back = try #require(b.averageImprovement(over: a))
            #expect(abs(there + back) < 1e-12)
        }
        #expect(
            ParetoFront([]).averageImprovement(over: ParetoFront([(1, 1)])) == nil)
    }

    /// From 10 to 1,000: 0.5 above for one decade of two.
    @Test func improvementIsTheMeanOverLogarithms() throws {
        let a = ParetoFront([(10, 0.4), (100, 0.9)])
        let b = ParetoFront([(10, 0.4), (1000, 0.4)])
        #expect(b.steps.count == 1)
        let long = ParetoFront([(10, 0.4), (1000, 0.9)])
        #expect(abs(try #require(a.averageImprovement(over: long)) - 0.25) < 1e-12)
    }

    /// The same from 10 to 1,000 evenly: 0.5 above for 900 of 990; from 10 to 100 nothing, beyond it all.
    @Test func theSpacingWeighsBudgets() throws {
        let a = ParetoFront([(10, 0.4), (100, 0.9)])
        let b = ParetoFront([(10, 0.4), (1000, 0.9)])
        func mean(_ low: Double, _ high: Double, _ spacing: ParetoFront.Spacing) throws -> Double {
            try #require(a.meanDistance(over: b, in: low...high, spacing: spacing))
        }
        #expect(abs(try mean(10, 1000, .linear) - 0.5 * 900 / 990) < 1e-12)
        #expect(try mean(10, 100, .logarithmic) == 0)
        #expect(abs(try mean(100, 1000, .linear) - 0.5) < 1e-12)
        // Beyond the last step they stay what they were; below the first there is nothing to compare.
        #expect(abs(try mean(10, 100_000, .logarithmic) - 0.125) < 1e-12)
        #expect(a.meanDistance(over: b, in: 5...100) == nil)
        #expect(a.range(with: b) == 10...1000)
    }
}
