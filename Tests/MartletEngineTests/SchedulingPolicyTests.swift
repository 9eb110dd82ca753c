// Orders of service, in simulated time.

import MartletCache
import Testing

@testable import MartletEngine

@Suite struct SchedulingPolicyTests {
    private static let cost = StepBudgetTests.cost

    /// One long prompt and then short ones, the same for every policy.
    private func mixed(_ policy: any SchedulingPolicy) throws -> (short: [Double], long: Double) {
        let loop = try TimedLoop(
            cost: Self.cost, budget: StepBudget(maximumTokens: 64, maximumSequences: 16)
        ) {
            $0.policy = policy
            $0.targetGap = .milliseconds(400)
        }
        let long = (0..<3).map { loop.submit(StepBudgetTests.request(800, 4, from: $0)) }
        loop.step()
        var short: [RequestID] = []
        for index in 0..<6 {
            short.append(
                loop.submit(
                    StepBudgetTests.request(30, 8, from: index + 9) {
                        $0.firstTokenTarget = .seconds(3)
                    }))
            for _ in 0..<4 { loop.step() }
        }
        loop.run()
        for id in short + long { #expect(loop.harness.heard[id]?[0].end?.reason == .length) }
        return (short.map(loop.firstToken), long.map(loop.firstToken).max() ?? 0)
    }

    @Test func shortPromptsDoNotWaitForLongOnes() throws {
        let arrival = try mixed(FirstComeFirstServed())
        let shortest = try mixed(ShortestPromptFirst())
        let deadline = try mixed(SlackEarliestDeadline(usualTarget: .seconds(60)))
        #expect((shortest.short.max() ?? 0) < 0.25 * (arrival.short.max() ?? 0))
        #expect((deadline.short.max() ?? 0) < 3)
        #expect((arrival.short.max() ?? 0) > 10)
        // The long ones pay, but not much: the work is the same.
        #expect(shortest.long < 1.3 * arrival.long)
    }

    @Test func equalPromptsComeInOrderOfArrival() throws {
        for policy: any SchedulingPolicy in [
            FirstComeFirstServed(), ShortestPromptFirst(), SlackEarliestDeadline(),
        ] {
            let loop = try TimedLoop(
                cost: Self.cost, budget: StepBudget(maximumTokens: 32)
            ) { $0.policy = policy }
            let ids = (0..<6).map { index in
                let id = loop.submit(StepBudgetTests.request(90, 3, from: index))
                loop.time.pass(.milliseconds(1))
                return id
            }
            loop.run()
            let first = ids.map { loop.firstToken($0) + (loop.arrivals[$0] ?? .zero) / .seconds(1) }
            #expect(first == first.sorted())
        }
    }

    /// A prompt is passed by shorter ones only as long as its age does not make up for its length.
    @Test(arguments: [0.0, 100]) func ageBringsALongPromptForward(ageing: Double) throws {
        let loop = try TimedLoop(
            cost: Self.cost, budget: StepBudget(maximumTokens: 32, maximumSequences: 1)
        ) { $0.policy = ShortestPromptFirst(ageing: ageing) }
        loop.submit(StepBudgetTests.request(20, 2))
        loop.step()
        let long = loop.submit(StepBudgetTests.request(400, 2, from: 1))
        // More work than can be done: there is always a short one.
        for index in 0..<60 {
            loop.submit(StepBudgetTests.request(40, 2, from: index + 2))
            for _ in 0..<2 { loop.step() }
        }
        let isServed = loop.harness.heard[long]?[0].tokens.isEmpty == false
        #expect(isServed == (ageing > 0))
        loop.run()
        #expect(loop.harness.heard[long]?[0].end?.reason == .length)
    }

    @Test func whatCannotBeInTimeLetsOthersGoAheadUntilItsPatienceEnds() {
        let policy = SlackEarliestDeadline(usualTarget: .seconds(2), patience: .seconds(10))
        func chain(_ request: Int, prompt: Int, arrival: Int) -> ChainProgress {
            ChainProgress(
                key: SchedulingKey(
                    priority: 0, request: RequestID(rawValue: request), chain: 0,
                    arrival: .seconds(arrival)),
                hasStarted: false, promptTokens: prompt, computedTokens: 0)
        }
        func first(_ now: Int) -> Int {
            let moment = SchedulingMoment(now: .seconds(now), cost: Self.cost, chunk: 64)
            let (long, short) = (
                chain(0, prompt: 2000, arrival: 0), chain(1, prompt: 20, arrival: 1)
            )
            let later = chain(1, prompt: 20, arrival: now - 1)
            return policy.rank(long, at: moment) < policy.rank(now > 2 ? later : short, at: moment)
                ? 0 : 1
        }
        // The long one comes first, would need 20 seconds, and has two.
        #expect(first(1) == 1)
        #expect(first(11) == 1)
        #expect(first(13) == 0)
    }

    @Test func aPriorityGoesBeforeAnyRank() {
        func place(_ request: Int, priority: Int, rank: Double) -> SchedulingPlace {
            SchedulingPlace(
                key: SchedulingKey(
                    priority: priority, request: RequestID(rawValue: request), chain: 0),
                rank: rank)
        }
        let places = [
            place(3, priority: 0, rank: 1), place(2, priority: 0, rank: 2),
            place(1, priority: 5, rank: 9), place(4, priority: 0, rank: 1),
        ]
        #expect(places.sorted(by: <).map(\.key.request.rawValue) == [1, 3, 4, 2])
    }

    /// Whatever the order, everybody says what they say alone, and everything ends.
    @Test(arguments: 0..<9) func anyOrderSaysTheSame(seed: UInt64) throws {
        var random = Seeded(seed)
        let policies: [any SchedulingPolicy] = [
            ShortestPromptFirst(ageing: 20), SlackEarliestDeadline(usualTarget: .seconds(2)),
            FirstComeFirstServed(),
        ]
        let loop = try TimedLoop(
            cost: Self.cost, tokens: Int.random(in: 12...40, using: &random) * 16,
            budget: StepBudget(
                maximumTokens: Int.random(in: 4...60, using: &random),
                maximumSequences: Int.random(in: 1...6, using: &random))
        ) {
            $0.policy = policies[Int(seed % 3)]
            $0.targetGap = seed % 2 == 0 ? .milliseconds(200) : nil
            $0.prefixReuse = seed % 4 < 2 ? PrefixReuse() : nil
        }
        var asked: [(RequestID, GenerationRequest)] = []
        for index in 0..<14 {
            let request = StepBudgetTests.request(
                Int.random(in: 1...90, using: &random), Int.random(in: 1...12, using: &random),
                from: index % 5
            ) {
                $0.priority = Int.random(in: 0...1, using: &random)
                $0.sampling.seed = 1
                $0.firstTokenTarget = .seconds(Int.random(in: 1...9, using: &random))
            }
            asked.append((loop.submit(request), request))
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                loop.step()
                try loop.harness.loop.checkIntegrity()
            }
        }
        while loop.step() { try loop.harness.loop.checkIntegrity() }
        for (id, request) in asked {
            #expect(
                loop.harness.heard[id]?[0].tokens == (try expected(request, chain: 0, seed: 1)))
        }
    }
}
