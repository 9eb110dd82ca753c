// What is pinned stays, and what something is worth is not lost when another takes its place.

import MartletCache
import Testing

@testable import MartletEngine

@Suite struct PrefixPinningTests {
    private func harness(
        tokens: Int = 4096, budget: StepBudget = StepBudget()
    ) throws -> LoopHarness {
        try LoopHarness(tokens: tokens, budget: budget) {
            $0.prefixReuse = PrefixReuse(makeKeys: { PrefixKeys(KeyedHash(key: 7, 8)) })
        }
    }

    private func tokens(_ count: Int, from start: Int = 0) -> [Int32] {
        (0..<count).map { Int32(($0 + start) * 7 % PrefixHashModel.vocabulary) }
    }

    private func request(
        _ prompt: [Int32], maximumTokens: Int = 4,
        _ change: (inout GenerationRequest) -> Void = { _ in }
    ) -> GenerationRequest {
        var sampling = SamplingParameters()
        sampling.seed = 7
        sampling.maximumTokens = maximumTokens
        var request = GenerationRequest(promptTokens: prompt, sampling: sampling)
        change(&request)
        return request
    }

    @discardableResult
    private func say(_ request: GenerationRequest, _ harness: LoopHarness) throws -> [Int32] {
        let id = harness.submit(request)
        try harness.run()
        let said = try #require(harness.heard[id]?[0]).tokens
        #expect(said == (try expected(request, chain: 0, seed: 7)))
        return said
    }

    /// The answer after a pinned prompt may go.
    @Test func aPinCoversThePrompt() throws {
        let harness = try harness()
        try say(request(tokens(40), maximumTokens: 60) { $0.pinsPrefix = true }, harness)
        let pinned = harness.loop.kept.all.filter(\.isPinned)
        #expect(pinned.map(\.tokens) == [tokens(40)])
        #expect(harness.loop.kept.all.map(\.tokens.count) == [40, 99])
        // The same prompt again is not pinned twice.
        try say(request(tokens(40), maximumTokens: 8) { $0.pinsPrefix = true }, harness)
        #expect(harness.loop.kept.all.filter(\.isPinned).count == 1)
        harness.loop.unpin(tenant: "")
        #expect(!harness.loop.kept.all.contains { $0.isPinned })
    }

    /// A tenant lets go of its own pins: what another one pinned stays, be it shared with everyone.
    @Test func pinsAreTheTenantsOwn() throws {
        let harness = try harness()
        func pin(_ start: Int, by tenant: String) throws {
            try say(
                request(tokens(40, from: start), maximumTokens: 8) {
                    $0.pinsPrefix = true
                    $0.tenant = tenant
                    $0.prefixScope = .everyone
                }, harness)
        }
        func pinned() -> Set<[Int32]> {
            Set(harness.loop.kept.all.filter(\.isPinned).map(\.tokens))
        }
        try pin(0, by: "a")
        try pin(0, by: "b")
        try pin(5, by: "b")
        // Of what everyone sees the last token is left out: it is computed with the answer.
        let both: Set<[Int32]> = [tokens(39), tokens(39, from: 5)]
        #expect(pinned() == both)
        harness.loop.unpin(tenant: "a")
        #expect(pinned() == both)
        harness.loop.unpin(tenant: "b")
        #expect(pinned().isEmpty)
    }

    /// Something longer that is not pinned does not take the place of what is.
    @Test func aPinOutlivesSomethingLonger() throws {
        let harness = try harness(tokens: 320)
        let answer = try say(request(tokens(60), maximumTokens: 20), harness)
        try say(request(tokens(60) + answer + tokens(8, from: 3)), harness)
        try say(request(tokens(60), maximumTokens: 2) { $0.pinsPrefix = true }, harness)
        for start in 1..<5 { try say(request(tokens(130, from: start)), harness) }
        #expect(harness.loop.kept.all.contains { $0.isPinned && $0.tokens == tokens(60) })
    }

    /// What takes the place of something important is as important, whether it goes on with it or was there before.
    @Test func importanceIsNotLost() throws {
        let harness = try harness()
        let answer = try say(request(tokens(40)) { $0.priority = 3 }, harness)
        let next = tokens(40) + answer + tokens(9, from: 2)
        try say(request(next), harness)
        #expect(harness.loop.kept.all.map(\.priority) == [3])
        try say(request(tokens(40), maximumTokens: 2) { $0.priority = 6 }, harness)
        #expect(harness.loop.kept.all.map(\.priority) == [6])
        #expect(harness.loop.kept.all[0].tokens.count > next.count)
    }

    /// A prompt that is for everyone is found by the conversation that left it, with reuse and without.
    @Test(arguments: [false, true]) func aConversationForEveryoneGoesOn(isReusing: Bool) throws {
        let harness = try isReusing ? harness() : LoopHarness()
        let conversation = harness.makeConversation()
        var counts: [Int?] = []
        for count in [40, 60] {
            let id = harness.submit(
                request(tokens(count)) {
                    $0.prefixScope = .everyone
                    $0.conversation = conversation
                })
            try harness.run()
            counts.append(harness.heard[id]?[0].end?.usage.cachedPromptTokens)
        }
        #expect(counts == [0, 39])
    }

    /// A chain that gave way goes on with its own answer, however short its prompt is and whichever siblings run.
    @Test(arguments: [1, 4]) func aChainFindsWhatItLeft(chainCount: Int) throws {
        let harness = try harness(budget: StepBudget(maximumSequences: chainCount))
        let several = request(tokens(9), maximumTokens: 60) { $0.chainCount = chainCount }
        let id = harness.submit(several)
        for _ in 0..<40 { harness.loop.step() }
        harness.submit(request(tokens(30, from: 4)) { $0.priority = 5 })
        try harness.run()
        #expect(harness.loop.statistics.parkings == 1)
        #expect(harness.loop.statistics.recomputedTokens == 0)
        for chain in 0..<chainCount {
            let said = try expected(several, chain: chain, seed: 7)
            #expect(harness.heard[id]?[chain].tokens == said)
        }
    }

    /// Something urgent that waits for a prompt that is being computed takes nobody's place meanwhile.
    @Test func whoWaitsTakesNoPlace() throws {
        let harness = try harness(
            budget: StepBudget(maximumTokens: 16, maximumSequences: 2))
        harness.submit(request(tokens(200), maximumTokens: 3) { $0.priority = 5 })
        harness.submit(request(tokens(30, from: 4), maximumTokens: 30))
        for _ in 0..<3 { harness.loop.step() }
        #expect(harness.loop.statistics.runningChains == 2)
        harness.submit(
            request(tokens(200) + tokens(5, from: 9), maximumTokens: 3) { $0.priority = 5 })
        for _ in 0..<4 {
            harness.loop.step()
            try harness.loop.checkIntegrity()
        }
        #expect(harness.loop.statistics.preemptions == 0)
        try harness.run()
        // It has a place when it can start.
        #expect(harness.loop.statistics.preemptions <= 1)
        #expect(harness.loop.statistics.prefixes.hits == 1)
    }
}
