/// What ends a response besides the model's own end tokens: texts and tokens.

@testable import Martlet
import MartletTokenizers
import Testing

@Suite struct StopTests {
    private func model(_ name: String) async throws -> Model {
        var options = ModelOptions()
        options.threads = 1
        options.maximumBatchTokens = 32
        return try await Model.load(name, options: options)
    }

    private func few(_ count: Int) -> GenerationOptions {
        var options = GenerationOptions()
        options.maximumTokens = count
        return options
    }

    /// The package's model writes its end token after an answer of a few characters.
    @Test func aStopTextMatchesTheSpecialTokenThatItSpells() async throws {
        let model = try await model("builtin")
        let prompt = "S:19 60 56 96="
        let whole = try await model.makeSession().respond(to: prompt, options: few(64))
        #expect(whole.finishReason == .stop && !whole.text.isEmpty)
        var options = few(64)
        options.ignoresEndTokens = true
        let unending = try await model.makeSession().respond(to: prompt, options: options)
        #expect(unending.finishReason == .length)
        options.stop = ["never", "<|end|>"]
        let stopped = try await model.makeSession().respond(to: prompt, options: options)
        #expect(stopped.finishReason == .stop && stopped.text == whole.text)
        for token in [StopToken.id(256), .text("<|end|>")] {
            options.stop = []
            options.stopTokens = [token]
            let stopped = try await model.makeSession().respond(to: prompt, options: options)
            #expect(stopped.finishReason == .stop && stopped.text == whole.text, "\(token)")
        }
    }

    @Test func aStopTokenEndsWithoutText() async throws {
        let model = try await model("random:tiny")
        let whole = try await model.makeSession().respond(to: "hello", options: few(3))
        let first = whole.tokens[0]
        let place = whole.tokens.firstIndex { $0 != first } ?? 0
        var options = few(3)
        options.stopTokens = [.id(whole.tokens[place])]
        let stopped = try await model.makeSession().respond(to: "hello", options: options)
        #expect(stopped.text == whole.tokens[..<place].map { "<\($0)>" }.joined())
        #expect(stopped.finishReason == .stop)
    }

    @Test func whatIsNotOneTokenIsRefused() async throws {
        let model = try await model("builtin")
        func ids(_ change: (inout GenerationOptions) -> Void) throws -> Set<Int32> {
            var options = GenerationOptions()
            change(&options)
            return try model.loaded.stopTokens(options)
        }
        #expect(try ids { $0.stopTokens = [.text("a"), .text("Ġ"), .text(" ")] } == [97, 32])
        #expect(try ids { $0.stop = ["<|end|>", "a", "<|end", "x<|end|>"] } == [256])
        for token in [StopToken.id(-1), .id(.max), .text("ab"), .text("")] {
            let error = #expect(throws: MartletError.self) { try ids { $0.stopTokens = [token] } }
            #expect(error?.code == .invalidParameter && error?.subject == "stopTokens")
        }
    }
}
