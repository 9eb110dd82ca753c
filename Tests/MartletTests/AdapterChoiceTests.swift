// The choice of an adapter wherever the library runs a model, and what adapters cost of a memory budget.

import MartletCache
import MartletEngine
import MartletModels
import Testing

@testable import Martlet

@Suite struct AdapterChoiceTests {
    private static let tokens: [Int32] = [1, 7, 3, 9, 2, 11, 5, 40, 21, 8, 30, 2, 17]

    private static func worst(_ a: [Float?], _ b: [Float?]) -> Float {
        guard a.count == b.count else { return .infinity }
        return zip(a, b).map { abs(($0 ?? 0) - ($1 ?? 0)) }.max() ?? .infinity
    }

    // MARK: Sessions

    private static func options(_ adapter: String? = nil) -> GenerationOptions {
        var options = GenerationOptions()
        options.maximumTokens = 12
        options.logprobs = 0
        options.ignoresEndTokens = true
        options.adapter = adapter
        return options
    }

    /// A session goes on with what its own adapter computed; under another one, or none, every token is computed anew,
    /// and the answer is that of a session that never had the other.
    @Test func aSessionsCacheNeverCrossesAdapters() async throws {
        let folder = try AdapterFolder("builtin")
        let model = try await folder.model(live: ["a", "b"])
        let prompts = ["the first of several questions, ", "and a second one. ", "And more? "]
        let session = model.makeSession(adapter: "a")
        #expect(session.adapter == "a")
        let first = try await session.respond(to: prompts[0], options: Self.options())
        let alone = try await model.makeSession().respond(
            to: prompts[0], options: Self.options("a"))
        #expect(first.text == alone.text && first.logprobs == alone.logprobs)
        let plain = try await model.makeSession().respond(to: prompts[0], options: Self.options())
        #expect(first.logprobs != plain.logprobs)

        let second = try await session.respond(to: prompts[1], options: Self.options())
        #expect(second.usage.cachedPromptTokens > 0)
        for name in ["b", "a"] {
            let told = session.messages
            let other = try await session.respond(to: prompts[2], options: Self.options(name))
            #expect(other.usage.cachedPromptTokens == 0, "\(name)")
            let fresh = try await model.makeSession(messages: told, adapter: name).respond(
                to: prompts[2], options: Self.options())
            #expect(other.text == fresh.text && other.logprobs == fresh.logprobs, "\(name)")
        }
    }

    @Test func aSessionsUnknownAdapterIsRefused() async throws {
        let folder = try AdapterFolder("builtin")
        let model = try await folder.model(live: ["a"])
        let session = model.makeSession(adapter: "c")
        let error = await #expect(throws: MartletError.self) {
            _ = try await session.respond(to: "hello")
        }
        #expect(error?.message.contains("got c, expected one of a") == true)
        #expect(session.messages.isEmpty)
    }

    // MARK: Scores, vectors

    /// Scoring, in windows and after a prompt, is that of the merged model but for rounding.
    @Test func scoresAreThoseOfTheMergedModel() async throws {
        let folder = try AdapterFolder("Goldens/llama-mqa")
        let live = try await folder.model(live: ["a", "b"])
        for name in ["a", "b"] {
            let merged = try await folder.model(merged: name)
            #expect(
                try await Self.worst(
                    live.score(Self.tokens, adapter: name).logprobs,
                    merged.score(Self.tokens).logprobs) < 1e-4)
            #expect(
                try await Self.worst(
                    live.score(
                        Self.tokens, stride: 4, window: 6, topCount: 0, adapter: name, chunk: 64
                    ).logprobs,
                    merged.score(Self.tokens, stride: 4, window: 6, topCount: 0, chunk: 64)
                        .logprobs) < 1e-4)
            #expect(
                try await Self.worst(
                    live.loaded.score(
                        Self.tokens, afterPromptOf: 5, budgetBytes: nil, adapter: name
                    ).logprobs,
                    merged.loaded.score(Self.tokens, afterPromptOf: 5, budgetBytes: nil).logprobs)
                    < 1e-4)
            #expect(
                try await Self.worst(
                    live.score(Self.tokens, adapter: name).logprobs,
                    live.score(Self.tokens).logprobs) > 1e-2)
        }
        for refused in [
            await #expect(throws: MartletError.self) {
                _ = try await live.score(Self.tokens, adapter: "c")
            },
            await #expect(throws: MartletError.self) {
                _ = try await live.loaded.score(
                    Self.tokens, afterPromptOf: 5, budgetBytes: nil, adapter: "c")
            },
        ] {
            #expect(refused?.code == .invalidParameter)
            #expect(refused?.message.contains("got c, expected one of a, b") == true)
        }
    }

    @Test func vectorsAreThoseOfTheMergedModel() async throws {
        let folder = try AdapterFolder("Goldens/llama-mqa")
        func model(_ options: ModelOptions) async throws -> EmbeddingModel {
            try await EmbeddingModel.load(folder.base, options: options, pooling: .last)
        }
        let texts = [Self.tokens, [4, 4, 9], [30, 2]]
        let live = try await model(folder.options(live: ["a", "b"]))
        let plain = try await model(folder.options()).embed(tokens: texts).vectors
        #expect(try await live.embed(tokens: texts).vectors == plain)
        var options = EmbeddingOptions()
        for name in ["a", "b"] {
            options.adapter = name
            let found = try await live.embed(tokens: texts, options: options).vectors
            let merged = try await model(folder.options(merged: name)).embed(tokens: texts).vectors
            #expect(Self.worst(found.flatMap(\.self), merged.flatMap(\.self)) < 1e-4)
            #expect(Self.worst(found.flatMap(\.self), plain.flatMap(\.self)) > 1e-2)
        }
        options.adapter = "c"
        let error = await #expect(throws: MartletError.self) {
            _ = try await live.embed(tokens: texts, options: options)
        }
        #expect(error?.code == .invalidParameter)
    }

    // MARK: Searches

    private static func solve(
        _ model: Model, prompt: String = "C97:a=8,b=a*9+4,b?", memory: Int? = nil,
        length: Int = 10, _ adapter: String?
    ) async throws -> SolveResult {
        var options = SolveOptions()
        (options.width, options.length, options.seed) = (3, length, 5)
        options.aggregation = .all
        options.extraction = .line
        options.adapter = adapter
        var found: SolveResult?
        let search = model.solve(
            prompt, budget: SolveBudget(memory: memory), options: options)
        for try await event in search { if case .answer(let result) = event { found = result } }
        return try #require(found)
    }

    /// Chains of a search are a generation's under the adapter, and never those of a form with other weights.
    @Test func searchesRunUnderTheirAdapter() async throws {
        let folder = try AdapterFolder("builtin")
        let options = folder.options(live: ["a", "b"])
        let model = try await Model.load(
            "builtin", options: options, costs: CostStore(file: nil))
        let plain = try await Self.solve(model, nil)
        // They are in memory whichever form searches: here one that holds a prompt of 3,000 tokens where the dense one cannot.
        let long = String(repeating: "K:near a dw=21252 under bread;", count: 100)
        let tight = try await Self.solve(
            model, prompt: long, memory: model.adapterBytes + 2_000_000, length: 32, nil)
        #expect(tight.configuration.model != "builtin")
        #expect(tight.adapterBytes == model.adapterBytes && model.adapterBytes > 0)
        for name in ["a", "b"] {
            let result = try await Self.solve(model, name)
            #expect(result.configuration.model == "builtin")
            #expect(result.adapterBytes == model.adapterBytes)
            var options = GenerationOptions()
            (options.maximumTokens, options.temperature, options.seed) = (10, 0.7, 5)
            options.adapter = name
            var texts: [Int: String] = [:]
            let stream = try model.generate("C97:a=8,b=a*9+4,b?", options: options, chainCount: 3)
            for try await piece in stream {
                if let response = piece.part.response { texts[piece.chain] = response.text }
            }
            for chain in result.chains { #expect(chain.text == texts[chain.index], "\(name)") }
            #expect(result.chains.map(\.meanLogprob) != plain.chains.map(\.meanLogprob))
        }
        let error = await #expect(throws: MartletError.self) {
            _ = try await Self.solve(model, "c")
        }
        #expect(error?.message.contains("got c, expected one of a, b") == true)
    }

    // MARK: Memory

    /// Cache and adapters together stay inside the budget; one that adapters fill is refused with their bytes.
    @Test func adaptersCountInTheBudget() async throws {
        let folder = try AdapterFolder("builtin")
        let model = try await folder.model(live: ["a", "b"])
        let adapters = model.adapterBytes
        #expect(adapters > 0)
        let needed = try await Self.solve(model, "a")
        let budget = adapters + needed.peakCacheBytes + needed.peakCacheBytes / 2
        let result = try await Self.solve(model, memory: budget, "a")
        #expect(result.peakCacheBytes + result.adapterBytes <= budget)
        #expect(result.chains.map(\.text) == needed.chains.map(\.text))
        for budget in [1, adapters] {
            for refused in [
                await #expect(throws: MartletError.self) {
                    _ = try await Self.solve(model, memory: budget, nil)
                },
                await #expect(throws: MartletError.self) {
                    _ = try await folder.model(live: ["a", "b"], memory: budget)
                },
                await #expect(throws: MartletError.self) {
                    _ = try await model.loaded.score(
                        Self.tokens, topCount: 0, budgetBytes: budget)
                },
            ] {
                #expect(refused?.code == .budgetTooSmall)
                #expect(refused?.message.contains("\(budget) bytes") == true)
                #expect(refused?.message.contains("more than the \(adapters) of") == true)
            }
        }
        // What is left is the cache's.
        let small = try await folder.model(live: ["a", "b"], memory: adapters + 1_000_000)
        let statistics = try #require(await small.engine.statistics)
        #expect(statistics.cache.budgetBytes <= 1_000_000)
    }
}
