// A prompt that others began is not computed again: less work, the same tokens, nobody else's.

import MartletCache
import MartletPolicies
import Testing

@testable import MartletEngine

@Suite struct PrefixReuseTests {
    private func harness(
        tokens: Int = 4096, policy: CachePolicy = .dense, budget: StepBudget = StepBudget(),
        reuse: PrefixReuse = PrefixReuse(
            makeKeys: { PrefixKeys(KeyedHash(key: 7, 8)) }),
        _ change: (inout EngineConfiguration) -> Void = { _ in }
    ) throws -> LoopHarness {
        try LoopHarness(tokens: tokens, policy: policy, budget: budget) {
            $0.prefixReuse = reuse
            change(&$0)
        }
    }

    private func request(
        _ prompt: [Int32], maximumTokens: Int = 6, seed: UInt64 = 7, chainCount: Int = 1,
        tenant: String = "", _ change: (inout GenerationRequest) -> Void = { _ in }
    ) -> GenerationRequest {
        var sampling = SamplingParameters()
        sampling.seed = seed
        sampling.maximumTokens = maximumTokens
        var request = GenerationRequest(
            promptTokens: prompt, sampling: sampling, chainCount: chainCount)
        request.tenant = tenant
        change(&request)
        return request
    }

    private func tokens(_ count: Int, from start: Int = 0) -> [Int32] {
        (0..<count).map { Int32(($0 + start) * 7 % PrefixHashModel.vocabulary) }
    }

    /// Runs a request to its end, and returns what it said and how much of its prompt was there.
    @discardableResult
    private func say(_ request: GenerationRequest, _ harness: LoopHarness) throws -> Int {
        let id = harness.submit(request)
        try harness.run()
        let heard = try #require(harness.heard[id]?[0])
        #expect(
            heard.tokens == (try expected(request, chain: 0, seed: request.sampling.seed ?? 0)))
        return try #require(heard.end?.usage.cachedPromptTokens)
    }

    // MARK: Hits

    @Test func aPromptThatBeginsAlikeComputesTheRest() throws {
        let harness = try harness()
        #expect(try say(request(tokens(100)), harness) == 0)
        let before = harness.loop.statistics.computedTokens
        #expect(try say(request(tokens(70) + tokens(20, from: 3)), harness) == 70)
        #expect(harness.loop.statistics.computedTokens - before == 20 + 5)
        // The same again: all but the token that logits are read from.
        #expect(try say(request(tokens(100), seed: 9), harness) == 99)
        let statistics = harness.loop.statistics
        #expect(statistics.prefixes.lookups == 3 && statistics.prefixes.hits == 2)
        #expect(statistics.prefixes.hitTokens == 169 && statistics.prefixes.lookedTokens == 290)
        #expect(statistics.prefixes.reclaimableBytes == harness.cache.statistics.bytesHeld)
        #expect(harness.cache.statistics.bytesHeld > 0)
    }

    /// An answer is a part of the next prompt, as in any client that sends the whole conversation.
    @Test func theNextTurnFindsTheAnswer() throws {
        let harness = try harness()
        let first = request(tokens(50), maximumTokens: 20)
        let id = harness.submit(first)
        try harness.run()
        let answer = try #require(harness.heard[id]?[0]).tokens
        #expect(try say(request(tokens(50) + answer + tokens(9, from: 2)), harness) == 69)
        // What was kept of the first turn is a part of the second: one sequence is left.
        #expect(harness.loop.statistics.keptSequences == 1)
    }

    @Test func lessThanAPageIsNoBeginning() throws {
        let harness = try harness()
        try say(request(tokens(40)), harness)
        #expect(try say(request(tokens(15) + [1, 2, 3]), harness) == 0)
        #expect(try say(request(tokens(17) + [1, 2, 3]), harness) == 17)
    }

    @Test func nothingIsReusedUnlessAskedFor() throws {
        let harness = try LoopHarness()
        try say(request(tokens(60)), harness)
        #expect(try say(request(tokens(60)), harness) == 0)
        #expect(harness.cache.statistics.bytesHeld == 0)
        #expect(harness.loop.statistics.prefixes == PrefixStatistics())
    }

    /// Requests that arrive together with one beginning: it is computed once.
    @Test(arguments: [5, 64, 512]) func sideBySideItIsComputedOnce(chunk: Int) throws {
        let harness = try harness(budget: StepBudget(maximumTokens: chunk))
        let shared = tokens(200)
        let requests = (0..<6).map { index in
            request(shared + tokens(10, from: index + 1), maximumTokens: 3, seed: UInt64(index))
        }
        let ids = requests.map { harness.submit($0) }
        try harness.run()
        for (id, request) in zip(ids, requests) {
            let said = try expected(request, chain: 0, seed: request.sampling.seed ?? 0)
            #expect(harness.heard[id]?[0].tokens == said)
        }
        // For less than two pages nobody waits.
        let computed = harness.loop.statistics.computedTokens
        #expect(computed <= 200 + 6 * (10 + 2) + 5 * 31 && computed > 200)
        #expect(harness.loop.statistics.prefixes.waits == 5)
    }

    @Test func whatIsUrgentDoesNotWaitForWhatIsNot() throws {
        let harness = try harness(budget: StepBudget(maximumTokens: 16))
        harness.submit(request(tokens(200)))
        harness.loop.step()
        harness.submit(request(tokens(200), seed: 3) { $0.priority = 1 })
        harness.submit(request(tokens(200), seed: 4))
        harness.loop.step()
        #expect(harness.loop.statistics.runningChains == 2)
        #expect(harness.loop.statistics.waitingChains == 1)
        try harness.run()
    }

    @Test func severalChainsShareWhatIsThere() throws {
        let harness = try harness()
        try say(request(tokens(64)), harness)
        let several = request(tokens(64) + [5, 5], chainCount: 4)
        let id = harness.submit(several)
        try harness.run()
        for chain in 0..<4 {
            #expect(
                harness.heard[id]?[chain].tokens == (try expected(several, chain: chain, seed: 7)))
            #expect(harness.heard[id]?[chain].end?.usage.cachedPromptTokens == 64)
        }
    }

    // MARK: Whose it is

    @Test func aTenantSeesItsOwnAlone() throws {
        let harness = try harness()
        try say(request(tokens(80), tenant: "a"), harness)
        #expect(try say(request(tokens(80), tenant: "b"), harness) == 0)
        #expect(try say(request(tokens(80), tenant: "a"), harness) == 79)
        // Nor does it wait for another's.
        harness.submit(request(tokens(300, from: 1), tenant: "a"))
        harness.submit(request(tokens(300, from: 1), tenant: "b"))
        harness.loop.step()
        #expect(harness.loop.statistics.waitingChains == 0)
        try harness.run()
    }

    @Test func aPromptForEveryoneIsFoundByAllAndItsAnswerByNone() throws {
        let harness = try harness()
        let shared = request(tokens(64), maximumTokens: 40, tenant: "a") {
            $0.prefixScope = .everyone
        }
        let id = harness.submit(shared)
        try harness.run()
        let answer = try #require(harness.heard[id]?[0]).tokens
        #expect(try say(request(tokens(64) + answer, tenant: "b"), harness) == 63)
        let own = request(tokens(64) + [3]) { $0.prefixScope = .request }
        #expect(try say(own, harness) == 0)
    }

    @Test func aRequestForItselfLeavesNothing() throws {
        let harness = try harness()
        let own = request(tokens(64)) { $0.prefixScope = .request }
        try say(own, harness)
        #expect(harness.cache.statistics.bytesHeld == 0)
        #expect(try say(request(tokens(64)), harness) == 0)
    }

    // MARK: Room

    /// What is kept gives way before anything that runs: a request that needs the whole cache has it.
    @Test func whatIsKeptGivesWay() throws {
        let harness = try harness(tokens: 320)
        for start in 0..<6 {
            try say(request(tokens(90, from: start * 3 + 1), maximumTokens: 4), harness)
        }
        #expect(harness.loop.statistics.preemptions == 0)
        try say(request(tokens(310, from: 2), maximumTokens: 4), harness)
        #expect(harness.loop.statistics.preemptions == 0)
        #expect(harness.loop.statistics.prefixes.evictedTokens > 0)
    }

    /// The end of what is kept goes first, so that much of a beginning outlives the need for a little room.
    @Test func aLittleRoomCostsAnEnd() throws {
        let harness = try harness(tokens: 256)
        try say(request(tokens(200), maximumTokens: 2), harness)
        try say(request(tokens(70, from: 1), maximumTokens: 2), harness)
        let cached = try say(request(tokens(200), maximumTokens: 2), harness)
        #expect(cached >= 160 && cached < 199)
    }

    @Test func ofTwoTheOneThatWasUsedLaterStays() throws {
        let time = SimulatedTime()
        let harness = try harness(tokens: 320) { $0.clock = time.clock }
        try say(request(tokens(128), maximumTokens: 2), harness)
        time.pass(.seconds(100))
        try say(request(tokens(128, from: 1), maximumTokens: 2), harness)
        time.pass(.seconds(100))
        // The first is of use again.
        try say(request(tokens(128), maximumTokens: 2, seed: 8), harness)
        try say(request(tokens(120, from: 2), maximumTokens: 2), harness)
        #expect(try say(request(tokens(128), maximumTokens: 2), harness) == 127)
        #expect(try say(request(tokens(128, from: 1), maximumTokens: 2), harness) < 100)
    }

    @Test(arguments: [false, true]) func whatIsPinnedStaysLonger(isPinned: Bool) throws {
        let time = SimulatedTime()
        let harness = try harness(tokens: 320) { $0.clock = time.clock }
        try say(request(tokens(100), maximumTokens: 2) { $0.pinsPrefix = isPinned }, harness)
        for start in 1..<6 {
            time.pass(.seconds(100))
            try say(request(tokens(100, from: start), maximumTokens: 2), harness)
        }
        let cached = try say(request(tokens(100), maximumTokens: 2, seed: 2), harness)
        #expect(cached == (isPinned ? 99 : 0))
        harness.loop.unpin(tenant: "")
        // A request that needs everything gets it, pinned or not.
        try say(request(tokens(316, from: 9), maximumTokens: 2), harness)
    }

    @Test func theBoundOfBytesHolds() throws {
        let bytes = 8 * 4 * (1024 + 64)
        var reuse = PrefixReuse(makeKeys: { PrefixKeys(KeyedHash(key: 7, 8)) })
        reuse.maximumBytes = bytes
        let harness = try harness(reuse: reuse)
        for start in 0..<5 {
            try say(request(tokens(100, from: start), maximumTokens: 2), harness)
            #expect(harness.loop.statistics.prefixes.reclaimableBytes <= bytes)
        }
        #expect(harness.loop.statistics.prefixes.reclaimableBytes > bytes / 2)
    }

    /// A chain that gives way keeps what nobody needs: it does not compute its prompt again.
    @Test func aChainThatGaveWayGoesOn() throws {
        func run(_ harness: LoopHarness) throws -> EngineStatistics {
            let requests = (0..<4).map {
                request(tokens(60, from: $0), maximumTokens: 60, seed: UInt64($0))
            }
            let ids = requests.map { harness.submit($0) }
            try harness.run()
            for (id, request) in zip(ids, requests) {
                let said = try expected(request, chain: 0, seed: request.sampling.seed ?? 0)
                #expect(harness.heard[id]?[0].tokens == said)
            }
            return harness.loop.statistics
        }
        let parked = try run(try harness(tokens: 320))
        let recomputed = try run(try LoopHarness(tokens: 320))
        #expect(parked.parkings > 0 && parked.parkings <= parked.preemptions)
        #expect(recomputed.preemptions > 0 && recomputed.parkings == 0)
        #expect(parked.recomputedTokens < recomputed.recomputedTokens)
        #expect(parked.computedTokens < recomputed.computedTokens)
    }

    /// Something urgent takes the place of what is not, which then goes on where it was.
    @Test func somethingUrgentTakesAPlace() throws {
        let harness = try harness(
            budget: StepBudget(maximumTokens: 64, maximumSequences: 1))
        let slow = request(tokens(60), maximumTokens: 30)
        let first = harness.submit(slow)
        for _ in 0..<8 { harness.loop.step() }
        let urgent = request(tokens(40, from: 3), maximumTokens: 4) { $0.priority = 5 }
        let second = harness.submit(urgent)
        while harness.heard[second]?[0].end == nil { harness.loop.step() }
        #expect(harness.heard[first]?[0].end == nil)
        try harness.run()
        #expect(harness.heard[first]?[0].tokens == (try expected(slow, chain: 0, seed: 7)))
        #expect(harness.heard[second]?[0].tokens == (try expected(urgent, chain: 0, seed: 7)))
        #expect(harness.loop.statistics.parkings == 1)
        #expect(harness.loop.statistics.recomputedTokens == 0)
    }

    // MARK: Windows

    /// A window frees what a shorter prompt would need. The second request that branches off at a place leaves a
    /// sequence that ends there, for the third.
    @Test func underAWindowTheThirdFindsTheBranch() throws {
        let harness = try harness(
            policy: CachePolicy("window(sinks=4, recent=24)"),
            budget: StepBudget(maximumTokens: 16))
        func cached(_ prompt: [Int32]) throws -> Int {
            var answers: [[Int32]] = []
            var cached = 0
            for loop in [
                harness, try LoopHarness(policy: CachePolicy("window(sinks=4, recent=24)")),
            ] {
                let id = loop.submit(request(prompt, maximumTokens: 4))
                try loop.run()
                let heard = try #require(loop.heard[id]?[0])
                answers.append(heard.tokens)
                if loop === harness { cached = heard.end?.usage.cachedPromptTokens ?? 0 }
            }
            #expect(answers[0] == answers[1])
            return cached
        }
        let shared = tokens(150)
        #expect(try cached(shared + tokens(60, from: 1)) == 0)
        #expect(try cached(shared + tokens(60, from: 2)) == 0)
        #expect(try cached(shared + tokens(60, from: 4)) == 144)
        #expect(try cached(shared + tokens(60, from: 5)) == 144)
    }

    // MARK: Anything at any time

    /// Requests that begin alike or not, of several tenants and priorities, with and without conversations, cancelled
    /// now and then, in caches of all sizes: each says what it says alone, nothing leaks, and what is counted is true.
    @Test(arguments: 0..<16) func randomRequests(seed: UInt64) throws {
        var random = Seeded(seed)
        let isWindow = seed % 4 == 3
        let harness = try harness(
            tokens: Int.random(in: 16...60, using: &random) * 16,
            policy: isWindow ? CachePolicy("window(sinks=0, recent=4000)") : .dense,
            budget: StepBudget(
                maximumTokens: Int.random(in: 1...60, using: &random),
                maximumSequences: Int.random(in: 1...6, using: &random)),
            reuse: PrefixReuse(
                maximumBytes: seed % 3 == 0 ? 100_000 : nil,
                makeKeys: { PrefixKeys(KeyedHash(key: 7, seed)) }))
        var texts = (0..<3).map { tokens(40 + $0 * 20, from: $0) }
        let conversation = harness.makeConversation()
        var asked: [(id: RequestID, request: GenerationRequest, isCancelled: Bool)] = []
        for turn in 0..<24 {
            let line = Int.random(in: 0..<3, using: &random)
            let text = texts[line]
            let cut = Int.random(in: 1...text.count, using: &random)
            let own = tokens(Int.random(in: 1...12, using: &random), from: turn * 5)
            var next = request(
                Array(text[..<cut]) + own, maximumTokens: Int.random(in: 1...8, using: &random),
                seed: UInt64(turn), tenant: ["a", "b"][Int.random(in: 0...1, using: &random)])
            next.priority = Int.random(in: 0...2, using: &random)
            next.prefixScope =
                [.tenant, .tenant, .everyone, .request][
                    Int.random(in: 0...3, using: &random)]
            next.pinsPrefix = Int.random(in: 0..<8, using: &random) == 0
            if Int.random(in: 0..<4, using: &random) == 0 { next.conversation = conversation }
            if next.conversation == nil, turn % 7 == 3 { next.chainCount = 3 }
            let id = harness.submit(next)
            let isCancelled = Int.random(in: 0..<10, using: &random) == 0
            asked.append((id, next, isCancelled))
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                harness.loop.step()
                try harness.loop.checkIntegrity()
            }
            if isCancelled { harness.loop.cancel(id) }
            if turn == 12 { harness.loop.unpin(tenant: "a") }
            if let heard = harness.heard[id]?[0].tokens { texts[line] += heard }
            texts[line] = Array(texts[line].prefix(100))
        }
        try harness.run()
        for (id, request, isCancelled) in asked {
            #expect(harness.errors[id] == nil)
            for chain in 0..<request.chainCount {
                let said = try expected(
                    request, chain: chain, seed: request.sampling.seed ?? 0)
                let heard = try #require(harness.heard[id]?[chain])
                #expect(heard.tokens == Array(said.prefix(heard.tokens.count)))
                #expect(heard.tokens == said || isCancelled)
            }
        }
        #expect(harness.loop.statistics.prefixes.hits > 0)
        harness.loop.cancelAll()
        #expect(harness.cache.statistics.bytesHeld == 0)
        #expect(harness.cache.statistics.sequenceCount == 0)
        try harness.loop.checkIntegrity()
    }
}
