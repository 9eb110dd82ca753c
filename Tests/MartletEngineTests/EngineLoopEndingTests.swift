// How requests end, are refused and fail.

import MartletCache
import MartletModels
import Synchronization
import Testing

@testable import MartletEngine

@Suite struct EngineLoopEndingTests {
    func request(
        _ prompt: [Int32], chains: Int = 1, _ change: (inout SamplingParameters) -> Void = { _ in }
    ) -> GenerationRequest {
        var sampling = SamplingParameters.greedy
        sampling.maximumTokens = 20
        change(&sampling)
        return GenerationRequest(promptTokens: prompt, sampling: sampling, chainCount: chains)
    }

    func hear(
        _ request: GenerationRequest, configure: (inout EngineConfiguration) -> Void = { _ in }
    ) throws -> Heard {
        let harness = try LoopHarness(configure: configure)
        let id = harness.submit(request)
        try harness.run()
        return try #require(harness.heard[id]?[0])
    }

    @Test func stopTokens() throws {
        let answer = try expected(request([1, 2]), chain: 0, seed: 0)
        let token = answer[6]
        let first = try #require(answer.firstIndex(of: token))
        for byModel in [false, true] {
            let heard = try hear(request([1, 2]) { $0.stopTokens = byModel ? [] : [token] }) {
                $0.endTokens = byModel ? [token] : []
            }
            #expect(heard.tokens == Array(answer[..<first]))
            #expect(heard.end?.reason == .stop)
            #expect(heard.end?.match == .token(token))
            #expect(heard.end?.usage.completionTokens == first + 1)
        }
        let ignored = try hear(request([1, 2]) { $0.ignoreEOS = true }) { $0.endTokens = [token] }
        #expect(ignored.tokens == answer)
        #expect(ignored.end?.reason == .length)
    }

    @Test func stopStringsSpanTokens() throws {
        let free = try hear(request([3]))
        let text = free.text
        let stop = String(text.dropFirst(5).prefix(4))
        let heard = try hear(request([3]) { $0.stop = ["never", stop] })
        let cut = try #require(text.firstRange(of: stop))
        #expect(heard.text == String(text[..<cut.lowerBound]))
        #expect(heard.end?.reason == .stop)
        #expect(heard.end?.match == .text(stop))
        // Text that might have begun a stop string comes out at the end.
        let held = try hear(request([3]) { $0.stop = [String(text.suffix(2)) + "\u{0}"] })
        #expect(held.text == text)
        #expect(held.end?.reason == .length)
    }

    @Test func nothingAskedFor() throws {
        let harness = try LoopHarness()
        let id = harness.submit(request([1], chains: 2) { $0.maximumTokens = 0 })
        #expect(harness.ended == [id])
        #expect(harness.heard[id]?.map { $0.end?.reason } == [.length, .length])
        #expect(harness.loop.statistics.steps == 0)
        try harness.run()
    }

    @Test func contextIsALength() throws {
        let harness = try LoopHarness(model: PrefixHashModel(contextLength: 8))
        let id = harness.submit(request([1, 2, 3, 4, 5]))
        let full = harness.submit(request(Array(repeating: 1, count: 8)))
        try harness.run()
        // Three more are computed and a fourth is chosen from the last.
        #expect(harness.heard[id]?[0].tokens.count == 4)
        #expect(harness.heard[id]?[0].end?.reason == .length)
        #expect(harness.heard[full]?[0].tokens.count == 1)
    }

    @Test func refusals() throws {
        let harness = try LoopHarness(
            tokens: 64, model: PrefixHashModel(contextLength: 100),
            configure: { $0.makeTextDecoder = nil })
        func refused(_ request: GenerationRequest) -> String {
            let id = harness.submit(request)
            return harness.errors[id].map { "\($0)" } ?? "accepted"
        }
        #expect(refused(request([])).hasPrefix("request: the prompt has no tokens"))
        #expect(refused(request([1, 61])).contains("token 61 at index 1"))
        #expect(refused(request([1, -1])).contains("0 ..< 61"))
        let long = refused(request(Array(repeating: 1, count: 101)))
        #expect(long.contains("101 tokens") && long.contains("at most 100"))
        let large = refused(request(Array(repeating: 1, count: 70)))
        #expect(large.contains("70 tokens need 21760 bytes") && large.contains("at most 17408"))
        #expect(refused(request([1], chains: 0)).hasPrefix("chainCount: got 0"))
        #expect(refused(request([1]) { $0.stop = ["x"] }).hasPrefix("stop: got 1"))
        #expect(refused(request([1]) { $0.topP = 2 }).hasPrefix("topP: got 2.0"))
        #expect(harness.loop.statistics.waitingChains == 0)
        try harness.run()
        #expect(throws: EngineError.self) { try LoopHarness(budget: StepBudget(maximumTokens: 0)) }
    }

    @Test func outOfMemoryWhenAlone() throws {
        let harness = try LoopHarness(tokens: 64)
        let id = harness.submit(request(Array(repeating: 2, count: 60)))
        try harness.run()
        let heard = try #require(harness.heard[id]?[0])
        // Tokens 60 ..< 64 fit; the fifth is chosen and cannot be computed.
        #expect(heard.tokens.count == 5)
        #expect(heard.end?.reason == .outOfMemory)
        #expect(harness.errors.isEmpty)
    }

    @Test func cancellationFreesAtOnce() throws {
        let harness = try LoopHarness(tokens: 256)
        let first = harness.submit(request([1, 2, 3], chains: 3))
        let second = harness.submit(request([4]))
        for _ in 0..<4 { harness.loop.step() }
        harness.loop.cancel(first)
        try harness.loop.checkIntegrity()
        #expect(harness.ended == [first])
        #expect(harness.heard[first]?.allSatisfy { $0.end?.reason == .cancelled } == true)
        #expect(harness.heard[first]?.allSatisfy { $0.tokens.count == 4 } == true)
        harness.loop.cancel(first)
        try harness.run()
        #expect(harness.heard[second]?[0].tokens == (try expected(request([4]), chain: 0, seed: 0)))
        let waiting = harness.submit(request([5], chains: 2))
        harness.loop.cancelAll()
        #expect(harness.heard[waiting]?.map { $0.end?.reason } == [.cancelled, .cancelled])
        try harness.run()
    }

    @Test func failingForwardFailsItsBatchAndNoMore() throws {
        struct Broken: Error {}
        let harness = try LoopHarness(budget: StepBudget(maximumTokens: 64, maximumSequences: 1))
        harness.model.beforeForward = { if $0.slices[0].tokens == [5, 5] { throw Broken() } }
        let bad = harness.submit(request([5, 5], chains: 2))
        let good = harness.submit(request([6, 6]))
        try harness.run()
        #expect(harness.errors[bad].map { "\($0)" }?.contains("Broken") == true)
        #expect(harness.heard[good]?[0].end?.reason == .length)
    }

    @Test func usageAndTime() throws {
        let time = Mutex(0)
        let harness = try LoopHarness(configure: {
            $0.clock = EngineClock(now: { .milliseconds(time.withLock { $0 }) })
            $0.budget.maximumTokens = 4
        })
        let id = harness.submit(request(Array(repeating: 1, count: 12)) { $0.maximumTokens = 3 })
        while harness.loop.step() { time.withLock { $0 += 10 } }
        let usage = try #require(harness.heard[id]?[0].end?.usage)
        #expect(usage.promptTokens == 12)
        #expect(usage.completionTokens == 3)
        #expect(usage.timeToFirstToken == .milliseconds(20))
        #expect(usage.duration == .milliseconds(40))
        #expect(usage.kvReads == 13 + 14)
        // One page in each head holds them all; the prompt's steps are not counted.
        let shape = harness.cache.shape
        #expect(usage.bytesMoved == 2 * shape.tableCount * shape.pageBytes)
        #expect(usage.cacheBytes == 4 * harness.cache.shape.heldBytesPerPage)
        #expect(usage.peakCacheBytes == usage.cacheBytes)
        #expect(usage.peakTokens == 14)
        #expect(usage.peakRequestBytes == usage.peakCacheBytes)
    }

    @Test func aRequestsOwnBytesDoNotDependOnOthers() throws {
        func usage(with others: Int) throws -> Usage {
            let harness = try LoopHarness()
            let id = harness.submit(request(Array(repeating: 1, count: 40), chains: 3))
            for index in 0..<others {
                harness.submit(request(Array(repeating: 2, count: 10 + index)))
            }
            try harness.run()
            return try #require(harness.heard[id]?[0].end?.usage)
        }
        let (alone, together) = (try usage(with: 0), try usage(with: 3))
        #expect(alone.peakRequestBytes == alone.peakCacheBytes)
        #expect(together.peakRequestBytes == alone.peakRequestBytes)
        #expect(together.peakCacheBytes > alone.peakCacheBytes)
        #expect(together.peakTokens == 59 && together.kvReads == alone.kvReads)
        #expect(together.bytesMoved == alone.bytesMoved && alone.bytesMoved > 0)
    }

    @Test(arguments: [1, 7, 64]) func scoring(chunk: Int) throws {
        let tokens = (0..<40).map { Int32($0 * 7 % 61) }
        let harness = try LoopHarness(budget: StepBudget(maximumTokens: 33))
        harness.submit(request([9], chains: 2))
        let result = try harness.score(ScoringRequest(tokens: tokens, topCount: 3, chunk: chunk))
        #expect(result.logprobs.count == 40 && result.logprobs[0] == nil && result.top[0].isEmpty)
        var sampler = Sampler(vocabularySize: PrefixHashModel.vocabulary)
        for place in 1..<40 {
            let described = try PrefixHashModel.logits(after: Array(tokens[..<place]))
                .withUnsafeBufferPointer {
                    try sampler.logProbabilities(LogitRow($0), of: tokens[place], top: 3)
                }
            #expect(result.logprobs[place] == described.logprob)
            #expect(result.top[place] == described.top)
        }
        #expect(try #require(result.perplexity) > 1)
        #expect(result.usage.peakCacheBytes > 0)
    }

    @Test func scoringAtTheEdges() throws {
        let harness = try LoopHarness(tokens: 64)
        #expect(try harness.score(ScoringRequest(tokens: [3])).logprobs == [nil])
        #expect(throws: EngineError.self) { try harness.score(ScoringRequest(tokens: [])) }
        #expect(throws: EngineError.self) {
            try harness.score(ScoringRequest(tokens: [1, 2], topCount: 62))
        }
        #expect(throws: EngineError.self) {
            try harness.score(ScoringRequest(tokens: Array(repeating: 1, count: 80)))
        }
        // Beside others a text gives way and is computed again.
        harness.submit(request(Array(repeating: 2, count: 20)))
        let text = ScoringRequest(tokens: Array(repeating: 1, count: 60), chunk: 9)
        let crowded = try harness.score(text)
        #expect(crowded.logprobs == (try LoopHarness().score(text)).logprobs)
    }
}
