/// Plans: within the budget, as long and wide as it allows, and what is given is kept.

import Testing

@testable import Martlet

@Suite struct SolvePlannerTests {
    /// 100 bytes a token, one second for each 1,000 tokens of all chains.
    private func candidate(
        _ index: Int = 0, ratio: Int = 1, longest: Int = 4096, isTimed: Bool = true
    ) -> SolvePlanner.Candidate {
        SolvePlanner.Candidate(
            index: index, bytes: { 100 * $0 * $1 / ratio },
            seconds: isTimed ? { Double($0 * $1) / 1000 } : nil, longest: longest)
    }

    private func planner(
        memory: Int? = nil, deadline: Double? = nil, width: Int? = nil, length: Int? = nil
    ) -> SolvePlanner {
        SolvePlanner(memory: memory, deadline: deadline, width: width, length: length)
    }

    @Test func anOpenBudgetTakesTheUsual() throws {
        let choice = try #require(planner().choose([candidate()]))
        #expect(choice.width == 16 && choice.length == 1024)
    }

    @Test func staysInsideAndNeedsLessWithLess() {
        var last: (length: Int, width: Int)?
        for memory in [10_000_000, 3_000_000, 500_000, 150_000, 40_000, 9_000, 1_600, 1_599] {
            for deadline in [100.0, 1, 0.05] {
                let planner = planner(memory: memory, deadline: deadline)
                guard let choice = planner.choose([candidate()]) else {
                    // Not even one short chain fits.
                    #expect(memory < 1_600)
                    continue
                }
                #expect(choice.bytes <= memory)
                #expect(100 * choice.width * choice.length <= memory)
                let expected =
                    SolvePlanner.expectedShare * Double(choice.width * choice.length) / 1000
                #expect(choice.width == 1 || expected <= deadline * SolvePlanner.deadlineShare)
                if deadline == 100 {
                    if let last { #expect((choice.length, choice.width) <= last) }
                    last = (choice.length, choice.width)
                }
            }
        }
    }

    /// Half of a compressed form's width would do, so the plain form wins as long as it reaches as far.
    @Test func compressesOnlyForMore() {
        let forms = [candidate(0), candidate(1, ratio: 8)]
        #expect(planner(memory: 100_000_000).choose(forms)?.index == 0)
        #expect(planner(memory: 1_000_000).choose(forms)?.index == 1)
    }

    @Test func whatIsGivenIsKept() {
        let choice = planner(memory: 2_000, deadline: 0.001, width: 7, length: 333)
            .choose([candidate()])
        #expect(choice?.width == 7 && choice?.length == 333)
        // Five chains wait for each other, one fits.
        #expect(planner(memory: 110_000, width: 5).choose([candidate()])?.length == 1024)
        #expect(planner(memory: 1_000, width: 5).choose([candidate()]) == nil)
        #expect(planner(length: 5000).choose([candidate()]) == nil)
        #expect(planner().choose([candidate(longest: 9)])?.length == 9)
    }

    @Test func withoutACostOnlyMemoryCounts() {
        let choice = planner(memory: 10_000_000, deadline: 0.0001)
            .choose([candidate(isTimed: false)])
        #expect(choice?.length == 1024)
    }

    // MARK: With a sweep

    private func measured(
        _ index: Int, ratio: Int = 1, _ points: [(width: Int, length: Int, accuracy: Double)]
    ) -> SolvePlanner.Candidate {
        var candidate = candidate(index, ratio: ratio)
        candidate.isLossy = ratio > 1
        candidate.frontier = MeasuredFrontier(
            points.map { .init(width: $0.width, length: $0.length, accuracy: $0.accuracy) })
        return candidate
    }

    @Test func takesWhatASweepFoundBest() throws {
        // Long chains gain nothing, many do; the lossy form is a little worse at everything.
        let dense = measured(0, [(1, 100, 0.5), (1, 400, 0.5), (8, 100, 0.8), (8, 400, 0.8)])
        let lossy = measured(
            1, ratio: 8, [(1, 100, 0.48), (1, 400, 0.48), (8, 100, 0.75), (8, 400, 0.75)])
        let open = try #require(planner().choose([dense, lossy]))
        #expect(open.index == 0 && open.width == 8)
        // Eight dense chains of a hundred tokens do not fit, eight lossy ones do.
        let small = try #require(planner(memory: 30_000).choose([dense, lossy]))
        #expect(small.index == 1 && small.width == 8 && small.bytes <= 30_000)
        // In time three chains reach 113 tokens, which is enough, and eight reach 42.
        let late = try #require(planner(deadline: 0.4).choose([dense]))
        #expect(late.width == 3)
        // A form that was not measured cannot be compared: the rule without a sweep decides.
        let plain = try #require(
            planner(memory: 1_000_000).choose([dense, candidate(1, ratio: 8)]))
        #expect(plain == planner(memory: 1_000_000).choose([candidate(0), candidate(1, ratio: 8)]))
    }

    /// When time runs out, chains have written as much whatever they were allowed: a lower limit gains nothing, and
    /// costs what few chains would still have said.
    @Test func aDeadlineShortensNoChain() throws {
        var form = candidate(0)
        form.frontier = MeasuredFrontier([
            .init(width: 1, length: 64, accuracy: 0.2, tokens: 58),
            .init(width: 1, length: 128, accuracy: 0.4, tokens: 90),
            .init(width: 1, length: 512, accuracy: 0.7, tokens: 170),
            .init(width: 4, length: 64, accuracy: 0.25, tokens: 58),
            .init(width: 4, length: 128, accuracy: 0.5, tokens: 90),
            .init(width: 4, length: 512, accuracy: 0.8, tokens: 170),
        ])
        for deadline in [0.05, 0.1, 0.3, 0.6, 2] {
            let choice = try #require(planner(deadline: deadline).choose([form]))
            #expect(choice.length == 1024, "\(deadline) s")
        }
    }

    /// Chains that mostly end early share what one of them may need.
    @Test func chainsAreExpectedToEndEarly() throws {
        func planned(_ tokens: Double?) -> Int? {
            var form = candidate(0)
            form.frontier = MeasuredFrontier([
                .init(width: 1, length: 1024, accuracy: 0.5, tokens: tokens),
                .init(width: 8, length: 1024, accuracy: 0.9, tokens: tokens),
            ])
            return planner(memory: 210_000).choose([form])?.width
        }
        // Eight chains of 256 tokens fit into 2,100, eight of 1,024 do not.
        #expect(planned(256) == 8)
        #expect(planned(1024) == 2)
        #expect(planned(nil) == 2)
    }

    /// Chains end at different times, and wait where they do not.
    @Test func aLittleMoreThanFitsIsPlanned() {
        func width(_ memory: Int) -> Int? {
            var form = candidate(0)
            form.frontier = MeasuredFrontier([
                .init(width: 1, length: 1024, accuracy: 0.5, tokens: 256),
                .init(width: 8, length: 1024, accuracy: 0.9, tokens: 256),
            ])
            return planner(memory: memory).choose([form])?.width
        }
        // One chain of the whole length must fit, eight of what they are expected to write need 2,048 tokens.
        #expect(width(165_000) == 8)
        #expect(width(160_000) == 6)
    }

    /// A cost measured on a busy machine comes back in a few searches, and one odd search does not throw it off.
    @Test func costsFollowWhatSearchesTake() {
        var cost = StepCost(fixed: 3, perToken: 6, perRead: 9)
        for _ in 0..<12 {
            cost = cost.scaled(by: CostStore.correction(1 / cost.fixed))
        }
        #expect(abs(cost.fixed - 1) < 0.01 && abs(cost.perRead - 3) < 0.03)
        #expect(CostStore.correction(100) == 2 && CostStore.correction(0.001) == 0.5)
        #expect(CostStore.correction(1) == 1)
        for odd in [0, -1, Double.nan, .infinity] { #expect(CostStore.correction(odd) == 1) }
    }

    @Test func aSlightGainIsNoReasonToLoseTokens() {
        let dense = measured(0, [(1, 100, 0.700)])
        #expect(planner().choose([dense, measured(1, ratio: 8, [(1, 100, 0.715)])])?.index == 0)
        #expect(planner().choose([dense, measured(1, ratio: 8, [(1, 100, 0.725)])])?.index == 1)
        // Between forms that both lose tokens, the one that is more often right wins.
        let (four, eight) = (
            measured(1, ratio: 4, [(1, 100, 0.725)]), measured(2, ratio: 8, [(1, 100, 0.735)])
        )
        #expect(planner().choose([dense, four, eight])?.index == 2)
        #expect(planner().choose([dense, eight, four])?.index == 2)
    }
}
