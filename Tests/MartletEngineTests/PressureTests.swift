// Who gives way when there is no room, and what that costs.

import MartletCache
import MartletPolicies
import Testing

@testable import MartletEngine

@Suite struct PressureTests {
    /// A token costs as much as a token that reads sixteen others.
    private static let cost = StepCost(fixed: 0, perToken: 1, perRead: 1 / 16)

    private static func request(
        _ prompt: Int, _ tokens: Int, from start: Int, priority: Int = 0, chains: Int = 1
    ) -> GenerationRequest {
        var sampling = SamplingParameters()
        sampling.seed = UInt64(start)
        sampling.maximumTokens = tokens
        var request = GenerationRequest(
            promptTokens: (0..<prompt).map {
                Int32(($0 * 7 + start) % PrefixHashModel.vocabulary)
            }, sampling: sampling, chainCount: chains)
        request.priority = priority
        return request
    }

    private func harness(
        tokens: Int = 4096, _ change: (inout EngineConfiguration) -> Void = { _ in }
    ) throws -> LoopHarness {
        try LoopHarness(tokens: tokens) {
            $0.stepCost = Self.cost
            change(&$0)
        }
    }

    // MARK: Who

    /// Of three that came later the one gives way whose tokens cost least for each page: the short one reads least, and
    /// its last page is half empty.
    @Test func whoComesBackMostCheaplyGivesWay() throws {
        let harness = try harness()
        let ids = [(40, 0), (160, 1), (40, 2), (160, 3)].map {
            harness.submit(Self.request($0.0, 20, from: $0.1))
        }
        for _ in 0..<3 { harness.loop.step() }
        #expect(harness.loop.scheduler.running.count == 4)
        #expect(harness.loop.victim(.init())?.id.request == ids[2])
        // The first of a class stays, although it would cost as little as any.
        harness.loop.giveWay(try #require(harness.loop.victim(.init())))
        #expect(harness.loop.victim(.init())?.id.request == ids[3])
    }

    /// Equal costs: who came last.
    @Test func ofEqualsTheLastGivesWay() throws {
        let harness = try harness()
        let ids = (0..<4).map { harness.submit(Self.request(50, 20, from: $0)) }
        for _ in 0..<3 { harness.loop.step() }
        #expect(harness.loop.victim(.init())?.id.request == ids[3])
    }

    /// Nobody gives way to what is not more urgent, nor before someone less urgent, however cheap.
    @Test func theLeastUrgentClassGivesWay() throws {
        let harness = try harness()
        let urgent = (0..<2).map { harness.submit(Self.request(20, 20, from: $0, priority: 2)) }
        let slow = (2..<4).map { harness.submit(Self.request(160, 20, from: $0)) }
        for _ in 0..<3 { harness.loop.step() }
        let loop = harness.loop
        #expect(loop.victim(.init(), below: 0) == nil)
        for expected in [slow[1], slow[0]] {
            let victim = try #require(loop.victim(.init(sparesFirst: true), below: 2))
            #expect(victim.id.request == expected)
            loop.giveWay(victim)
        }
        #expect(loop.victim(.init(sparesFirst: true), below: 2) == nil)
        let victim = try #require(loop.victim(.init(sparesFirst: true)))
        #expect(victim.id.request == urgent[1])
        loop.giveWay(victim)
        // Somebody must get on.
        #expect(loop.victim(.init(sparesFirst: true)) == nil)
        #expect(loop.victim(.init())?.id.request == urgent[0])
    }

    /// Chains that share all of their pages free none of them alone; together they do.
    @Test func pagesOfOthersFreeNothing() throws {
        let harness = try harness()
        let single = harness.submit(Self.request(160, 30, from: 1))
        let shared = harness.submit(Self.request(64, 30, from: 0, chains: 3))
        let loop = harness.loop
        // The prompt's four pages are full, and its chains have nothing of their own yet.
        loop.step()
        #expect(loop.scheduler.running.count == 4)
        #expect(loop.victim(.init(sparesFirst: true))?.id == ChainID(request: shared, chain: 2))
        for _ in 0..<4 { loop.step() }
        // Each has a page now, of four tokens: cheaper than the pages of the single one would be.
        #expect(loop.victim(.init())?.id == ChainID(request: shared, chain: 2))
        #expect(loop.scheduler.running.first?.id.request == single)
    }

    /// What others still have costs nothing to come back to: of two long chains the one gives way whose prompt is kept.
    @Test func whatIsFoundAgainCostsNothing() throws {
        let harness = try harness { $0.prefixReuse = PrefixReuse() }
        let ids = [1, 2, 3].map { harness.submit(Self.request(170, 20, from: $0)) }
        let twin = harness.submit(Self.request(170, 1, from: 2))
        for _ in 0..<4 { harness.loop.step() }
        #expect(harness.ended.contains(twin))
        let running = harness.loop.scheduler.running
        #expect(running.map(\.id.request) == ids)
        #expect(harness.loop.victim(.init())?.id.request == ids[1])
    }

    /// What would not fit even alone with those as urgent displaces nobody, and comes when these have ended.
    @Test func nobodyIsDisplacedInVain() throws {
        func preemptions(prompt: Int) throws -> Int {
            let harness = try harness(tokens: 512)
            let slow = (0..<2).map { harness.submit(Self.request(50, 20, from: $0)) }
            for _ in 0..<3 { harness.loop.step() }
            let urgent = harness.submit(Self.request(220, 30, from: 5, priority: 1))
            for _ in 0..<3 { harness.loop.step() }
            #expect(harness.loop.scheduler.running.count == 3)
            let last = harness.submit(Self.request(prompt, 5, from: 7, priority: 1))
            try harness.run()
            #expect(harness.ended.isSuperset(of: slow + [urgent, last]) && harness.errors.isEmpty)
            return harness.loop.statistics.preemptions
        }
        // Beside the urgent one there is room for the first without the others, for the second not even then.
        #expect(try preemptions(prompt: 220) > 0)
        #expect(try preemptions(prompt: 290) == 0)
    }

    // MARK: What comes of it

    /// Whoever gives way, each says what it says alone, the first of a class stays, and all end.
    @Test func tokensAreThoseOfAnUnlimitedRun() throws {
        let tight = try (0..<16).map { try preemptions(seed: $0) }
        #expect(tight.filter { $0 > 0 }.count > 8)
    }

    /// Random requests with and without room; how often a chain gave way without.
    private func preemptions(seed: UInt64) throws -> Int {
        var random = Seeded(seed)
        let requests = (0..<14).map { index in
            Self.request(
                Int.random(in: 1...70, using: &random), Int.random(in: 1...40, using: &random),
                from: Int.random(in: 0...3, using: &random) * 5 + index % 2,
                priority: Int.random(in: 0...2, using: &random),
                chains: index % 5 == 4 ? 3 : 1)
        }
        let waits = requests.map { _ in Int.random(in: 0...5, using: &random) }
        let budget = StepBudget(
            maximumTokens: Int.random(in: 8...80, using: &random),
            maximumSequences: Int.random(in: 2...10, using: &random))
        func run(tokens: Int) throws -> (said: [[[Int32]]], statistics: EngineStatistics) {
            let harness = try LoopHarness(tokens: tokens, budget: budget) {
                $0.stepCost = Self.cost
                if seed % 2 == 0 { $0.prefixReuse = PrefixReuse() }
                if seed % 3 == 0 { $0.policy = ShortestPromptFirst() }
            }
            var ids: [RequestID] = []
            var (next, wait, steps) = (0, 0, 0)
            while next < requests.count || !harness.loop.scheduler.isEmpty {
                while next < requests.count, wait == 0 {
                    ids.append(harness.submit(requests[next]))
                    wait = waits[next]
                    next += 1
                }
                wait = max(0, wait - 1)
                let firsts = Self.firsts(harness.loop.scheduler)
                harness.loop.step()
                try harness.loop.checkIntegrity()
                for first in firsts { Self.expectStays(first, harness.loop.scheduler) }
                steps += 1
                try #require(steps < 20_000, "somebody starves")
            }
            try harness.run()
            #expect(ids.allSatisfy { harness.ended.contains($0) } && harness.errors.isEmpty)
            harness.loop.releaseKept()
            #expect(harness.cache.statistics.bytesHeld == 0)
            return (ids.map { (harness.heard[$0] ?? []).map(\.tokens) }, harness.loop.statistics)
        }
        let free = try run(tokens: 1 << 14)
        let tight = try run(tokens: 144)
        #expect(free.said == tight.said)
        #expect(free.said.map(\.count) == requests.map(\.chainCount))
        return tight.statistics.preemptions
    }

    /// The first of each class of which more than one run.
    private static func firsts(_ scheduler: Scheduler) -> [SequenceState] {
        Dictionary(grouping: scheduler.running, by: \.key.priority).values
            .filter { $0.count > 1 }.map { $0[0] }
    }

    /// It has gone on or ended, or only chains before it run of its class.
    private static func expectStays(_ first: SequenceState, _ scheduler: Scheduler) {
        guard let waits = scheduler.waiting.first(where: { $0.id == first.id }) else { return }
        let others = scheduler.running.filter { $0.key.priority == first.key.priority }
        #expect(others.allSatisfy { $0.place < waits.place }, "\(first.id) gave way")
    }

    /// What giving way costs a server whose memory is short, in tokens computed twice in four runs: the figures of
    /// `docs/server.md`. Where pages of who waits stay as long as they can, the choice matters little.
    @Test(arguments: [
        (reuses: false, last: [8570, 2878, 5080, 2909], cheapest: [2414, 2442, 1603, 2032]),
        (reuses: true, last: [1407, 2161, 1942, 879], cheapest: [1807, 1962, 962, 1527]),
    ])
    func whatGivingWayCosts(reuses: Bool, last: [Int], cheapest: [Int]) throws {
        for (seed, wanted) in zip(last, cheapest).enumerated() {
            let before = try Self.serve(.last, seed: UInt64(seed + 1), reuses: reuses)
            let now = try Self.serve(.cheapest, seed: UInt64(seed + 1), reuses: reuses)
            #expect(before.recomputedTokens == wanted.0, "seed \(seed + 1)")
            #expect(now.recomputedTokens == wanted.1, "seed \(seed + 1)")
            // All else is computed once.
            #expect(
                now.computedTokens - now.recomputedTokens
                    == before.computedTokens - before.recomputedTokens)
        }
    }

    /// Serves short prompts and some long ones within less memory than they need.
    private static func serve(
        _ rule: VictimRule, seed: UInt64, reuses: Bool
    ) throws -> EngineStatistics {
        var random = Seeded(seed)
        var arrival = 0.0
        let requests = (0..<48).map { index in
            arrival += Double.random(in: 0...2, using: &random)
            let prompt = index % 4 == 3 ? 600...1200 : 40...160
            return SimulatedRequest(
                arrival: .seconds(arrival),
                request: StepBudgetTests.request(
                    Int.random(in: prompt, using: &random),
                    Int.random(in: 50...300, using: &random), from: index))
        }
        var configuration = EngineConfiguration()
        configuration.budget.maximumSequences = 32
        configuration.targetGap = .milliseconds(500)
        configuration.victim = rule
        if reuses { configuration.prefixReuse = PrefixReuse() }
        return try ServiceSimulation(
            cost: StepBudgetTests.cost, layers: 1, cacheTokens: 3072,
            configuration: configuration
        ).run(requests).statistics
    }
}
