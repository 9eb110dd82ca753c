/// The budget that is computed for a request really suffices, and is not wasteful.

import Martlet
import Testing

@Suite struct CacheBudgetTests {
    @Test(
        arguments: [
            "dense", "window(sinks=4, recent=20)", "window(sinks=0, recent=1)", "kv(q8)", "kv(q4)",
            "kv(q4, by=channel, residual=32)", "kv(kivi)",
        ], [1, 3, 8])
    func computedBudgetsSuffice(policy: String, chains: Int) async throws {
        var options = ModelOptions()
        options.threads = 1
        options.cachePolicy = policy
        options.maximumBatchTokens = 16
        let loaded = try LoadedModel("random:tiny", options: options)
        for (prompt, completion) in [(1, 1), (16, 16), (17, 40), (70, 3)] {
            let budget = try loaded.cacheBytes(
                CacheBudget(
                    promptTokens: prompt, completionTokens: completion, chainCount: chains,
                    chunk: options.maximumBatchTokens))
            let model = try await Model(loaded, budgetBytes: budget)
            var generation = GenerationOptions()
            generation.maximumTokens = completion
            let stream = try model.generate(
                (0..<Int32(prompt)).map { $0 }, options: generation, chainCount: chains)
            var reasons: [FinishReason] = []
            for try await piece in stream {
                guard let response = piece.part.response else { continue }
                reasons.append(response.finishReason)
                #expect(response.tokens.count == completion)
            }
            #expect(reasons == [FinishReason](repeating: .length, count: chains))
            #expect(await model.engine.statistics?.preemptions == 0)
        }
    }

    @Test func numbersTooLargeToCountAreRefused() throws {
        var options = ModelOptions()
        options.threads = 1
        let loaded = try LoadedModel("random:tiny", options: options)
        #expect(throws: MartletError.self) {
            try loaded.cacheBytes(
                CacheBudget(promptTokens: .max, completionTokens: .max, chainCount: .max))
        }
    }
}
