// A budget that changes changes no token, and a request holds no more than it may.

import MartletCache
import MartletPolicies
import Testing

@testable import MartletEngine

@Suite struct ChangingBudgetTests {
    private func request(
        prompt: Int, tokens: Int, chains: Int = 1, seed: UInt64 = 3, bytes: Int? = nil
    ) -> GenerationRequest {
        var sampling = SamplingParameters()
        sampling.seed = seed
        sampling.maximumTokens = tokens
        var request = GenerationRequest(
            promptTokens: (0..<prompt).map {
                Int32(($0 * 7 + Int(seed)) % PrefixHashModel.vocabulary)
            },
            sampling: sampling, chainCount: chains)
        request.maximumBytes = bytes
        return request
    }

    /// Bytes of a page of every head.
    private func row(_ harness: LoopHarness) -> Int {
        harness.cache.shape.tableCount * harness.cache.shape.heldBytesPerPage
    }

    @Test(arguments: [true, false])
    func aSmallerBudgetOnlyCostsTime(reuses: Bool) throws {
        let harness = try LoopHarness(tokens: 1024, budget: StepBudget(maximumTokens: 32)) {
            if reuses { $0.prefixReuse = PrefixReuse() }
        }
        var random = Seeded(11)
        let requests = (0..<5).map { request(prompt: 20 + $0 * 13, tokens: 40, seed: UInt64($0)) }
        let ids = requests.map { harness.submit($0) }
        // The longest chain comes to 112 tokens: seven pages of every head.
        let rows = [64, 9, 20, 8, 30, 64]
        var steps = 0
        while harness.loop.step() {
            try harness.loop.checkIntegrity()
            steps += 1
            try #require(steps < 2000)
            guard steps % 7 == 0, let count = rows.randomElement(using: &random) else { continue }
            harness.loop.setBudget(count * row(harness))
            let now = harness.cache.statistics
            #expect(now.budgetBytes == count * row(harness))
            #expect(now.bytesHeld <= now.budgetBytes)
            try harness.loop.checkIntegrity()
        }
        for (id, request) in zip(ids, requests) {
            let heard = try #require(harness.heard[id]?[0])
            #expect(
                heard.tokens
                    == (try expected(request, chain: 0, seed: UInt64(request.sampling.seed ?? 0))))
            #expect(heard.end?.reason == .length)
        }
        #expect(harness.loop.statistics.preemptions > 0)
        harness.loop.setBudget(0)
        #expect(harness.cache.statistics.bytesHeld == 0)
        #expect(harness.loop.kept.all.isEmpty)
        harness.loop.setBudget(.max)
        #expect(harness.cache.statistics.budgetBytes == harness.cache.arenaBudgetBytes)
    }

    @Test func aPromptBeyondARequestsBytesIsRefused() throws {
        let harness = try LoopHarness()
        let bytes = 2 * row(harness)
        let id = harness.submit(request(prompt: 40, tokens: 4, bytes: bytes))
        guard case .promptExceedsBudget(40, let needed, bytes)? = harness.errors[id] else {
            Issue.record("\(String(describing: harness.errors[id]))")
            return
        }
        #expect(needed == 3 * row(harness))
        let other = harness.submit(request(prompt: 40, tokens: 4, bytes: needed))
        try harness.run()
        #expect(harness.ended.contains(other))
    }

    @Test(arguments: [1, 3], [16, 512])
    func anAnswerEndsWhereItsBytesDo(chains: Int, step: Int) throws {
        // Three pages of every head: 48 tokens are computed and one more is chosen.
        let plain = request(prompt: 40, tokens: 30, chains: chains)
        var limited = plain
        let probe = try LoopHarness()
        limited.maximumBytes = 3 * row(probe)
        for crowd in [0, 4] {
            let harness = try LoopHarness(budget: StepBudget(maximumTokens: step)) {
                $0.prefixReuse = PrefixReuse()
            }
            for index in 0..<crowd {
                harness.submit(
                    request(prompt: 40, tokens: 9, seed: index == 0 ? 3 : UInt64(90 + index)))
            }
            let id = harness.submit(limited)
            try harness.run()
            let heard = try #require(harness.heard[id])
            for (chain, one) in heard.enumerated() {
                let all = try expected(plain, chain: chain, seed: 3)
                #expect(one.end?.reason == .length)
                #expect(one.tokens == Array(all.prefix(one.tokens.count)))
                #expect((one.end?.usage.peakRequestBytes ?? 0) <= 3 * row(harness))
            }
            if chains == 1 { #expect(heard[0].tokens.count == 9) }
        }
    }

    @Test func smallerChunksKeepAWindowWithinItsBytes() throws {
        let policy = try CachePolicy("window(sinks=4, recent=24)")
        let plain = request(prompt: 200, tokens: 20)
        func run(_ bytes: Int?) throws -> Heard {
            let harness = try LoopHarness(policy: policy, budget: StepBudget(maximumTokens: 128))
            var asked = plain
            asked.maximumBytes = bytes
            let id = harness.submit(asked)
            try harness.run()
            return try #require(harness.heard[id]?[0])
        }
        let harness = try LoopHarness()
        let free = try run(nil)
        let bound = try run(5 * row(harness))
        #expect(free.tokens.count == 20 && bound.tokens == free.tokens)
        #expect(free.end?.usage.peakRequestBytes ?? 0 > 5 * row(harness))
        #expect(bound.end?.usage.peakRequestBytes ?? 0 <= 5 * row(harness))
    }
}
