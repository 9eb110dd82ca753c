// What glances at a request's cache say is what the cache holds, and looking changes nothing.

import MartletCache
import MartletPolicies
import Testing

@testable import MartletEngine

@Suite struct CacheWatchTests {
    private func request(
        prompt: Int = 40, chains: Int = 1, maximumTokens: Int = 12, watch: CacheWatch?
    ) -> GenerationRequest {
        var sampling = SamplingParameters()
        sampling.seed = 5
        sampling.maximumTokens = maximumTokens
        var request = GenerationRequest(
            promptTokens: (0..<prompt).map { Int32($0 * 7 % PrefixHashModel.vocabulary) },
            sampling: sampling, chainCount: chains)
        request.watch = watch
        return request
    }

    /// The glances of a request that runs alone, one after each step, checked against the cache where it still holds the
    /// sequences.
    private func glances(
        _ harness: LoopHarness, _ request: GenerationRequest
    ) throws -> (glances: [CacheGlance], heard: [Heard]) {
        let watch = try #require(request.watch)
        let id = harness.submit(request)
        var all: [CacheGlance] = []
        while !harness.ended.contains(id) {
            harness.loop.step()
            let glance = try #require(watch.latest)
            all.append(glance)
            let running = harness.loop.scheduler.running
            guard running.count == request.chainCount else { continue }
            let sequences = running.compactMap(\.sequence)
            #expect(glance.bytesHeld == harness.cache.bytesHeld(by: sequences))
            let live = sequences.map { harness.cache.liveTokens(of: $0).counts }
            for (index, count) in glance.liveTokens.enumerated() {
                let sum = live.reduce(0) { $0 + $1[index] }
                #expect(count == Double(sum) / Double(sequences.count))
            }
            #expect(glance.logicalTokens == running.map(\.computed).max())
        }
        return (all, try #require(harness.heard[id]))
    }

    @Test(arguments: [("dense", true), ("window(sinks=4, recent=24)", false)])
    func glancesSayWhatIsHeld(policy: String, keepsAll: Bool) throws {
        let harness = try LoopHarness(
            policy: CachePolicy(policy), budget: StepBudget(maximumTokens: 16))
        let (glances, heard) = try glances(
            harness, request(prompt: 90, watch: CacheWatch(interval: .zero)))
        let last = try #require(glances.last)
        // The last token is chosen and not computed. Its chain's pages were there when it was looked at.
        #expect(last.logicalTokens == 90 + 11)
        #expect(last.bytesHeld > 0 && harness.cache.statistics.bytesHeld == 0)
        let usage = try #require(heard[0].end?.usage)
        #expect(glances.reduce(0) { $0 + ($1.readsPerToken ?? 0) } == usage.kvReads)
        #expect(
            glances.reduce(0) { $0 + ($1.bytesMovedPerToken ?? 0) } == Double(usage.bytesMoved))
        #expect(last.peakBytes == usage.peakRequestBytes)
        #expect(glances.first?.readsPerToken == nil)
        if keepsAll {
            #expect(last.liveTokens.allSatisfy { $0 == 101 })
        } else {
            #expect(last.liveTokens.allSatisfy { $0 < 101 })
            #expect(try #require(last.readsPerToken) <= 28)
        }
    }

    @Test func chainsAreLookedAtTogether() throws {
        let watched = request(chains: 3, watch: CacheWatch(interval: .zero))
        let (glances, heard) = try glances(try LoopHarness(), watched)
        #expect(glances.count == 12)
        for (chain, heard) in heard.enumerated() {
            #expect(heard.tokens == (try expected(watched, chain: chain, seed: 5)))
        }
    }

    /// Between two glances at least the interval passes; a chain's end is always seen.
    @Test func glancesAreRare() throws {
        let time = SimulatedTime()
        let harness = try LoopHarness { $0.clock = time.clock }
        let watch = CacheWatch(interval: .milliseconds(50))
        harness.submit(request(watch: watch))
        var seen: [Int] = []
        while harness.loop.step() {
            if let count = watch.latest?.logicalTokens, seen.last != count { seen.append(count) }
            time.pass(.milliseconds(20))
        }
        #expect(seen == [40, 43, 46, 49])
        #expect(watch.latest?.logicalTokens == 51)
    }

    @Test func nobodyLooksAtOthers() throws {
        let harness = try LoopHarness()
        let watch = CacheWatch(interval: .zero)
        harness.submit(request(prompt: 90, maximumTokens: 40, watch: nil))
        harness.submit(request(prompt: 20, watch: watch))
        for _ in 0..<6 { harness.loop.step() }
        #expect(watch.latest?.logicalTokens == 25)
    }

    /// The prompt's steps, read after the request has ended: the stream ends with the prompt, or with the request.
    private func steps(_ watch: CacheWatch) async -> [PromptStep] {
        var steps: [PromptStep] = []
        for await step in watch.promptSteps { steps.append(step) }
        return steps
    }

    @Test func aPromptIsToldStepByStep() async throws {
        let time = SimulatedTime()
        let harness = try LoopHarness(budget: StepBudget(maximumTokens: 16)) {
            $0.clock = time.clock
            $0.prefixReuse = PrefixReuse()
        }
        let watch = CacheWatch()
        harness.submit(request(prompt: 90, watch: watch))
        while harness.loop.step() { time.pass(.milliseconds(20)) }
        let told = await steps(watch)
        #expect(told.map(\.computed) == [0, 16, 32, 48, 64, 80, 90])
        #expect(told.allSatisfy { $0.cached == 0 })
        #expect(told.map { $0.time / .milliseconds(1) } == [0, 0, 20, 40, 60, 80, 100])
        // The second time all but the last page is there.
        let again = CacheWatch()
        harness.submit(request(prompt: 90, watch: again))
        try harness.run()
        let known = await steps(again)
        #expect(known.first.map { $0.cached > 0 && $0.cached == $0.computed } == true)
        #expect(known.last?.computed == 90 && known.count == 2)
    }

    /// A prompt that gives way and is computed again is told once, and none after its request has ended.
    @Test func promptsThatEndEarlyAreToldNoMore() async throws {
        let harness = try LoopHarness(budget: StepBudget(maximumTokens: 16))
        let watch = CacheWatch()
        let id = harness.submit(request(prompt: 90, watch: watch))
        for _ in 0..<3 { harness.loop.step() }
        harness.loop.cancel(id)
        #expect(await steps(watch).map(\.computed) == [0, 16, 32, 48])

        let crowded = try LoopHarness(tokens: 160, budget: StepBudget(maximumTokens: 16))
        let watches = (0..<3).map { _ in CacheWatch() }
        for watch in watches {
            crowded.submit(request(prompt: 64, maximumTokens: 60, watch: watch))
        }
        try crowded.run()
        #expect(crowded.loop.statistics.preemptions > 0)
        for watch in watches {
            let told = await steps(watch).map(\.computed)
            #expect(told == told.sorted() && Set(told).count == told.count && told.last == 64)
        }
    }
}
