/// One prompt and its chains, by themselves and on a model that is loaded already.

import Martlet
import Testing

@Suite struct PromptGenerationTests {
    private static func loading(_ change: (inout ModelOptions) -> Void = { _ in }) -> ModelOptions {
        var options = ModelOptions()
        options.threads = 1
        options.maximumBatchTokens = 32
        change(&options)
        return options
    }

    private static func options(_ count: Int) -> GenerationOptions {
        var options = GenerationOptions()
        options.maximumTokens = count
        options.temperature = 1
        options.seed = 7
        return options
    }

    private static func texts(_ stream: ChainStream, _ count: Int) async throws -> [Response?] {
        var responses = [Response?](repeating: nil, count: count)
        for try await piece in stream {
            if let response = piece.part.response { responses[piece.chain] = response }
        }
        return responses
    }

    @Test func itSaysWhatAModelSays() async throws {
        let generation = try await PromptGeneration.start(
            "random:tiny", loading: Self.loading(), prompt: Array("hello".utf8),
            options: Self.options(9), chainCount: 3)
        var pieces = ["", "", ""]
        let responses = try await generation.responses { pieces[$0.chain] += $0.part.text }
        #expect(responses.map(\.text) == pieces)
        #expect(responses.map(\.tokens.count) == [9, 9, 9])
        #expect(Set(responses.map(\.tokens)).count == 3)
        #expect(generation.promptTokens.count == 5 && generation.seed == 7)

        let model = try await Model.load("random:tiny", options: Self.loading())
        let stream = try model.generate("hello", options: Self.options(9), chainCount: 3)
        #expect(try await Self.texts(stream, 3).map { $0?.tokens } == responses.map(\.tokens))
        let session = model.makeSession()
        let response = try await session.respond(to: "hello", options: Self.options(9))
        #expect(response.tokens == responses[0].tokens)
    }

    /// A model by itself has a cache for one context; a generation has one for all of its chains.
    @Test func theCacheHoldsAllChains() async throws {
        let generation = try await PromptGeneration.start(
            "random:tiny", loading: Self.loading(), prompt: Array("hello".utf8),
            options: Self.options(100), chainCount: 40)
        let responses = try await generation.responses()
        #expect(responses.allSatisfy { $0.finishReason == .length })
        #expect(responses.map(\.usage.peakCacheBytes).max() ?? 0 <= generation.budgetBytes)
        #expect(responses.tokensPerSecond ?? 0 > 0)
        let small = try await PromptGeneration.start(
            "random:tiny", loading: Self.loading(), prompt: Array("hello".utf8),
            options: Self.options(1000), budgetBytes: 70_000)
        #expect(try await small.responses().map(\.finishReason) == [.outOfMemory])
        #expect(small.budgetBytes == 70_000)
    }

    @Test func cancellingKeepsWhatThereWas() async throws {
        let generation = try await PromptGeneration.start(
            "random:tiny", loading: Self.loading { $0.cachePolicy = "window(recent=64)" },
            prompt: Array("hello".utf8), options: Self.options(1_000_000), chainCount: 2)
        let responses = try await generation.responses { _ in generation.cancel() }
        #expect(responses.map(\.finishReason) == [.cancelled, .cancelled])
        #expect(responses.allSatisfy { $0.tokens.count >= 1 })
    }

    @Test func aDrawnSeedIsTold() async throws {
        var options = Self.options(6)
        options.seed = nil
        func start(_ options: GenerationOptions) async throws -> PromptGeneration {
            try await PromptGeneration.start(
                "random:tiny", loading: Self.loading(), prompt: [1, 2, 3], options: options)
        }
        let first = try await start(options)
        options.seed = first.seed
        let tokens = try await first.responses().map(\.tokens)
        #expect(try await start(options).responses().map(\.tokens) == tokens)
    }

    @Test func scoresAreThoseOfAModel() async throws {
        let loaded = try await LoadedModel.load("random:tiny", options: Self.loading())
        let tokens: [Int32] = (0..<50).map { $0 * 5 % 200 }
        let model = try await Model.load("random:tiny", options: Self.loading())
        let expected = try await model.score(tokens, topCount: 2)
        let result = try await loaded.score(tokens, topCount: 2, budgetBytes: nil)
        #expect(result.logprobs == expected.logprobs && result.top == expected.top)
        let after = try await loaded.score(tokens, afterPromptOf: 20, budgetBytes: nil)
        // The logarithms are taken in another way.
        for (one, other) in zip(after.logprobs, expected.logprobs[20...]) {
            #expect(abs(one - (other ?? 0)) < 1e-5)
        }
        #expect(after.logprobs.count == 30)
        for count in [0, 50] {
            await #expect(throws: MartletError.self) {
                _ = try await loaded.score(tokens, afterPromptOf: count, budgetBytes: nil)
            }
        }
        let choosing = try loaded.under("snapkv(budget=8, window=4)")
        await #expect(throws: MartletError.self) {
            _ = try await choosing.score(tokens, topCount: 0, budgetBytes: nil)
        }
        _ = try await choosing.score(tokens, afterPromptOf: 20, budgetBytes: nil)
    }
}
