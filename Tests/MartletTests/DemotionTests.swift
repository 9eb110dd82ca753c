/// Under memory pressure pages are stored in fewer bits before anybody gives way, where the policy says so.

import Foundation
import Martlet
import MartletCache
import MartletEngine
import MartletModels
import Testing

@Suite struct DemotionTests {
    private static let demoting = "dense + kv(f16, demote=q8)"
    private static let texts = (0..<6).map { index in
        (0..<5).map { "Swift number \(index * 7 + $0 * 3) sleeps on the wing. " }.joined()
    }

    private static func loaded(_ policy: String, reuse: Bool = false) async throws -> LoadedModel {
        var options = ModelOptions()
        options.threads = 2
        options.maximumBatchTokens = 64
        options.promptReuse = reuse ? PromptReuse() : nil
        return try await LoadedModel.load("random:tiny", options: options).under(policy)
    }

    /// All texts at once within so many tokens of cache in f16.
    private static func answers(
        _ loaded: LoadedModel, tokens: Int
    ) async throws -> (responses: [Response], statistics: EngineStatistics) {
        let model = try await Model(loaded, budgetBytes: tokens * loaded.cacheShape.bytesPerToken)
        let responses = try await withThrowingTaskGroup(of: (Int, Response).self) { group in
            for (index, text) in texts.enumerated() {
                group.addTask {
                    var options = GenerationOptions()
                    options.maximumTokens = 120
                    options.ignoresEndTokens = true
                    options.temperature = 0
                    var last: Response?
                    for try await part in try model.generate(text, options: options) {
                        last = part.part.response ?? last
                    }
                    return (index, try #require(last))
                }
            }
            var all: [Int: Response] = [:]
            for try await (index, response) in group { all[index] = response }
            return texts.indices.compactMap { all[$0] }
        }
        try await model.engine.checkIntegrity()
        let statistics = try #require(await model.engine.lastStatistics)
        await model.shutdown()
        return (responses, statistics)
    }

    /// With room for all it is f16, token for token, and says that nothing was demoted.
    @Test func withRoomNothingIsDemoted() async throws {
        let plain = try await Self.answers(Self.loaded("dense + kv(f16)"), tokens: 4096)
        let loaded = try await Self.loaded(Self.demoting)
        #expect(loaded.lossyMethods == ["kv f16 demoting to q8"])
        let demoting = try await Self.answers(loaded, tokens: 4096)
        #expect(demoting.responses.map(\.tokens) == plain.responses.map(\.tokens))
        #expect(demoting.statistics.demotions == 0 && demoting.statistics.preemptions == 0)
        #expect(demoting.responses.allSatisfy { $0.usage.demotedTokens == 0 })
    }

    /// Where f16 must compute again, fewer bits go on: all end, and what was stored in fewer is told.
    @Test(arguments: [false, true]) func demotingComputesLessAgain(reuse: Bool) async throws {
        let plain = try await Self.answers(
            Self.loaded("dense + kv(f16)", reuse: reuse), tokens: 900)
        let demoting = try await Self.answers(
            Self.loaded(Self.demoting, reuse: reuse), tokens: 900)
        #expect(plain.statistics.preemptions > 0 && plain.statistics.demotions == 0)
        #expect(demoting.statistics.demotions > 0)
        #expect(demoting.statistics.recomputedTokens < plain.statistics.recomputedTokens)
        for answers in [plain.responses, demoting.responses] {
            #expect(answers.allSatisfy { $0.tokens.count == 120 && $0.finishReason == .length })
        }
        #expect(plain.responses.allSatisfy { $0.usage.demotedTokens == 0 })
        #expect(demoting.responses.contains { $0.usage.demotedTokens > 0 })
    }

    /// A request that may hold so many bytes goes on in fewer bits, and ends where those are all.
    @Test func aRequestStaysWithinItsBytes() async throws {
        var options = GenerationOptions()
        options.maximumTokens = 400
        options.ignoresEndTokens = true
        func answer(_ policy: String) async throws -> Response {
            let loaded = try await Self.loaded(policy)
            options.maximumCacheBytes = 300 * loaded.cacheShape.bytesPerToken
            let model = try await Model(
                loaded, budgetBytes: 2000 * loaded.cacheShape.bytesPerToken)
            var last: Response?
            for try await part in try model.generate(Self.texts[0], options: options) {
                last = part.part.response ?? last
            }
            await model.shutdown()
            let response = try #require(last)
            #expect(response.usage.peakRequestBytes <= options.maximumCacheBytes ?? 0)
            return response
        }
        let (plain, demoting) = (
            try await answer("dense + kv(f16)"), try await answer(Self.demoting)
        )
        #expect(demoting.tokens.count > plain.tokens.count + 50)
        #expect(demoting.usage.demotedTokens > 200 && plain.usage.demotedTokens == 0)
    }

    /// A prompt that f16 has no room for is computed in fewer bits, in as few bytes as the refusal of less names. What is
    /// scored needs f16's.
    @Test func aPromptFitsInFewerBits() async throws {
        let text = Self.texts.joined()
        func model(_ policy: String, bytes: Int) async throws -> Model {
            try await Model(Self.loaded(policy), budgetBytes: bytes)
        }
        /// The bytes that a refusal names; nil where the prompt is answered.
        func refusal(
            _ model: Model, _ ask: (Model) async throws -> Void
        ) async throws -> Int? {
            do {
                try await ask(model)
                return nil
            } catch let error as MartletError {
                let match = try #require(error.message.firstMatch(of: /need (\d+) bytes/))
                return Int(match.1)
            }
        }
        func answer(_ model: Model) async throws {
            var options = GenerationOptions()
            options.maximumTokens = 1
            var last: Response?
            for try await part in try model.generate(text, options: options) {
                last = part.part.response ?? last
            }
            #expect(try #require(last).usage.demotedTokens > 0)
        }
        func score(_ model: Model) async throws {
            _ = try await model.score(model.encode(text))
        }

        let small = try await model(Self.demoting, bytes: 40 * 1024)
        let needed = try #require(try await refusal(small, answer))
        let exact = try #require(try await refusal(small, score))
        await small.shutdown()
        #expect(Double(needed) < 0.65 * Double(exact))

        let enough = try await model(Self.demoting, bytes: needed)
        #expect(try await refusal(enough, answer) == nil)
        #expect(try await refusal(enough, score) == exact)
        try await enough.engine.checkIntegrity()
        await enough.shutdown()
        let plain = try await model("dense + kv(f16)", bytes: needed)
        #expect(try await refusal(plain, answer) == exact)
        await plain.shutdown()
    }

    /// Nobody goes on with what was stored in fewer bits: the same prompt afterwards has the bits of a cache with room.
    @Test func whatWasDemotedServesNobody() async throws {
        let loaded = try await Self.loaded(Self.demoting, reuse: true)
        let bytes = 400 * loaded.cacheShape.bytesPerToken
        var options = GenerationOptions()
        options.maximumTokens = 40
        options.ignoresEndTokens = true
        options.logprobs = 3
        func answer(_ model: Model, _ text: String) async throws -> Response {
            var last: Response?
            for try await part in try model.generate(text, options: options) {
                last = part.part.response ?? last
            }
            return try #require(last)
        }
        let roomy = try await Model(loaded, budgetBytes: 10 * bytes)
        let expected = try await answer(roomy, Self.texts[0])
        await roomy.shutdown()
        let model = try await Model(loaded, budgetBytes: bytes)
        options.maximumTokens = 250
        let long = try await answer(model, Self.texts[0])
        #expect(long.usage.demotedTokens > 0)
        options.maximumTokens = 40
        let again = try await answer(model, Self.texts[0])
        #expect(again.usage.cachedPromptTokens == 0 && again.usage.demotedTokens == 0)
        #expect(again.tokens == expected.tokens && again.logprobs == expected.logprobs)
        try await model.engine.checkIntegrity()
        await model.shutdown()
    }
}
