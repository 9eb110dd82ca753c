/// Loading, sessions, streaming, scoring and cancelling, on a tiny model with random weights.

import Foundation
import Martlet
import Testing

@Suite struct ModelTests {
    private func tiny(_ change: (inout ModelOptions) -> Void = { _ in }) async throws -> Model {
        var options = ModelOptions()
        options.threads = 1
        options.maximumBatchTokens = 32
        change(&options)
        return try await Model.load("random:tiny", options: options)
    }

    private func few(_ count: Int) -> GenerationOptions {
        var options = GenerationOptions()
        options.maximumTokens = count
        return options
    }

    @Test func aResponseHasTextTokensAndUsage() async throws {
        let model = try await tiny()
        let response = try await model.makeSession().respond(to: "hello", options: few(6))
        #expect(response.tokens.count == 6)
        #expect(response.text == response.tokens.map { "<\($0)>" }.joined())
        #expect(response.finishReason == .length)
        #expect(response.usage.promptTokens == 5)
        #expect(response.usage.peakCacheBytes > 0)
        #expect(model.lossyMethods.isEmpty)
    }

    @Test func aStreamIsTheSameResponseInPieces() async throws {
        let model = try await tiny()
        let whole = try await model.makeSession().respond(to: "hello", options: few(6))
        var text = ""
        var tokens: [Int32] = []
        var last: Response?
        let session = model.makeSession()
        for try await part in session.stream("hello", options: few(6)) {
            text += part.text
            if let token = part.token { tokens.append(token) }
            last = part.response
        }
        #expect(text == whole.text)
        #expect(tokens == whole.tokens)
        #expect(last?.tokens == whole.tokens)
        #expect(!session.isResponding)
        #expect(session.transcript == "hello" + text)
    }

    /// As many chains as a step may have run at once, and the others after them, with the same tokens.
    @Test func chainsWaitForAPlaceInTheStep() async throws {
        var texts: [[String]] = []
        for (most, steps) in [(1, 16), (3, 6)] {
            let model = try await tiny { $0.maximumBatchSequences = most }
            var chains = [String](repeating: "", count: 3)
            for try await part in try model.generate(
                model.encode("hello"), options: few(6), chainCount: 3)
            {
                chains[part.chain] += part.part.text
            }
            texts.append(chains)
            let statistics = try #require(await model.engine.lastStatistics)
            #expect(statistics.steps == steps)
            await model.shutdown()
        }
        #expect(texts[0] == texts[1])
    }

    @Test func theConversationGoesOn() async throws {
        let model = try await tiny()
        let session = model.makeSession(instructions: "Be brief. ")
        let first = try await session.respond(to: "one", options: few(3))
        #expect(session.transcript == "Be brief. one" + first.text)
        let before = session.transcript
        let second = try await session.respond(to: " two", options: few(3))
        let alone = try await model.makeSession(instructions: before)
            .respond(to: " two", options: few(3))
        #expect(second.tokens == alone.tokens)
    }

    @Test func aSessionAnswersOnePromptAtATime() async throws {
        let session = try await tiny().makeSession()
        let stream = session.stream("hello", options: few(100))
        #expect(session.isResponding)
        await #expect(throws: MartletError.self) { try await session.respond(to: "again") }
        for try await _ in stream {}
        #expect(!session.isResponding)
    }

    @Test func anUnreadStreamLetsTheSessionGo() async throws {
        let session = try await tiny().makeSession(instructions: "x")
        do { _ = session.stream("hello", options: few(100)) }
        #expect(!session.isResponding)
        #expect(session.transcript == "x")
    }

    @Test func cancellingKeepsWhatThereWas() async throws {
        let session = try await tiny { $0.memoryBudget = 1 << 30 }.makeSession()
        let task = Task { try await session.respond(to: "hello", options: few(100_000)) }
        try await Task.sleep(for: .milliseconds(50))
        task.cancel()
        let response = try await task.value
        #expect(response.finishReason == .cancelled)
        #expect(response.usage.promptTokens == 5)
        #expect(!session.isResponding)
    }

    @Test func seededResponsesDoNotDependOnWhatElseRuns() async throws {
        let model = try await tiny()
        var options = few(8)
        options.temperature = 1
        options.seed = 3
        let alone = try await model.makeSession().respond(to: "hello", options: options)
        async let other = model.makeSession().respond(to: "something longer", options: few(20))
        async let again = model.makeSession().respond(to: "hello", options: options)
        #expect(try await again.tokens == alone.tokens)
        #expect(try await other.tokens.count == 20)
    }

    @Test func scoresAgreeWithChosenLogprobs() async throws {
        let model = try await tiny()
        var options = few(4)
        options.logprobs = 2
        let prompt = try model.encode("hello")
        let response = try await model.makeSession().respond(to: "hello", options: options)
        let score = try await model.score(prompt + response.tokens, topCount: 1)
        #expect(score.logprobs[0] == nil)
        #expect(Array(score.logprobs.suffix(4)) == response.logprobs.map { Float?($0) })
        #expect(response.top.allSatisfy { $0.count == 2 })
        #expect(response.top.map { $0[0].token } == response.tokens)
    }

    @Test func aStopTextEndsBeforeIt() async throws {
        let model = try await tiny()
        let whole = try await model.makeSession().respond(to: "hello", options: few(3))
        var options = few(3)
        options.stop = ["<\(whole.tokens[0])>"]
        let stopped = try await model.makeSession().respond(to: "hello", options: options)
        #expect(stopped.text.isEmpty)
        #expect(stopped.finishReason == .stop)
    }

    @Test func lossyOptionsAreNamed() async throws {
        let model = try await tiny {
            $0.weights = .q8
            $0.cacheCodec = .q4
            $0.cachePolicy = "window(sinks=4, recent=64)"
        }
        #expect(
            model.lossyMethods == [
                "weights q8", "kv q4 by token",
                "cache window(sinks=4, recent=64, positions=reindex) + kv(q4, by=token)",
            ])
        let response = try await model.makeSession().respond(to: "hello", options: few(200))
        #expect(response.tokens.count == 200)
    }

    @Test func aBoundedCacheStaysSmall() async throws {
        let model = try await tiny { $0.cachePolicy = "window(sinks=4, recent=32)" }
        let short = try await model.makeSession().respond(to: "hello", options: few(100))
        let long = try await model.makeSession().respond(to: "hello", options: few(400))
        #expect(short.usage.peakCacheBytes == long.usage.peakCacheBytes)
    }

    // MARK: Refusals

    @Test(arguments: [
        ("/nowhere/at/all", MartletError.Code.fileNotFound), ("random:nothing", .unknownModel),
    ])
    func wrongNamesAreRefused(name: String, code: MartletError.Code) async {
        await expect(code) { _ = try await Model.load(name) }
    }

    @Test func wrongOptionsAreRefused() async {
        await expect(.invalidPolicy) { _ = try await tiny { $0.cachePolicy = "window(recent=0)" } }
        await expect(.invalidParameter) { _ = try await tiny { $0.threads = 0 } }
        await expect(.invalidParameter) { _ = try await tiny { $0.maximumBatchTokens = 0 } }
        await expect(.invalidParameter) { _ = try await tiny { $0.maximumBatchSequences = 0 } }
        await expect(.budgetTooSmall) { _ = try await tiny { $0.memoryBudget = 100 } }
    }

    /// The embeddings of a model whose output matrix is another tensor stay in the file; however long ago it was loaded, a
    /// step that reads what was cut away is an error, and not the end of the process.
    @Test func aFileThatIsCutLaterIsAnError() async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "martlet-cut-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        var golden = URL(filePath: #filePath).deletingLastPathComponent()
        golden.append(path: "../MartletModelsTests/Goldens/llama-mqa")
        try FileManager.default.copyItem(at: golden, to: folder)
        let model = try await Model.load(folder.path(percentEncoded: false))
        _ = try await model.score([1, 2, 3])
        let file = try FileHandle(forWritingTo: folder.appending(path: "model.safetensors"))
        try file.truncate(atOffset: 5000)
        try file.close()
        await expect(.unreadableFile) { _ = try await model.score([1, 2, 3]) }
        await expect(.unreadableFile) { _ = try await model.score([4, 5, 6]) }
    }

    @Test func requestsBeyondTheContextAreRefused() async throws {
        let model = try await tiny()
        let tokens = model.shape.contextLength + 10
        await expect(.contextExceeded) {
            _ = try await model.makeSession().respond(to: "hello", options: few(tokens))
        }
        await expect(.promptTooLong) {
            _ = try await model.score([Int32](repeating: 1, count: tokens))
        }
        await expect(.tokenOutOfRange) { _ = try await model.score([1, 5000]) }
        await expect(.emptyPrompt) { _ = try await model.makeSession().respond(to: "") }
    }

    @Test func aFullBudgetIsAnEnding() async throws {
        let model = try await tiny { $0.memoryBudget = 70_000 }
        let response = try await model.makeSession().respond(to: "hello", options: few(1000))
        #expect(response.finishReason == .outOfMemory)
        #expect(response.tokens.count > 10)
    }

    @Test func aModelThatIsShutDownRefuses() async throws {
        let model = try await tiny()
        await model.shutdown()
        await expect(.shutDown) { _ = try await model.makeSession().respond(to: "hello") }
    }

    private func expect(
        _ code: MartletError.Code, location: SourceLocation = #_sourceLocation,
        _ body: () async throws -> Void
    ) async {
        do {
            try await body()
            Issue.record("nothing was thrown, expected \(code)", sourceLocation: location)
        } catch {
            #expect((error as? MartletError)?.code == code, "\(error)", sourceLocation: location)
        }
    }
}
