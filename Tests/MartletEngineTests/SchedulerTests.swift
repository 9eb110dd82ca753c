// The scheduler alone: no model, no cache.

import MartletCache
import MartletPolicies
import Testing

@testable import MartletEngine

@Suite struct SchedulerTests {
    func state(_ request: Int, prompt: Int, priority: Int = 0, forks: Int = 0) -> SequenceState {
        SequenceState(
            id: ChainID(request: RequestID(rawValue: request), chain: 0), priority: priority,
            prompt: Array(repeating: 1, count: prompt), pendingForks: forks)
    }

    func id(_ request: Int) -> ChainID {
        ChainID(request: RequestID(rawValue: request), chain: 0)
    }

    /// Names of sequences come from a real cache: nobody else can make them.
    func admit(_ scheduler: inout Scheduler, free: Int = .max / 2, _ cache: KVCache) {
        _ = scheduler.admit(
            pages: PageSupply(fits: { $0 <= free }, pages: { ($0 + 15) / 16 }),
            open: { _, _, _ in Opening(sequence: cache.makeSequence(), computed: 0) },
            close: { cache.release($0.sequence) })
    }

    @Test func decodesFirstThenChunksInOrder() throws {
        let cache = try KVCache.tiny(tokens: 16)
        var scheduler = Scheduler(
            budget: StepBudget(maximumTokens: 10, maximumSequences: 4),
            policy: FirstComeFirstServed())
        scheduler.enqueue(state(0, prompt: 14))
        scheduler.enqueue(state(1, prompt: 1))
        scheduler.enqueue(state(2, prompt: 30))
        admit(&scheduler, cache)
        #expect(
            scheduler.plan().slices == [
                PlannedSlice(id: id(1), count: 1), PlannedSlice(id: id(0), count: 9),
            ])
        scheduler.advance(id(0), by: 9)
        #expect(
            scheduler.plan().slices == [
                PlannedSlice(id: id(1), count: 1), PlannedSlice(id: id(0), count: 5),
                PlannedSlice(id: id(2), count: 4),
            ])
        try scheduler.checkIntegrity()
    }

    @Test func priorityThenArrivalAndWhoGaveWayWaitsInOrder() throws {
        let cache = try KVCache.tiny(tokens: 16)
        var scheduler = Scheduler(budget: StepBudget(), policy: FirstComeFirstServed())
        for (request, priority) in [(0, 0), (1, 5), (2, 0), (3, 5)] {
            scheduler.enqueue(state(request, prompt: 3, priority: priority))
        }
        admit(&scheduler, cache)
        #expect(scheduler.running.map(\.id) == [1, 3, 0, 2].map(id))
        scheduler.preempt(id(2))
        scheduler.preempt(id(0))
        #expect(scheduler.waiting.map(\.id) == [0, 2].map(id))
        try scheduler.checkIntegrity()
    }

    @Test func admitsInOrderAndOnlyWhatFits() throws {
        let cache = try KVCache.tiny(tokens: 16)
        var scheduler = Scheduler(budget: StepBudget(), policy: FirstComeFirstServed())
        scheduler.enqueue(state(0, prompt: 64))
        scheduler.enqueue(state(1, prompt: 64))
        scheduler.enqueue(state(2, prompt: 1))
        // Four pages and one to grow, each; the small one does not overtake.
        admit(&scheduler, free: 9, cache)
        #expect(scheduler.running.map(\.id) == [id(0)])
        admit(&scheduler, free: 10, cache)
        #expect(scheduler.running.map(\.id) == [id(0), id(1)])
        admit(&scheduler, free: 12, cache)
        #expect(scheduler.running.count == 3)
        // One alone always runs.
        var lonely = Scheduler(budget: StepBudget(), policy: FirstComeFirstServed())
        lonely.enqueue(state(0, prompt: 640, forks: 3))
        admit(&lonely, free: 2, cache)
        #expect(lonely.running.count == 1)
    }

    /// Random arrivals, steps, pre-emptions and ends: the budget holds, everyone ends, and the first
    /// in order makes progress in every step.
    @Test func everyoneEndsWithinTheBudget() throws {
        for seed in 0..<20 as Range<UInt64> {
            var random = Seeded(seed)
            let cache = try KVCache.tiny(tokens: 16)
            let budget = StepBudget(
                maximumTokens: Int.random(in: 1...20, using: &random),
                maximumSequences: Int.random(in: 1...6, using: &random))
            var scheduler = Scheduler(budget: budget, policy: FirstComeFirstServed())
            var left: [ChainID: Int] = [:]
            var arrivals = 12
            var steps = 0
            while arrivals > 0 || !scheduler.isEmpty {
                if arrivals > 0, Bool.random(using: &random) || scheduler.isEmpty {
                    let request = state(
                        12 - arrivals, prompt: Int.random(in: 1...40, using: &random))
                    left[request.id] = Int.random(in: 1...12, using: &random)
                    scheduler.enqueue(request)
                    arrivals -= 1
                }
                admit(&scheduler, cache)
                if let victim = scheduler.running.dropFirst().randomElement(using: &random),
                    Int.random(in: 0..<6, using: &random) == 0
                {
                    scheduler.preempt(victim.id)
                }
                let plan = scheduler.plan()
                #expect(plan.tokenCount <= budget.maximumTokens)
                #expect(plan.slices.count <= budget.maximumSequences)
                #expect(Set(plan.slices.map(\.id)).count == plan.slices.count)
                #expect(!plan.isEmpty)
                for slice in plan.slices {
                    #expect(slice.count > 0)
                    scheduler.advance(slice.id, by: slice.count)
                    guard scheduler[slice.id]?.remaining == 0 else { continue }
                    left[slice.id, default: 0] -= 1
                    if left[slice.id] == 0 {
                        #expect(scheduler.remove(slice.id) != nil)
                    } else {
                        scheduler.append(2, to: slice.id)
                    }
                }
                try scheduler.checkIntegrity()
                steps += 1
                try #require(steps < 10_000)
            }
            #expect(left.values.allSatisfy { $0 == 0 })
        }
    }
}
