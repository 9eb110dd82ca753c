/// Generation under compressing policies: what else runs, and giving way to it, changes no token.

import Martlet
import Testing

@Suite struct CompressedGenerationTests {
    private static let prompts = [
        "A swift sleeps on the wing, and so it never needs the ground for long.",
        "Martlets are drawn without feet.", String(repeating: "to and fro, ", count: 9),
        "One page holds sixteen tokens of one head of one layer.",
    ]

    private func answers(
        _ policy: String, memory: Int?, batch: Int
    ) async throws -> [[Int32]] {
        var options = ModelOptions()
        options.threads = 2
        options.maximumBatchTokens = batch
        options.cachePolicy = policy
        options.memoryBudget = memory
        let model = try await Model.load("random:tiny", options: options)
        var generation = GenerationOptions()
        generation.maximumTokens = 40
        generation.ignoresEndTokens = true
        let settings = generation
        let tokens = try await withThrowingTaskGroup(of: (Int, [Int32]).self) { group in
            for (index, prompt) in Self.prompts.enumerated() {
                group.addTask {
                    let response = try await model.makeSession().respond(
                        to: prompt, options: settings)
                    return (index, response.tokens)
                }
            }
            var result = [[Int32]](repeating: [], count: Self.prompts.count)
            for try await (index, tokens) in group { result[index] = tokens }
            return result
        }
        await model.shutdown()
        return tokens
    }

    /// With room for little more than one chain the others wait or give way and compute again; they
    /// keep the same tokens of their prompts again, and say the same.
    @Test(arguments: [
        "h2o(budget=24, recent=4)", "tova(budget=20) + kv(q8)",
        "adakv(snapkv(ratio=0.5, window=8))", "expected(ratio=0.4)", "dms(cr=4, window=8)",
        "quest(budget=32, dense=0)", "recycled(budget=24, refresh=6)",
        "chelsea(budget=24, recent=4)",
        "knorm(bytes=80KB)", "rkv(budget=24, buffer=16)", "kv(kivi, residual=16)",
        "scope(knorm(budget=20), window=16, recent=8)", "lserve(ratio=0.5, sinks=16, recent=16)",
    ]) func givingWayChangesNothing(policy: String) async throws {
        let alone = try await answers(policy, memory: 64 << 20, batch: 512)
        #expect(alone.allSatisfy { $0.count == 40 })
        let memory = policy.contains("q8") ? 150_000 : 380_000
        let crowded = try await answers(policy, memory: memory, batch: 64)
        #expect(crowded == alone)
    }

    /// A prompt that the model evicts from while it is read needs room for what stays, not for all of it; several of
    /// them run side by side where all would not fit even once.
    @Test func whatIsEvictedNeedsNoRoom() async throws {
        let prompt = (0..<150).map { "\($0) swifts sleep." }.joined(separator: " ")
        func answers(_ policy: String, memory: Int, count: Int = 1) async throws -> [Response] {
            var options = ModelOptions()
            options.threads = 2
            options.maximumBatchTokens = 64
            options.cachePolicy = policy
            options.memoryBudget = memory
            let model = try await Model.load("random:tiny", options: options)
            var generation = GenerationOptions()
            generation.maximumTokens = 12
            generation.ignoresEndTokens = true
            let settings = generation
            return try await withThrowingTaskGroup(of: Response.self) { group in
                for _ in 0..<count {
                    group.addTask {
                        try await model.makeSession().respond(to: prompt, options: settings)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        let dms = "dms(cr=8, window=8)"
        let all = try await answers(dms, memory: 64 << 20)
        let dense = try await answers("dense", memory: 64 << 20)
        let budget = dense[0].usage.peakCacheBytes / 2
        let few = try await answers(dms, memory: budget, count: 3)
        #expect(few.map(\.tokens) == Array(repeating: all[0].tokens, count: 3))
        #expect(few.allSatisfy { $0.usage.peakCacheBytes <= budget })
        // Two at a time at least: more than one of them ever held.
        #expect((few.map(\.usage.peakCacheBytes).max() ?? 0) > all[0].usage.peakCacheBytes)
        for (policy, words) in [("dense", "tokens need"), ("dms(cr=1.01)", "was full after")] {
            await #expect {
                _ = try await answers(policy, memory: budget)
            } throws: { error in
                let error = error as? MartletError
                return error?.code == .promptTooLong && error?.message.contains(words) == true
            }
        }
    }
}
