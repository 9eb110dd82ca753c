// What a chain says depends on its request alone: not on batch, chunk, memory or other requests.

import MartletCache
import MartletPolicies
import Testing

@testable import MartletEngine

@Suite struct EngineLoopInvarianceTests {
    /// Requests of different kinds and lengths, the same for every configuration.
    static let requests: [GenerationRequest] = {
        var random = Seeded(3)
        return (0..<9).map { index in
            let prompt = (0..<Int.random(in: 1...50, using: &random)).map { _ in
                Int32.random(in: 0..<Int32(PrefixHashModel.vocabulary), using: &random)
            }
            var sampling = index % 3 == 0 ? SamplingParameters.greedy : SamplingParameters()
            sampling.seed = UInt64(index)
            sampling.maximumTokens = Int.random(in: 1...24, using: &random)
            if index % 3 == 1 { sampling.topK = 8 }
            if index % 3 == 2 {
                sampling.topP = 0.9
                sampling.repetitionPenalty = 1.3
                sampling.frequencyPenalty = 0.2
            }
            return GenerationRequest(
                promptTokens: prompt, sampling: sampling, chainCount: index % 4 == 3 ? 5 : 1)
        }
    }()

    static let answers: [[[Int32]]] = requests.map { request in
        (0..<request.chainCount).map { chain in
            (try? expected(request, chain: chain, seed: request.sampling.seed ?? 0)) ?? []
        }
    }

    struct Setting: CustomTestStringConvertible, Sendable {
        var chunk = 512
        var sequences = 64
        var tokens = 4096
        var isStaggered = false
        var testDescription: String {
            "chunk \(chunk), \(sequences) sequences, cache of \(tokens), staggered \(isStaggered)"
        }
    }

    static let settings: [Setting] = [
        Setting(), Setting(chunk: 1), Setting(chunk: 7), Setting(chunk: 64, sequences: 1),
        Setting(chunk: 33, sequences: 3, isStaggered: true), Setting(tokens: 240),
        Setting(chunk: 16, tokens: 160), Setting(chunk: 5, sequences: 2, tokens: 112),
        Setting(chunk: 100, tokens: 112, isStaggered: true), Setting(chunk: 3, tokens: 96),
    ]

    /// Many rows are chosen from on several threads; what a chain says is what it says alone.
    @Test func manyChainsChooseSideBySide() throws {
        var sampling = SamplingParameters()
        sampling.seed = 4
        sampling.maximumTokens = 12
        sampling.topP = 0.9
        sampling.repetitionPenalty = 1.3
        sampling.logprobs = 2
        let request = GenerationRequest(
            promptTokens: [1, 2, 3], sampling: sampling, chainCount: 64)
        let model = PrefixHashModel(threads: 2)
        let harness = try LoopHarness(model: model)
        let id = harness.submit(request)
        try harness.run()
        #expect(model.loops > 0)
        let heard = try #require(harness.heard[id])
        for chain in 0..<64 {
            let alone = try expected(request, chain: chain, seed: 4)
            #expect(heard[chain].tokens == alone && heard[chain].logprobs.count == alone.count)
        }
    }

    @Test(arguments: settings) func tokensDependOnTheRequestAlone(setting: Setting) throws {
        let harness = try LoopHarness(
            tokens: setting.tokens,
            budget: StepBudget(
                maximumTokens: setting.chunk, maximumSequences: setting.sequences))
        var ids: [RequestID] = []
        for request in Self.requests {
            ids.append(harness.submit(request))
            if setting.isStaggered {
                for _ in 0..<2 { harness.loop.step() }
                try harness.loop.checkIntegrity()
            }
        }
        try harness.run()
        for (id, answers) in zip(ids, Self.answers) {
            let heard = try #require(harness.heard[id])
            #expect(heard.map(\.tokens) == answers)
            #expect(heard.allSatisfy { $0.end?.reason == .length })
            #expect(heard.map { $0.end?.usage.completionTokens } == answers.map(\.count))
            #expect(harness.ended.contains(id))
        }
        #expect(harness.model.largestBatch.tokens <= setting.chunk)
        #expect(harness.model.largestBatch.sequences <= setting.sequences)
        let isTight = setting.tokens <= 160 && setting.sequences > 2
        #expect(!isTight || harness.loop.statistics.preemptions > 0)
    }

    @Test func randomSettings() throws {
        var random = Seeded(11)
        for _ in 0..<12 {
            let harness = try LoopHarness(
                tokens: Int.random(in: 5...30, using: &random) * 16,
                budget: StepBudget(
                    maximumTokens: Int.random(in: 1...60, using: &random),
                    maximumSequences: Int.random(in: 1...12, using: &random)))
            var ids: [(RequestID, Int)] = []
            for index in Self.requests.indices.shuffled(using: &random) {
                var request = Self.requests[index]
                request.priority = Int.random(in: 0...2, using: &random)
                ids.append((harness.submit(request), index))
                for _ in 0..<Int.random(in: 0...4, using: &random) { harness.loop.step() }
                try harness.loop.checkIntegrity()
            }
            try harness.run()
            for (id, index) in ids {
                #expect(harness.heard[id]?.map(\.tokens) == Self.answers[index])
            }
        }
    }

    /// Under a window there is no end to what fits, and chunks do not change what is seen.
    @Test(arguments: [1, 5, 40]) func boundedPolicyRunsInConstantMemory(chunk: Int) throws {
        var sampling = SamplingParameters.greedy
        sampling.maximumTokens = 150
        let request = GenerationRequest(
            promptTokens: (0..<70).map { Int32($0 % 61) }, sampling: sampling, chainCount: 1)
        var answers: [[Int32]] = []
        for budget in [chunk, 17] {
            let harness = try LoopHarness(
                tokens: 112, policy: CachePolicy("window(sinks=4, recent=24)"),
                budget: StepBudget(maximumTokens: budget))
            let id = harness.submit(request)
            try harness.run()
            let heard = try #require(harness.heard[id]?[0])
            #expect(heard.end?.reason == .length)
            #expect(heard.end?.usage.peakCacheBytes ?? 0 <= harness.cache.statistics.budgetBytes)
            answers.append(heard.tokens)
        }
        #expect(answers[0].count == 150)
        #expect(answers[0] == answers[1])
    }

    @Test func chainsShareThePromptAndDiffer() throws {
        var sampling = SamplingParameters()
        sampling.seed = 4
        sampling.maximumTokens = 6
        let request = GenerationRequest(
            promptTokens: Array(repeating: 7, count: 160), sampling: sampling, chainCount: 8)
        let harness = try LoopHarness(tokens: 320)
        let id = harness.submit(request)
        try harness.run()
        let heard = try #require(harness.heard[id])
        #expect(Set(heard.map(\.tokens)).count == 8)
        // One prompt of ten pages and one page for each chain, not eight prompts.
        let pages = 2 * 2 * harness.cache.shape.heldBytesPerPage
        #expect(heard[0].end?.usage.peakCacheBytes ?? 0 <= 18 * pages)
        #expect(harness.loop.statistics.computedTokens == 160 + 8 * 5)
        // Five decode steps at 161 ... 165 tokens attended.
        #expect(heard[0].end?.usage.kvReads == 815)
    }

    @Test func preemptedChainSharesItsPromptAgain() throws {
        var sampling = SamplingParameters()
        sampling.seed = 8
        sampling.maximumTokens = 40
        let request = GenerationRequest(
            promptTokens: (0..<70).map { Int32($0 % 61) }, sampling: sampling, chainCount: 6)
        let harness = try LoopHarness(tokens: 160)
        let id = harness.submit(request)
        try harness.run()
        for chain in 0..<6 {
            #expect(
                harness.heard[id]?[chain].tokens == (try expected(request, chain: chain, seed: 8)))
        }
        let statistics = harness.loop.statistics
        #expect(statistics.preemptions > 0)
        // The prompt is computed again only when no chain is left that has it: once here.
        #expect(statistics.computedTokens <= 2 * 70 + 6 * 39 + statistics.preemptions * 40)
    }
}
