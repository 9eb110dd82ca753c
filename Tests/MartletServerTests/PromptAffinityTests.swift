/// The header by which turns of a conversation are sent to the server that knows them.

import MartletJSON
import MartletServer
import Testing

@Suite struct PromptAffinityTests {
    private static func chat(_ texts: [String], system: String = "Be brief.") -> JSONValue {
        var messages: [JSONValue] = [["role": "system", "content": .string(system)]]
        for (index, text) in texts.enumerated() {
            messages.append([
                "role": index % 2 == 0 ? "user" : "assistant", "content": .string(text),
            ])
        }
        return ["messages": .array(messages), "max_tokens": 2]
    }

    private func name(
        _ server: TestServer, _ path: String, _ body: JSONValue,
        headers: [(name: String, value: String)] = []
    ) async -> String? {
        let answer = await server.send("POST", path, body, headers: headers)
        #expect(answer.status == 200)
        return answer.headers["x-martlet-prefix"]
    }

    @Test func allTurnsOfAConversationHaveOneName() async throws {
        let server = try await TestServer { $0.chatTemplate = TestServer.chatML }
        let path = "/v1/chat/completions"
        let first = await name(server, path, Self.chat(["Hi"]))
        #expect(first?.utf8.count == 16)
        #expect(await name(server, path, Self.chat(["Hi", "Hello", "Go on"])) == first)
        // Streams say it too, and other APIs the same.
        var streamed = Self.chat(["Hi"]).objectValue ?? JSONObject()
        streamed = streamed.setting("stream", to: true)
        #expect(await name(server, path, .object(streamed)) == first)
        let anthropic: JSONValue = [
            "system": "Be brief.", "max_tokens": 2,
            "messages": [["role": "user", "content": "Hi"]],
        ]
        #expect(await name(server, "/v1/messages", anthropic) == first)
        // Another beginning is another name.
        #expect(await name(server, path, Self.chat(["Ho"])) != first)
        #expect(await name(server, path, Self.chat(["Hi"], system: "Be long.")) != first)
    }

    @Test func aPromptWithoutTurnsIsNamedByItsBeginning() async throws {
        let server = try await TestServer()
        func named(_ prompt: String) async -> String? {
            await name(
                server, "/v1/completions", ["prompt": .string(prompt), "max_tokens": 1])
        }
        let long = String(repeating: "abc ", count: 64)
        let first = await named(long + "x")
        #expect(first != nil)
        #expect(await named(long + "y") == first)
        #expect(await named("abd " + long) != first)
    }

    /// A client's own name comes back, unless no header may have it.
    @Test func clientsMayNameTheirConversations() async throws {
        let server = try await TestServer { $0.chatTemplate = TestServer.chatML }
        let path = "/v1/chat/completions"
        func echoed(_ name: String) async -> String? {
            await self.name(
                server, path, Self.chat(["Hi"]), headers: [("x-martlet-prefix", name)])
        }
        #expect(await echoed("chat-17") == "chat-17")
        let own = await name(server, path, Self.chat(["Hi"]))
        #expect(await echoed("two words") == own)
        #expect(await echoed(String(repeating: "a", count: 200)) == own)
        #expect(await echoed("") == own)
    }
}
