/// Prompts that are computed while they are typed: the same answers, less to wait for, nothing for nobody.

import Martlet
import MartletJSON
import MartletServer
import MartletTestSupport
import Synchronization
import Testing

/// A client of a session, without a socket.
final class CollectedMessages: MessageLine {
    private let messages = Mutex<[JSONValue]>([])

    func send(_ message: JSONValue) async throws(WireError) {
        messages.withLock { $0.append(message) }
    }

    var all: [JSONValue] { messages.withLock { $0 } }

    func all(_ type: String) -> [JSONValue] { all.filter { $0["type"].stringValue == type } }

    /// Waits until so many messages of a type have come.
    func wait(for type: String, count: Int = 1) async throws -> JSONValue {
        for _ in 0..<4000 {
            if let message = all(type).dropFirst(count - 1).first { return message }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("no \(type) came: \(all)")
        return .null
    }
}

/// A session of a server.
struct TestSession {
    let session: LiveSession
    let client = CollectedMessages()

    init(_ server: TestServer, headers: [(name: String, value: String)] = []) {
        var pacing = PromptAhead.Pacing()
        pacing.pause = .milliseconds(10)
        pacing.quiet = .milliseconds(60)
        let opening = ServerRequest("GET", "/v1/sessions", headers: headers)
        session = LiveSession(
            server.server, opening: opening, server.server.admit(opening), line: client,
            pacing: pacing)
    }

    func say(_ message: JSONValue) async { await session.take(message.serialized()) }

    func type(_ text: String) async {
        await say(["type": "input_text.append", "text": .string(text)])
    }
}

@Suite struct SessionTests {
    private static let fields: JSONValue = [
        "messages": [["role": "system", "content": "Answer in rhymes, and be brief about it."]],
        "max_tokens": 12, "temperature": 1.0, "seed": 5, "logprobs": true, "ignore_eos": true,
        "stream_options": ["include_usage": true],
    ]

    private static func server(reuses: Bool = true) async throws -> TestServer {
        try await TestServer(reusesPrompts: reuses) { $0.chatTemplate = TestServer.chatML }
    }

    /// The tokens of an answer with their log-probabilities.
    private static func tokens(_ chunks: [JSONValue]) -> [JSONValue] {
        chunks.flatMap { $0["choices.0.logprobs.content"].arrayValue ?? [] }
    }

    /// What the same request gets by itself.
    private static func alone(_ text: String) async throws -> [JSONValue] {
        let body = try #require(fields.objectValue)
        let messages =
            (body["messages"]?.arrayValue ?? []) + [
                ["role": "user", "content": .string(text)]
            ]
        let answer = try await server(reuses: false).post(
            "/v1/chat/completions",
            .object(body.setting("messages", to: .array(messages)).setting("stream", to: true)))
        return tokens(try answer.events())
    }

    @Test func whatIsTypedIsComputedAheadAndChangesNoBit() async throws {
        let server = try await Self.server()
        let typing = TestSession(server)
        await typing.say(["type": "session.update", "session": Self.fields])
        let text = String(repeating: "Tell me of the sea and of the ships on it. ", count: 6)
        for start in stride(from: 0, to: text.count, by: 40) {
            await typing.type(String(text.dropFirst(start).prefix(40)))
            try await Task.sleep(for: .milliseconds(5))
        }
        var ahead = 0
        // Each letter is a token of this model, and there is the system prompt before them.
        for _ in 0..<2000 where ahead < text.count + 80 {
            ahead = typing.client.all("session.prefilled").last?["tokens"].intValue ?? 0
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(ahead >= text.count + 80)
        await typing.say(["type": "response.create"])
        let done = try await typing.client.wait(for: "response.done")
        #expect(done["status"].stringValue == "completed")
        let chunks = typing.client.all("response.chunk").map { $0["chunk"] }
        let tokens = Self.tokens(chunks)
        #expect(tokens.count == 12)
        #expect(tokens == (try await Self.alone(text)))
        let usage = try #require(chunks.last)
        let cached = try #require(usage["usage.prompt_tokens_details.cached_tokens"].intValue)
        #expect(cached >= ahead - 1)
        // What is left for the request is the end of the prompt.
        #expect(try #require(usage["usage.prompt_tokens"].intValue) - cached < 40)
        await typing.session.end()
    }

    @Test func editsInTheMiddleAreFollowed() async throws {
        let server = try await Self.server()
        let typing = TestSession(server)
        await typing.say(["type": "session.update", "session": Self.fields])
        await typing.say([
            "type": "input_text.set", "text": "Tell me of the sea 🐚 and of the ships on it.",
        ])
        _ = try await typing.client.wait(for: "session.prefilled")
        // "🐚" is two units.
        await typing.say([
            "type": "input_text.edit", "start": 15, "delete": 6, "insert": "moon",
        ])
        _ = try await typing.client.wait(for: "session.prefilled", count: 2)
        await typing.say(["type": "response.create", "response": ["max_tokens": 12]])
        _ = try await typing.client.wait(for: "response.done")
        let tokens = Self.tokens(typing.client.all("response.chunk").map { $0["chunk"] })
        #expect(tokens == (try await Self.alone("Tell me of the moon and of the ships on it.")))
        // The next prompt is another text.
        await typing.say(["type": "input_text.set", "text": "Moon"])
        await typing.say(["type": "response.create"])
        _ = try await typing.client.wait(for: "response.done", count: 2)
        let later = Self.tokens(typing.client.all("response.chunk").map { $0["chunk"] }).dropFirst(
            12)
        #expect(Array(later) == (try await Self.alone("Moon")))
        await typing.session.end()
    }

    @Test func nothingRunsWhileNothingChanges() async throws {
        let server = try await Self.server()
        let typing = TestSession(server)
        func steps() async throws -> Int {
            try #require(
                try await server.send("GET", "/martlet/state").json()["step.count"].intValue)
        }
        await typing.say(["type": "session.update", "session": Self.fields])
        await typing.say(["type": "input_text.set", "text": "Tell me of the sea."])
        _ = try await typing.client.wait(for: "session.prefilled")
        try await Task.sleep(for: .milliseconds(100))
        let before = try await steps()
        #expect(before > 0)
        for _ in 0..<5 {
            await typing.say(["type": "input_text.set", "text": "Tell me of the sea."])
            try await Task.sleep(for: .milliseconds(30))
        }
        #expect(try await steps() == before)
        await typing.session.end()
        // Where nothing could be reused nothing is computed.
        for (reuses, more) in [
            (false, JSONObject()), (true, JSONObject().setting("cache_prompt", to: false)),
        ] {
            let other = try await Self.server(reuses: reuses)
            let session = TestSession(other)
            let fields = more.members.reduce(try #require(Self.fields.objectValue)) {
                $0.setting($1.key, to: $1.value)
            }
            await session.say(["type": "session.update", "session": .object(fields)])
            await session.say(["type": "input_text.set", "text": "Tell me of the sea."])
            try await Task.sleep(for: .milliseconds(150))
            let state = try await other.send("GET", "/martlet/state").json()
            #expect(state["step.count"] == 0)
            await session.session.end()
        }
    }

    @Test func whatIsTypedServesItsTenantAlone() async throws {
        let server = try await TestServer(reusesPrompts: true) {
            $0.chatTemplate = TestServer.chatML
            $0.keys = [(key: "a", tenant: "a"), (key: "b", tenant: "b")]
        }
        let typing = TestSession(server, headers: [("authorization", "Bearer a")])
        await typing.say(["type": "session.update", "session": Self.fields])
        let text = String(repeating: "Tell me of the sea. ", count: 8)
        await typing.say(["type": "input_text.set", "text": .string(text)])
        _ = try await typing.client.wait(for: "session.prefilled")
        func cached(_ key: String) async throws -> Int? {
            let body = try #require(Self.fields.objectValue)
            let messages =
                (body["messages"]?.arrayValue ?? []) + [
                    ["role": "user", "content": .string(text)]
                ]
            return try await server.post(
                "/v1/chat/completions", .object(body.setting("messages", to: .array(messages))),
                headers: [("x-api-key", key)]
            ).json()["usage.prompt_tokens_details.cached_tokens"].intValue
        }
        #expect(try await cached("b") == 0)
        #expect(try await cached("a") ?? 0 >= text.count)
        await typing.session.end()
    }

    @Test func anAnswerCanBeCancelled() async throws {
        let server = try await Self.server()
        let typing = TestSession(server)
        await typing.say(["type": "session.update", "session": Self.fields])
        await typing.type("Hello")
        await typing.say(["type": "response.create", "response": ["max_tokens": 100_000]])
        _ = try await typing.client.wait(for: "response.chunk")
        await typing.say(["type": "response.create"])
        let error = try await typing.client.wait(for: "error")
        #expect(error["error.param"].stringValue == "type")
        await typing.say(["type": "response.cancel"])
        let done = try await typing.client.wait(for: "response.done")
        #expect(done["status"].stringValue == "cancelled")
        await typing.session.end()
    }

    @Test(arguments: [
        ("{", "invalid_json"), ("[]", "invalid_json"), ("{}", "missing_required_parameter"),
        (#"{"type":3}"#, "invalid_value"), (#"{"type":"input_text.put"}"#, "invalid_value"),
        (#"{"type":"session.update"}"#, "missing_required_parameter"),
        (#"{"type":"input_text.set"}"#, "missing_required_parameter"),
        (#"{"type":"input_text.edit","start":1}"#, "invalid_value"),
        (#"{"type":"input_text.edit","delete":1}"#, "invalid_value"),
        (#"{"type":"input_text.edit","start":-1}"#, "invalid_value"),
        (#"{"type":"response.create","response":{"temperature":"hot"}}"#, "invalid_value"),
        (#"{"type":"response.create","response":{"messages":3}}"#, "invalid_value"),
    ])
    func wrongMessagesAreAnswered(message: String, code: String) async throws {
        let typing = TestSession(try await Self.server())
        await typing.session.take(Array(message.utf8))
        let error = try await typing.client.wait(for: "error")
        #expect(error["error.code"].stringValue == code, "\(error)")
        #expect(error["error.message"].stringValue?.isEmpty == false)
        await typing.session.end()
    }

    @Test func damagedMessagesAreAnswered() async throws {
        let server = try await TestServer(reusesPrompts: true) {
            $0.chatTemplate = TestServer.chatML
            $0.maximumTokens = 4
        }
        let typing = TestSession(server)
        let valid = [
            #"{"type":"session.update","session":{"messages":[{"role":"user","content":"a"}],"seed":3}}"#,
            #"{"type":"input_text.set","text":"hello there"}"#,
            #"{"type":"input_text.edit","start":2,"delete":3,"insert":"y"}"#,
            #"{"type":"response.create","response":{"n":1}}"#, #"{"type":"response.cancel"}"#,
        ].map { Array($0.utf8) }
        var mutator = Mutator(seed: 23)
        for number in 0..<300 {
            let message = valid[number % valid.count]
            await typing.session.take(
                number < 5 ? message : mutator.mutate(message, with: valid.flatMap(\.self)))
        }
        #expect(typing.client.all("error").count > 50)
        await typing.session.end()
        await typing.session.drain()
    }
}
