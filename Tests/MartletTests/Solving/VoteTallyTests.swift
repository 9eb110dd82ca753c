/// Votes: order does not matter, and a settled tally cannot be overturned.

import Martlet
import Testing

@Suite struct VoteTallyTests {
    private struct Ballot {
        let answer: String
        let logprob: Double
    }

    private static func ballots(_ count: Int, seed: UInt32) -> [Ballot] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return Ballot(
                answer: ["a", "b", "c"][Int(state >> 16) % 3], logprob: -Double(state >> 24) / 100)
        }
    }

    private static func tally(
        _ aggregation: Aggregation, _ ballots: [Ballot], order: [Int]
    ) -> VoteTally {
        var tally = VoteTally(aggregation)
        for chain in order {
            tally.add(ballots[chain].answer, chain: chain, meanLogprob: ballots[chain].logprob)
        }
        return tally
    }

    @Test(arguments: Aggregation.allCases)
    func orderOfEndsDoesNotMatter(aggregation: Aggregation) {
        for seed in 0..<50 {
            let ballots = Self.ballots(7, seed: UInt32(seed))
            let forward = Self.tally(aggregation, ballots, order: Array(0..<7))
            let backward = Self.tally(aggregation, ballots, order: (0..<7).reversed())
            #expect(forward.ranking.map(\.answer) == backward.ranking.map(\.answer))
            #expect(forward.ranking.map(\.weight) == backward.ranking.map(\.weight))
            #expect(forward.leader?.answer == forward.ranking.first?.answer)
        }
    }

    /// Brute force: whenever a tally says that it is settled, no way to fill the remaining ballots changes
    /// the leader.
    @Test(arguments: [Aggregation.majority, .weighted])
    func settledMeansSettled(aggregation: Aggregation) {
        var settled = 0
        for seed in 0..<40 {
            let ballots = Self.ballots(6, seed: UInt32(seed))
            for known in 1...6 {
                let tally = Self.tally(aggregation, ballots, order: Array(0..<known))
                let remaining = 6 - known
                guard tally.isSettled(remaining: remaining) else { continue }
                settled += remaining > 0 ? 1 : 0
                var ways = 1
                for _ in 0..<remaining { ways *= 4 }
                for way in 0..<ways {
                    var (filled, rest) = (tally, way)
                    for chain in known..<6 {
                        filled.add(["a", "b", "c", "d"][rest % 4], chain: chain, meanLogprob: 0)
                        rest /= 4
                    }
                    #expect(filled.leader?.answer == tally.leader?.answer)
                }
            }
        }
        #expect(settled > 5)
    }

    @Test func majorityCountsAndTiesGoToTheLowestChain() {
        var tally = VoteTally(.majority)
        tally.add("x", chain: 3)
        tally.add("y", chain: 1)
        #expect(tally.leader?.answer == "y")
        tally.add("x", chain: 2)
        #expect(tally.leader?.answer == "x" && tally.leader?.count == 2)
    }

    /// Spellings of a value are one candidate, spelled as its lowest chain did, whenever that ended.
    @Test func answersOfOneValueAreOne() {
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            let answers = ["17", "$18.00", "18", "no number"]
            var tally = VoteTally(.majority, kind: .number)
            for chain in order { tally.add(answers[chain], chain: chain) }
            #expect(tally.ranking.map(\.answer) == ["$18.00", "17"])
            #expect(tally.ranking.map(\.count) == [2, 1] && tally.leader?.firstChain == 1)
        }
        var tally = VoteTally(.majority, hasChecker: true, kind: .number)
        tally.add("$18", chain: 0, isVerified: false)
        tally.add("18", chain: 1, isVerified: true)
        #expect(tally.leader?.answer == "18" && tally.leader?.isVerified == true)
    }

    @Test func likelierChainsWeighMore() {
        var tally = VoteTally(.weighted)
        tally.add("x", chain: 0, meanLogprob: -3)
        tally.add("x", chain: 1, meanLogprob: -3)
        tally.add("y", chain: 2, meanLogprob: -0.1)
        #expect(tally.leader?.answer == "y")
        var best = VoteTally(.best)
        best.add("x", chain: 0, meanLogprob: -0.2)
        best.add("y", chain: 1, meanLogprob: -0.1)
        #expect(best.leader?.answer == "y")
    }

    @Test func anAcceptedAnswerLeadsAndSettles() {
        var tally = VoteTally(.majority, hasChecker: true)
        for chain in 0..<5 { tally.add("wrong", chain: chain, isVerified: false) }
        // Five to nothing, and still one chain may find what the checker accepts.
        #expect(!tally.isSettled(remaining: 1))
        tally.add("right", chain: 5, isVerified: true)
        #expect(tally.leader?.answer == "right" && tally.isSettled(remaining: 100))
    }

    @Test func nothingIsNotSettledUntilTheEnd() {
        let tally = VoteTally(.majority)
        #expect(tally.leader == nil && !tally.isSettled(remaining: 1))
        #expect(tally.isSettled(remaining: 0))
    }
}
