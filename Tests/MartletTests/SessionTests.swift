/// Conversations of several turns: the same answers as without a past in the cache, and less to compute.

import Foundation
import Martlet
import MartletCache
import MartletEngine
import Testing

@Suite struct SessionTests {
    private static func model(
        _ name: String = "builtin", _ change: (inout ModelOptions) -> Void = { _ in }
    ) async throws -> Model {
        var options = ModelOptions()
        options.threads = 2
        change(&options)
        return try await Model.load(name, options: options, costs: CostStore(file: nil))
    }

    private static func options(_ count: Int, temperature: Float = 0) -> GenerationOptions {
        var options = GenerationOptions()
        options.maximumTokens = count
        options.temperature = temperature
        options.seed = 11
        options.ignoresEndTokens = true
        return options
    }

    /// Waits until the engine has read what it was told, and returns the bytes that its cache holds.
    private static func bytesHeld(_ model: Model, becoming expected: Int) async throws -> Int {
        var bytes = -1
        for _ in 0..<1000 {
            bytes = try #require(await model.engine.statistics).cache.bytesHeld
            if bytes == expected { break }
            try await Task.sleep(for: .milliseconds(2))
        }
        try await model.engine.checkIntegrity()
        return bytes
    }

    private static let prompts = [
        "C97:a=8,b=a*9+4,c=b*8,d?", "\nC97:a=3,b=a*7+1,b?", "\nN24:4 6 8?", "\nand so on\n",
    ]

    /// The package's model reads bytes, so the text of an answer becomes the tokens that were computed.
    @Test(arguments: [
        "dense", "dense + kv(q8)", "dense + kv(q4)", "window(sinks=4, recent=48)",
        "window(sinks=0, recent=20) + kv(bf16)",
    ])
    func everyTurnIsWhatANewSessionSays(policy: String) async throws {
        for temperature: Float in [0, 0.9] {
            let model = try await Self.model { $0.cachePolicy = policy }
            let session = model.makeSession()
            var options = Self.options(30, temperature: temperature)
            // Its end token has no text, so it would be no part of the conversation.
            options.ignoresEndTokens = false
            // Tokens of the conversation that the cache has.
            var computed: [Int32] = []
            for prompt in Self.prompts {
                let before = session.transcript
                let tokens = try model.encode(before + prompt)
                let start = try #require(await model.engine.statistics).computedTokens
                let response = try await session.respond(to: prompt, options: options)
                let end = try #require(await model.engine.statistics).computedTokens
                #expect(response.usage.promptTokens == tokens.count)
                // A character that was cut off reads otherwise.
                if tokens.starts(with: computed) {
                    #expect(response.usage.cachedPromptTokens == computed.count)
                    let new = tokens.count - computed.count
                    #expect(end - start == new + response.usage.completionTokens - 1)
                }
                // The last token of an answer is chosen and not computed, unless an end token came after it.
                computed =
                    tokens + response.tokens.dropLast(response.finishReason == .stop ? 0 : 1)

                let other = try await Self.model { $0.cachePolicy = policy }
                let alone = try await other.makeSession(instructions: before)
                    .respond(to: prompt, options: options)
                #expect(alone.tokens == response.tokens)
                #expect(alone.text == response.text)
                #expect(alone.usage.cachedPromptTokens == 0)
                #expect(alone.usage.kvReads == response.usage.kvReads)
            }
        }
    }

    /// What a policy keeps of a prompt depends on where the prompt ends.
    @Test(arguments: ["snapkv(ratio=0.5)", "dms(cr=4, window=8)"])
    func policiesThatChooseComputeAnew(policy: String) async throws {
        let model = try await Self.model("random:tiny") { $0.cachePolicy = policy }
        let session = model.makeSession()
        for prompt in Self.prompts {
            let before = session.transcript
            let response = try await session.respond(to: prompt, options: Self.options(20))
            let alone = try await model.makeSession(instructions: before)
                .respond(to: prompt, options: Self.options(20))
            #expect(response.usage.cachedPromptTokens == 0)
            #expect(alone.tokens == response.tokens)
        }
        #expect(await model.engine.statistics?.keptSequences == 0)
    }

    /// What reads less for generated tokens computes those of an answer anew when they are a part of a prompt.
    @Test func policiesThatReadLessReusePrompts() async throws {
        let model = try await Self.model("random:tiny") {
            $0.cachePolicy = "quest(budget=32, dense=0)"
        }
        let session = model.makeSession()
        var computed = 0
        for prompt in Self.prompts {
            let before = session.transcript
            let response = try await session.respond(to: prompt, options: Self.options(20))
            let alone = try await model.makeSession(instructions: before)
                .respond(to: prompt, options: Self.options(20))
            #expect(response.usage.cachedPromptTokens == computed)
            #expect(alone.tokens == response.tokens)
            computed = response.usage.promptTokens - 1
        }
    }

    /// A random model's answers read `<number>`, which as text is other tokens: what is reused ends before them.
    @Test func textThatReadsOtherwiseIsComputedAgain() async throws {
        let model = try await Self.model("random:tiny")
        let session = model.makeSession(instructions: "Be brief. ")
        let first = try await session.respond(to: "one", options: Self.options(5))
        let before = session.transcript
        let second = try await session.respond(to: " two", options: Self.options(5))
        #expect(first.usage.promptTokens == 13)
        #expect(second.usage.cachedPromptTokens == 13)
        let alone = try await model.makeSession(instructions: before)
            .respond(to: " two", options: Self.options(5))
        #expect(second.tokens == alone.tokens)
    }

    /// The text of an answer ends before the stop text, the tokens of which were computed.
    @Test func aStopTextIsNotPartOfTheConversation() async throws {
        let model = try await Self.model()
        let whole = try await model.makeSession()
            .respond(to: Self.prompts[0], options: Self.options(20))
        var options = Self.options(20)
        options.stop = [String(whole.text.dropFirst(6).prefix(3))]
        let session = model.makeSession()
        let first = try await session.respond(to: Self.prompts[0], options: options)
        #expect(first.finishReason == .stop && first.text.count < first.tokens.count)
        let before = session.transcript
        #expect(before == Self.prompts[0] + first.text)
        let second = try await session.respond(to: "\n\n", options: Self.options(20))
        let alone = try await model.makeSession(instructions: before)
            .respond(to: "\n\n", options: Self.options(20))
        #expect(second.tokens == alone.tokens)
        #expect(second.usage.cachedPromptTokens == (try model.encode(before).count))
    }

    @Test func aCancelledTurnIsGoneOnWith() async throws {
        let model = try await Self.model { $0.memoryBudget = 1 << 28 }
        let session = model.makeSession()
        let prompt = Self.prompts[0]
        let task = Task { try await session.respond(to: prompt, options: Self.options(400)) }
        try await Task.sleep(for: .milliseconds(30))
        task.cancel()
        let first = try await task.value
        let before = session.transcript
        #expect(before == prompt + first.text)
        let second = try await session.respond(to: "\n", options: Self.options(10))
        let alone = try await model.makeSession(instructions: before)
            .respond(to: "\n", options: Self.options(10))
        #expect(second.tokens == alone.tokens)
    }

    /// Sessions that do not fit beside each other take each other's pages, and say what they say alone.
    @Test func aFullBudgetStillWorks() async throws {
        let roomy = try await Self.model()
        let one = try await roomy.makeSession()
            .respond(to: Self.prompts[0], options: Self.options(60))
        // Room for the last turn of one session, and not for those of two.
        let model = try await Self.model {
            $0.memoryBudget = 7 * one.usage.peakCacheBytes / 2
        }
        let sessions = (0..<3).map { _ in model.makeSession() }
        let references = (0..<3).map { _ in roomy.makeSession() }
        var cached = 0
        for (turn, prompt) in Self.prompts.prefix(3).enumerated() {
            for (session, reference) in zip(sessions, references) {
                let options = Self.options(turn == 0 ? 60 : 40)
                let response = try await session.respond(to: prompt, options: options)
                let expected = try await reference.respond(to: prompt, options: options)
                #expect(response.tokens == expected.tokens)
                #expect(response.finishReason == .length)
                cached += response.usage.cachedPromptTokens
                #expect(turn == 0 || expected.usage.cachedPromptTokens > 0)
            }
        }
        let statistics = try #require(await model.engine.statistics)
        #expect(statistics.keptSequences < 3)
        try await model.engine.checkIntegrity()
    }

    @Test func theCacheIsEmptyAfterTheSession() async throws {
        let model = try await Self.model()
        do {
            let session = model.makeSession()
            _ = try await session.respond(to: Self.prompts[0], options: Self.options(10))
            #expect(try #require(await model.engine.statistics).cache.bytesHeld > 0)
            // Alive until here.
            #expect(!session.isResponding)
        }
        #expect(try await Self.bytesHeld(model, becoming: 0) == 0)
        // A session that ends while it responds leaves nothing either.
        for try await _ in model.makeSession().stream("hello", options: Self.options(20)) {}
        #expect(try await Self.bytesHeld(model, becoming: 0) == 0)
        // And a request beside conversations keeps nothing.
        for try await _ in try model.generate("hello", options: Self.options(20)) {}
        #expect(try await Self.bytesHeld(model, becoming: 0) == 0)
    }

    @Test func messagesAreWhatWasSaid() async throws {
        let model = try await Self.model("random:tiny")
        let session = model.makeSession(instructions: "Be brief. ")
        #expect(session.messages == [Message(.system, "Be brief. ")])
        let first = try await session.respond(to: "one", options: Self.options(3))
        #expect(
            session.messages == [
                Message(.system, "Be brief. "), Message(.user, "one"),
                Message(.assistant, first.text),
            ])
        // A conversation can be taken elsewhere.
        let other = model.makeSession(messages: session.messages)
        #expect(other.transcript == session.transcript)
        let second = try await session.respond(to: "two", options: Self.options(3))
        #expect(
            try await other.respond(to: "two", options: Self.options(3)).tokens == second.tokens)
        // A refused prompt leaves no message.
        let count = session.messages.count
        await #expect(throws: MartletError.self) {
            _ = try await session.respond(to: "three", options: Self.options(1 << 20))
        }
        #expect(session.messages.count == count && !session.isResponding)
        #expect(model.makeSession().messages.isEmpty)
    }
}
