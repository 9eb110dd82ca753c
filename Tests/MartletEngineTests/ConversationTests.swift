// A request that goes on with the cache of the one before it says what it would say alone, and computes less.

import MartletCache
import MartletPolicies
import Testing

@testable import MartletEngine

@Suite struct ConversationTests {
    private func request(
        _ prompt: [Int32], of conversation: Conversation? = nil, maximumTokens: Int = 6,
        seed: UInt64 = 7, _ change: (inout SamplingParameters) -> Void = { _ in }
    ) -> GenerationRequest {
        var sampling = SamplingParameters()
        sampling.seed = seed
        sampling.maximumTokens = maximumTokens
        change(&sampling)
        return GenerationRequest(
            promptTokens: prompt, sampling: sampling, conversation: conversation)
    }

    private func tokens(_ count: Int, from start: Int = 0) -> [Int32] {
        (0..<count).map { Int32(($0 + start) * 7 % PrefixHashModel.vocabulary) }
    }

    /// The second turn computes the last token of the answer, which was chosen and not computed, and what is new.
    @Test func theSecondTurnComputesWhatIsNew() throws {
        let harness = try LoopHarness()
        let conversation = harness.makeConversation()
        let first = request(tokens(40), of: conversation)
        let id = harness.submit(first)
        try harness.run()
        let answer = try #require(harness.heard[id]?[0])
        #expect(answer.tokens == (try expected(first, chain: 0, seed: 7)))
        #expect(answer.end?.usage.cachedPromptTokens == 0)
        #expect(harness.loop.statistics.keptSequences == 1)
        #expect(harness.cache.statistics.bytesHeld > 0)

        let before = harness.loop.statistics.computedTokens
        let second = request(tokens(40) + answer.tokens + tokens(9, from: 3), of: conversation)
        let next = harness.submit(second)
        try harness.run()
        let heard = try #require(harness.heard[next]?[0])
        #expect(heard.tokens == (try expected(second, chain: 0, seed: 7)))
        #expect(heard.end?.usage.cachedPromptTokens == 45)
        #expect(heard.end?.usage.promptTokens == 55)
        // One token of the answer, nine new ones, and five that were chosen and computed.
        #expect(harness.loop.statistics.computedTokens - before == 1 + 9 + 5)

        harness.loop.endConversation(conversation.id)
        #expect(harness.cache.statistics.bytesHeld == 0)
        #expect(harness.cache.statistics.sequenceCount == 0)
        try harness.loop.checkIntegrity()
    }

    /// What a request reads and holds is its own account, not that of the turns before.
    @Test func usageIsTheTurnsOwn() throws {
        func usage(_ turns: [Int], keeps: Bool) throws -> Usage {
            let harness = try LoopHarness()
            let conversation = harness.makeConversation()
            var usage: Usage?
            for count in turns {
                let id = harness.submit(
                    request(tokens(count), of: keeps ? conversation : nil, maximumTokens: 3))
                try harness.run()
                usage = harness.heard[id]?[0].end?.usage
            }
            return try #require(usage)
        }
        for turns in [[40, 60], [60, 20]] {
            let (kept, alone) = (try usage(turns, keeps: true), try usage(turns, keeps: false))
            #expect(kept.kvReads == alone.kvReads)
            #expect(kept.peakTokens == alone.peakTokens)
            #expect(kept.peakCacheBytes == alone.peakCacheBytes)
            #expect(kept.cachedPromptTokens == min(40, turns[1] - 1))
            #expect(alone.cachedPromptTokens == 0)
        }
    }

    /// The prompt that comes next may be anything: shorter, the same, other from some place on.
    @Test(arguments: [
        (tokens: 50, common: 50, cached: 49), (tokens: 30, common: 30, cached: 29),
        (tokens: 90, common: 17, cached: 17), (tokens: 90, common: 16, cached: 16),
        (tokens: 20, common: 0, cached: 0), (tokens: 1, common: 1, cached: 0),
    ])
    func onlyTheCommonBeginningIsReused(prompt: (tokens: Int, common: Int, cached: Int)) throws {
        let harness = try LoopHarness()
        let conversation = harness.makeConversation()
        harness.submit(request(tokens(50), of: conversation))
        try harness.run()
        let other = tokens(prompt.tokens - prompt.common, from: prompt.common + 30)
        let second = request(tokens(prompt.common) + other, of: conversation)
        let id = harness.submit(second)
        try harness.run()
        let heard = try #require(harness.heard[id]?[0])
        #expect(heard.tokens == (try expected(second, chain: 0, seed: 7)))
        #expect(heard.end?.usage.cachedPromptTokens == prompt.cached)
    }

    /// Under a window the tokens that a row sees are still there when the conversation goes on, and are not when it
    /// goes back; what is said is the same.
    @Test(arguments: [0, 5, 40]) func windowsGoOn(back: Int) throws {
        func say(_ prompts: [[Int32]], keeps: Bool) throws -> [Heard] {
            let harness = try LoopHarness(
                tokens: 256, policy: CachePolicy("window(sinks=4, recent=24)"),
                budget: StepBudget(maximumTokens: 16))
            let conversation = harness.makeConversation()
            return try prompts.map { prompt in
                let id = harness.submit(
                    request(prompt, of: keeps ? conversation : nil, maximumTokens: 30))
                try harness.run()
                return try #require(harness.heard[id]?[0])
            }
        }
        let first = try say([tokens(90)], keeps: false)[0].tokens
        let text = tokens(90) + first
        let second = text.dropLast(back) + tokens(20, from: 2)
        let kept = try say([tokens(90), Array(second)], keeps: true)
        let alone = try say([tokens(90), Array(second)], keeps: false)
        #expect(kept.map(\.tokens) == alone.map(\.tokens))
        #expect(alone[1].end?.usage.cachedPromptTokens == 0)
        let cached = try #require(kept[1].end?.usage.cachedPromptTokens)
        #expect(back > 0 || cached == 119)
        #expect(back < 40 || cached == 0)
    }

    @Test func aPolicyThatChoosesKeepsNothing() throws {
        let harness = try LoopHarness(policy: try CachePolicy("snapkv(budget=4096, window=4)"))
        let conversation = harness.makeConversation()
        for count in [40, 60] {
            let id = harness.submit(request(tokens(count), of: conversation))
            try harness.run()
            #expect(harness.heard[id]?[0].end?.usage.cachedPromptTokens == 0)
            #expect(harness.loop.statistics.keptSequences == 0)
        }
    }

    // MARK: Pressure

    /// What is kept gives way to anything: the conversation then computes again, and a prompt that fills the whole
    /// cache still fits.
    @Test func aFullBudgetStillWorks() throws {
        let harness = try LoopHarness(tokens: 160)
        let conversation = harness.makeConversation()
        let first = request(tokens(60), of: conversation)
        harness.submit(first)
        try harness.run()
        let other = request(tokens(150, from: 1), maximumTokens: 5)
        let id = harness.submit(other)
        try harness.run()
        #expect(harness.heard[id]?[0].tokens == (try expected(other, chain: 0, seed: 7)))
        #expect(harness.loop.statistics.keptSequences == 0)
        #expect(harness.loop.statistics.preemptions == 0)
        let second = request(tokens(80), of: conversation)
        let again = harness.submit(second)
        try harness.run()
        #expect(harness.heard[again]?[0].tokens == (try expected(second, chain: 0, seed: 7)))
        #expect(harness.heard[again]?[0].end?.usage.cachedPromptTokens == 0)
    }

    /// A conversation may grow until the cache holds nothing else.
    @Test func aConversationMayFillTheCache() throws {
        let harness = try LoopHarness(tokens: 128)
        let conversation = harness.makeConversation()
        var text = tokens(30)
        while true {
            let next = request(text, of: conversation, maximumTokens: 20)
            let id = harness.submit(next)
            try harness.run()
            let heard = try #require(harness.heard[id]?[0])
            let said = try expected(next, chain: 0, seed: 7)
            #expect(heard.tokens == Array(said.prefix(heard.tokens.count)))
            if heard.end?.reason == .outOfMemory { break }
            #expect(heard.tokens.count == 20)
            text += heard.tokens + [1]
        }
        #expect(text.count > 90)
    }

    @Test func theOldestGivesWayFirst() throws {
        let harness = try LoopHarness(tokens: 192)
        let conversations = (0..<2).map { _ in harness.makeConversation() }
        for conversation in conversations {
            harness.submit(request(tokens(60), of: conversation, maximumTokens: 2))
            try harness.run()
        }
        harness.submit(request(tokens(90, from: 1), maximumTokens: 2))
        try harness.run()
        #expect(harness.loop.kept.all.map(\.conversation) == [conversations[1].id])
    }

    // MARK: Endings

    /// A cancelled request leaves what it had computed, be it a part of its prompt.
    @Test(arguments: [1, 3, 8]) func aCancelledTurnLeavesWhatItComputed(steps: Int) throws {
        let harness = try LoopHarness(budget: StepBudget(maximumTokens: 16))
        let conversation = harness.makeConversation()
        let first = harness.submit(
            request(tokens(50), of: conversation, maximumTokens: 100))
        for _ in 0..<steps { harness.loop.step() }
        harness.loop.cancel(first)
        try harness.loop.checkIntegrity()
        let text = tokens(50) + (harness.heard[first]?[0].tokens ?? [])
        let second = request(text + [3, 4], of: conversation)
        let id = harness.submit(second)
        try harness.run()
        let heard = try #require(harness.heard[id]?[0])
        #expect(heard.tokens == (try expected(second, chain: 0, seed: 7)))
        // The token that was chosen last is not computed.
        #expect(heard.end?.usage.cachedPromptTokens == min(16 * steps, text.count - 1))
    }

    /// A stop string is cut out of the text, so the tokens that were computed go further than the conversation does.
    @Test func aStopTextLeavesMoreThanIsSaid() throws {
        let harness = try LoopHarness()
        let conversation = harness.makeConversation()
        let whole = try expected(request(tokens(20), maximumTokens: 12), chain: 0, seed: 7)
        let stop = LetterDecoder.letter(whole[7])
        let first = harness.submit(
            request(tokens(20), of: conversation, maximumTokens: 12) { $0.stop = [stop] })
        try harness.run()
        let said = try #require(harness.heard[first]?[0])
        #expect(said.end?.match == .text(stop))
        let second = request(
            tokens(20) + Array(said.tokens.dropLast()) + tokens(7, from: 5), of: conversation)
        let id = harness.submit(second)
        try harness.run()
        #expect(harness.heard[id]?[0].tokens == (try expected(second, chain: 0, seed: 7)))
        #expect(
            harness.heard[id]?[0].end?.usage.cachedPromptTokens == 20 + said.tokens.count - 1)
    }

    /// A conversation that has ended leaves nothing, even if its last request ends later.
    @Test func nothingIsKeptAfterTheEnd() throws {
        let harness = try LoopHarness()
        let conversation = harness.makeConversation()
        let id = harness.submit(request(tokens(20), of: conversation))
        harness.loop.step()
        harness.loop.endConversation(conversation.id)
        try harness.run()
        #expect(harness.heard[id]?[0].end?.reason == .length)
        #expect(harness.cache.statistics.bytesHeld == 0)
    }

    @Test func cancellingAllKeepsNothing() throws {
        let harness = try LoopHarness()
        let conversation = harness.makeConversation()
        harness.submit(request(tokens(20), of: conversation))
        try harness.run()
        harness.submit(request(tokens(30), of: conversation))
        harness.loop.step()
        harness.loop.cancelAll()
        #expect(harness.cache.statistics.bytesHeld == 0)
        try harness.loop.checkIntegrity()
    }

    @Test func severalChainsAreRefused() throws {
        let harness = try LoopHarness()
        var wrong = request(tokens(4), of: harness.makeConversation())
        wrong.chainCount = 2
        let id = harness.submit(wrong)
        #expect(harness.errors[id]?.description.hasPrefix("chainCount: got 2") == true)
    }

    // MARK: Anything at any time

    /// Conversations of several turns side by side, in caches of all sizes, with requests between them, some of them
    /// cancelled: every turn says what it says alone.
    @Test(arguments: 0..<12) func randomConversations(seed: UInt64) throws {
        var random = Seeded(seed)
        let harness = try LoopHarness(
            tokens: Int.random(in: 8...40, using: &random) * 16,
            budget: StepBudget(
                maximumTokens: Int.random(in: 1...60, using: &random),
                maximumSequences: Int.random(in: 1...6, using: &random)))
        var lines = (0..<4).map { line in
            (conversation: harness.makeConversation(), text: tokens(10 + line * 3, from: line))
        }
        var cached = 0
        for turn in 0..<8 {
            var asked: [(id: RequestID, line: Int?, request: GenerationRequest)] = []
            for line in lines.indices where Bool.random(using: &random) {
                // Now and then a line goes back on what was said.
                if Int.random(in: 0..<5, using: &random) == 0 { lines[line].text.removeLast(4) }
                let next = request(
                    lines[line].text, of: lines[line].conversation,
                    maximumTokens: Int.random(in: 1...6, using: &random), seed: seed)
                asked.append((harness.submit(next), line, next))
                for _ in 0..<Int.random(in: 0...3, using: &random) { harness.loop.step() }
                try harness.loop.checkIntegrity()
            }
            let alone = request(tokens(Int.random(in: 1...90, using: &random)), seed: seed)
            asked.append((harness.submit(alone), nil, alone))
            let isCancelled = turn == 5 && !asked.isEmpty
            if isCancelled {
                harness.loop.step()
                harness.loop.cancel(asked[0].id)
            }
            try harness.run()
            for (index, (id, line, request)) in asked.enumerated() {
                let heard = try #require(harness.heard[id]?[0])
                let said = try expected(request, chain: 0, seed: seed)
                #expect(harness.errors[id] == nil)
                #expect(heard.tokens == Array(said.prefix(heard.tokens.count)))
                #expect(heard.tokens == said || (isCancelled && index == 0))
                cached += heard.end?.usage.cachedPromptTokens ?? 0
                if let line { lines[line].text += heard.tokens + [Int32(turn)] }
            }
        }
        for line in lines { harness.loop.endConversation(line.conversation.id) }
        #expect(harness.cache.statistics.bytesHeld == 0)
        try harness.loop.checkIntegrity()
        #expect(cached > 0)
    }
}
