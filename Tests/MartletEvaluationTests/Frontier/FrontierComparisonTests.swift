// Averages by hand, and what drawing problems anew must and must not move.

import Testing

@testable import MartletEvaluation

@Suite struct FrontierComparisonTests {
    private static func point(
        _ cost: Double, _ scores: [Double], length: Int = 1, ratio: Double = 1,
        replicas: [[Double]] = []
    ) -> FrontierPoint {
        FrontierPoint(
            FrontierConfiguration(
                method: "m", model: "x", policy: "p", length: length, width: 1, ratio: ratio),
            scores: scores, tokens: 1, costs: [.kvReads: cost], replicas: replicas)
    }

    private static func points(_ count: Int, seed: UInt64) -> [FrontierPoint] {
        var random = TaskRandom(seed: seed, stream: 0)
        return (0..<count).map { index in
            let level = random.unit()
            let cost = 10 + 1000 * random.unit()
            return point(cost, (0..<20).map { _ in random.unit() < level ? 1 : 0 }, length: index)
        }
    }

    /// From 10 to 10,000. The method has a half from 10 on and all from 1,000 on; the other a half from 10,000 on and a full
    /// answer for 100.
    @Test func whereTheAverageComesFrom() throws {
        let (half, all, none) = ([1.0, 0, 1, 0], [1.0, 1, 1, 1], [0.0, 0, 0, 0])
        let own = [Self.point(10, half, ratio: 4), Self.point(1000, all, ratio: 4)]
        let dense = [
            Self.point(10, none), Self.point(100, none, length: 9), Self.point(10_000, half),
        ]
        let result = try #require(
            FrontierComparison(own, over: dense, cost: .kvReads, draws: ProblemDraws(count: 50)))
        #expect(result.range == 10...10_000)
        #expect(abs(result.improvement - (0.5 + 0.5 + 1) / 3) < 1e-12)
        for (third, value) in zip(result.thirds, [0.5, 0.5, 1]) {
            #expect(abs(third.value - value) < 1e-12)
        }
        #expect(abs(result.linear.value - (0.5 * 990 + 9000) / 9990) < 1e-12)
        #expect(result.fullLength == 100)
        let beyond = try #require(result.beyondFullLength)
        #expect(abs(beyond.value - 0.75) < 1e-12)
        // Half of four problems are right, so draws differ; where all are right and none is, they cannot.
        #expect(result.thirds[0].interval.lowerBound < result.thirds[0].interval.upperBound)
        let stated = try #require(
            FrontierComparison(
                own, over: dense, cost: .kvReads, range: 1...1000, draws: ProblemDraws(count: 0)))
        #expect(stated.range == 10...1000)
        #expect(abs(stated.improvement - 0.5) < 1e-12 && stated.interval == 0.5...0.5)
    }

    @Test func theSamePointsDifferByNothing() throws {
        let points = Self.points(6, seed: 3)
        let same = try #require(
            FrontierComparison(points, over: points, cost: .kvReads, draws: ProblemDraws(count: 50))
        )
        #expect(same.improvement == 0 && same.interval == 0...0)
        #expect(FrontierComparison(points, over: points, cost: .bytes) == nil)
        #expect(FrontierComparison([], over: points, cost: .kvReads) == nil)
    }

    /// The same seed gives the same interval; what is compared the other way round has the opposite one.
    @Test func intervalsAreSeeded() throws {
        let (a, b) = (Self.points(6, seed: 1), Self.points(6, seed: 2))
        let draws = ProblemDraws(count: 200)
        let first = try #require(FrontierComparison(a, over: b, cost: .kvReads, draws: draws))
        let second = try #require(FrontierComparison(a, over: b, cost: .kvReads, draws: draws))
        #expect(first == second)
        #expect(first.interval.lowerBound < first.interval.upperBound)
        let back = try #require(FrontierComparison(b, over: a, cost: .kvReads, draws: draws))
        #expect(abs(first.improvement + back.improvement) < 1e-12)
        // Quantiles of another list of draws may fall one draw further.
        #expect(abs(first.interval.lowerBound + back.interval.upperBound) < 0.05)
    }

    /// Every draw is compared at the budgets that all problems together set: a range that is stated as that one changes
    /// no figure.
    @Test func drawsDoNotMoveTheRange() throws {
        for seed in 0..<10 as Range<UInt64> {
            let (a, b) = (Self.points(5, seed: seed), Self.points(5, seed: seed + 50))
            let draws = ProblemDraws(count: 60, seed: seed)
            let free = try #require(FrontierComparison(a, over: b, cost: .kvReads, draws: draws))
            let stated = try #require(
                FrontierComparison(a, over: b, cost: .kvReads, range: free.range, draws: draws))
            #expect(free == stated)
        }
    }

    /// Means do not depend on the order of problems, and an interval only by its draws.
    @Test func theOrderOfProblemsSaysNothing() throws {
        let (a, b) = (Self.points(6, seed: 4), Self.points(6, seed: 5))
        var random = TaskRandom(seed: 9, stream: 0)
        let order = random.permutation(of: 20)
        func moved(_ points: [FrontierPoint]) -> [FrontierPoint] {
            points.map { point in
                FrontierPoint(
                    point.configuration, scores: order.map { point.scores[$0] }, tokens: 1,
                    costs: point.costs)
            }
        }
        let draws = ProblemDraws(count: 0)
        let one = try #require(FrontierComparison(a, over: b, cost: .kvReads, draws: draws))
        let other = try #require(
            FrontierComparison(moved(a), over: moved(b), cost: .kvReads, draws: draws))
        #expect(abs(one.improvement - other.improvement) < 1e-12)
        #expect(abs(one.linear.value - other.linear.value) < 1e-12)
    }

    // MARK: Draws

    @Test func drawsTakeSeedsThenProblems() {
        let draws = ProblemDraws(seedCount: 3, seed: 4)
        var seen: Set<[Double]> = []
        for number in 0..<50 {
            let weights = draws.weights(number, of: Array(0..<30), total: 30)
            #expect(weights.reduce(0, +) == 30)
            // A seed is drawn whole: its problems together have a multiple of ten.
            let seeds = (0..<3).map { weights[$0 * 10..<$0 * 10 + 10].reduce(0, +) }
            #expect(seeds.allSatisfy { $0.truncatingRemainder(dividingBy: 10) == 0 })
            seen.insert(seeds)
        }
        #expect(seen.count > 5)
        // Of a kind only its own.
        let few = draws.weights(1, of: [3, 12, 13], total: 30)
        #expect(few.indices.allSatisfy { [3, 12, 13].contains($0) || few[$0] == 0 })
        // Seeds that ask the same problems are asked the same ones in a draw.
        let shared = ProblemDraws(seedCount: 2, sharesProblems: true, seed: 4)
        for number in 0..<20 {
            let weights = shared.weights(number, of: Array(0..<20), total: 20)
            let (a, b) = (Array(weights[..<10]), Array(weights[10...]))
            #expect(a == b || a.allSatisfy { $0 == 0 } || b.allSatisfy { $0 == 0 })
        }
    }

    /// Seeds that differ widen an interval that problems alone would leave narrow.
    @Test func seedsThatDifferAreUncertain() throws {
        let scores = (0..<4).flatMap { seed in [Double](repeating: seed < 2 ? 1 : 0, count: 25) }
        let (own, dense) = (
            [Self.point(10, scores)], [Self.point(10, [Double](repeating: 0, count: 100))]
        )
        func width(_ seeds: Int) throws -> Double {
            let result = try #require(
                FrontierComparison(
                    own, over: dense, cost: .kvReads,
                    draws: ProblemDraws(seedCount: seeds, count: 300)))
            #expect(result.improvement == 0.5)
            return result.interval.upperBound - result.interval.lowerBound
        }
        #expect(try width(4) > 3 * width(1))
    }

    /// Models of one setting are averaged, and drawn: one that is right and one that is wrong span all there is.
    @Test func modelsOfOneSettingAreDrawn() throws {
        let (right, wrong) = ([Double](repeating: 1, count: 30), [Double](repeating: 0, count: 30))
        let half = [Double](repeating: 0.5, count: 30)
        let own = [Self.point(10, half, ratio: 4, replicas: [right, wrong])]
        let result = try #require(
            FrontierComparison(
                own, over: [Self.point(10, wrong)], cost: .kvReads, draws: ProblemDraws(count: 200))
        )
        #expect(result.improvement == 0.5 && result.interval == 0...1)
    }
}

extension TaskRandom {
    /// The numbers below `count` in some order.
    fileprivate mutating func permutation(of count: Int) -> [Int] {
        var left = Array(0..<count)
        return (0..<count).map { _ in left.remove(at: below(left.count)) }
    }
}
