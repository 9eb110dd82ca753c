/// Sessions on a server of several models, and sessions that requests name.

import Martlet
import MartletJSON
import Testing

@testable import MartletServer

@Suite struct SessionModelTests {
    private struct Setup {
        let fleet: ModelFleet
        let server: TestServer
    }

    private static func load(
        _ seed: UInt64, _ configuration: ServerConfiguration
    ) async throws(MartletError) -> ServedModel {
        var options = ModelOptions()
        options.threads = 1
        options.seed = seed
        options.memoryBudget = 8 << 20
        options.promptReuse = PromptReuse()
        var configuration = configuration
        configuration.names = ["model-\(seed)"]
        return try await ServedModel.load(
            "random:tiny", options: options, configuration: configuration)
    }

    private static var configuration: ServerConfiguration {
        var configuration = ServerConfiguration()
        configuration.chatTemplate = TestServer.chatML
        configuration.seed = 7
        return configuration
    }

    /// Two models of the same size in a budget for `room` of them.
    private static func setup(room: Double) async throws -> Setup {
        let configuration = configuration
        let bytes = try await load(1, configuration).bytes
        let entries = [UInt64(1), 2].map { (seed: UInt64) -> ModelFleet.Entry in
            ModelFleet.Entry(
                names: ["model-\(seed)"], estimatedBytes: { bytes },
                load: { () async throws(MartletError) in try await load(seed, configuration) })
        }
        let fleet = try ModelFleet(entries, budgetBytes: Int(Double(bytes) * room))
        let service = Service(configuration)
        service.begin(with: fleet)
        return Setup(fleet: fleet, server: TestServer(serving: Server(service)))
    }

    private static func fields(_ model: String) -> JSONValue {
        [
            "model": .string(model), "max_tokens": 8, "temperature": 0.9, "seed": 5,
            "ignore_eos": true, "stream_options": ["include_usage": true],
            "messages": [
                ["role": "system", "content": "Answer in rhymes, and be brief about it."]
            ],
        ]
    }

    private static let text = String(repeating: "Tell me of the sea and its ships. ", count: 6)

    private static func content(_ chunks: [JSONValue]) -> String {
        chunks.compactMap { $0["choices.0.delta.content"].stringValue }.joined()
    }

    /// What a model says to the text by itself.
    private static func alone(_ seed: UInt64) async throws -> String {
        let service = Service(configuration)
        service.begin(with: try await load(seed, configuration))
        let body = try #require(fields("any").objectValue)
        let messages =
            (body["messages"]?.arrayValue ?? []) + [["role": "user", "content": .string(text)]]
        let answer = await TestServer(serving: Server(service)).post(
            "/v1/chat/completions",
            .object(body.setting("messages", to: .array(messages)).setting("stream", to: true)))
        return content(try answer.events())
    }

    @Test(.timeLimit(.minutes(3))) func eachSessionNamesItsModel() async throws {
        let setup = try await Self.setup(room: 2.5)
        var texts: [String] = []
        for seed in [UInt64(1), 2] {
            let typing = TestSession(setup.server)
            await typing.say(["type": "session.update", "session": Self.fields("model-\(seed)")])
            await typing.say(["type": "input_text.set", "text": .string(Self.text)])
            _ = try await typing.client.wait(for: "session.prefilled")
            #expect(await setup.fleet.listing[Int(seed) - 1].uses == 1)
            await typing.say(["type": "response.create"])
            let done = try await typing.client.wait(for: "response.done")
            #expect(done["status"].stringValue == "completed")
            let chunks = typing.client.all("response.chunk").map { $0["chunk"] }
            #expect(chunks.last?["usage.prompt_tokens_details.cached_tokens"].intValue ?? 0 > 100)
            #expect(chunks.last?["model"].stringValue == "model-\(seed)")
            #expect(Self.content(chunks) == (try await Self.alone(seed)))
            texts.append(Self.content(chunks))
            await typing.session.end()
            while await setup.fleet.listing[Int(seed) - 1].uses > 0 { await Task.yield() }
        }
        #expect(texts[0] != texts[1])
        // A session may go on with another model.
        let typing = TestSession(setup.server)
        await typing.say(["type": "session.update", "session": Self.fields("model-1")])
        await typing.say(["type": "input_text.set", "text": "Tell me of the moon, please."])
        _ = try await typing.client.wait(for: "session.prefilled")
        await typing.say(["type": "session.update", "session": Self.fields("model-2")])
        _ = try await typing.client.wait(for: "session.prefilled", count: 2)
        while await setup.fleet.listing[0].uses > 0 { await Task.yield() }
        #expect(await setup.fleet.listing[1].uses == 1)
        await typing.session.end()
        await setup.fleet.shutdown()
    }

    /// Where there is room for one model, that of a text which nobody edits makes way.
    @Test(.timeLimit(.minutes(3))) func anIdleSessionHoldsNothing() async throws {
        let setup = try await Self.setup(room: 1.2)
        var pacing = PromptAhead.Pacing()
        pacing.pause = .milliseconds(5)
        pacing.quiet = .milliseconds(20)
        pacing.hold = .milliseconds(300)
        let ahead = PromptAhead(
            setup.server.service, opening: ServerRequest("POST", "/v1/sessions"), id: "a",
            tenant: "", pacing: pacing)
        await ahead.update(try #require(Self.fields("model-1").objectValue))
        try await ahead.change { (typed) throws(WireError) in typed.set(Self.text) }
        while await ahead.prefilled.tokens == 0 { await Task.yield() }
        // The wait is for the session, which nobody ends.
        let other = await setup.server.post(
            "/v1/completions", ["model": "model-2", "prompt": "a", "max_tokens": 2])
        #expect(other.status == 200, "\(other.text)")
        #expect(await setup.fleet.listing[0].model == nil)
        // The next edit brings it back, and nothing is taken for computed that went with it.
        let before = await ahead.prefilled.tokens
        try await ahead.change { (typed) throws(WireError) in typed.append("And of its gulls. ") }
        while await ahead.prefilled.tokens <= before { await Task.yield() }
        #expect(await ahead.prefilled.cached == 0)
        await ahead.end()
        while await setup.fleet.listing[0].uses > 0 { await Task.yield() }
        await setup.fleet.shutdown()
    }

    @Test(.timeLimit(.minutes(3))) func requestsNameSessions() async throws {
        let server = try await TestServer(reusesPrompts: true) {
            $0.chatTemplate = TestServer.chatML
            $0.keys = [(key: "a", tenant: "a"), (key: "b", tenant: "b")]
            $0.sessionLimit = 2
            // Beside all other tests minutes may pass between two requests.
            $0.sessionIdle = .seconds(3600)
        }
        func send(
            _ method: String, _ path: String, _ body: JSONValue? = nil, key: String = "a"
        ) async -> CollectedAnswer {
            await server.send(method, path, body, headers: [("x-api-key", key)])
        }
        let opened = try await send(
            "POST", "/v1/sessions",
            ["session": Self.fields("any"), "text": .string(String(Self.text.prefix(80)))]
        ).json()
        let id = try #require(opened["id"].stringValue)
        #expect(opened["object"] == "session" && opened["tokens"] == 0)
        let path = "/v1/sessions/\(id)"
        var told = try await send("POST", path, ["text": .string(Self.text)]).json()
        while try #require(told["tokens"].intValue) < 200 {
            try await Task.sleep(for: .milliseconds(5))
            told = try await send("POST", path, [:]).json()
        }
        // Nobody else's.
        #expect(await send("POST", path, [:], key: "b").status == 404)
        #expect(await send("DELETE", path, key: "b").status == 404)
        var body = try #require(Self.fields("any").objectValue)
        let messages =
            (body["messages"]?.arrayValue ?? []) + [
                ["role": "user", "content": .string(Self.text)]
            ]
        body = body.setting("messages", to: .array(messages))
        let answer = await send(
            "POST", "/v1/chat/completions",
            .object(body.setting("martlet", to: ["session": .string(id)])))
        let cached = try answer.json()["usage.prompt_tokens_details.cached_tokens"].intValue
        #expect(cached ?? 0 >= 200)
        #expect(answer.headers["martlet-ignored"] == nil)
        #expect(
            try answer.json()["choices.0.message.content"].stringValue
                == (try await Self.alone(0)))
        // Wrong fields are told, and a session that is not there is no reason to answer nothing.
        #expect(await send("POST", path, ["text": 3]).status == 400)
        let stranger = await send(
            "POST", "/v1/chat/completions",
            .object(body.setting("martlet", to: ["session": .string("sess_none")])))
        #expect(stranger.status == 200)
        #expect(stranger.headers["martlet-ignored"] == "martlet.session")
        // As many as there may be.
        let second = try await send("POST", "/v1/sessions", [:]).json()["id"].stringValue
        #expect(await send("POST", "/v1/sessions", [:]).status == 429)
        #expect(await send("POST", "/v1/sessions", [:], key: "b").status == 200)
        #expect(try await send("DELETE", path).json()["deleted"] == true)
        #expect(await send("DELETE", path).status == 404)
        #expect(await send("POST", "/v1/sessions", [:]).status == 200)
        #expect(second != nil && second != id)
    }

    @Test(.timeLimit(.minutes(2))) func aSessionThatNobodyNamesEnds() async throws {
        let server = try await TestServer(reusesPrompts: true) {
            $0.sessionIdle = .milliseconds(50)
            $0.sessionLimit = 1
        }
        let opened = try await server.post("/v1/sessions", [:]).json()
        let id = try #require(opened["id"].stringValue)
        while !server.service.sessions.hasRoom("") { await Task.yield() }
        #expect(await server.post("/v1/sessions/\(id)", ["text": "a"]).status == 404)
        #expect(await server.post("/v1/sessions", [:]).status == 200)
    }
}
