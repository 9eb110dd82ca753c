/// Paths, keys, origins, limits, and the life of a server.

import Foundation
import Martlet
import MartletJSON
import MartletServer
import Testing

@Suite struct ServerTests {
    private static let hello: JSONValue = ["prompt": "Hello", "max_tokens": 2]

    @Test func healthFollowsTheLifeOfTheServer() async throws {
        let configuration = ServerConfiguration()
        let service = Service(configuration)
        let server = Server(service)
        func health() async -> CollectedAnswer {
            let sink = CollectedAnswer()
            await server.respond(to: ServerRequest("GET", "/health"), through: sink)
            return sink
        }
        let loading = await health()
        #expect(loading.status == 503)
        #expect(loading.headers["retry-after"] != nil)
        #expect(try loading.json()["error.status"] == "loading model")
        let model = try await Model.load("random:tiny")
        service.begin(
            with: try ServedModel(model: model, name: "tiny", configuration: configuration))
        #expect(await health().status == 200)
        service.end()
        #expect(await health().status == 503)
        let broken = Service(configuration)
        broken.fail(MartletError(code: .fileNotFound, message: "there is no model"))
        let sink = CollectedAnswer()
        await Server(broken).respond(to: ServerRequest("GET", "/health"), through: sink)
        #expect(sink.status == 500)
    }

    @Test func pathsAndMethodsAreToldApart() async throws {
        let server = try await TestServer()
        let nothing = await server.send("GET", "/v1/nothing")
        #expect(nothing.status == 404)
        #expect(try nothing.json()["error.type"] == "not_found_error")
        let method = await server.send("GET", "/v1/chat/completions")
        #expect(method.status == 405)
        #expect(method.headers["allow"] == "POST")
        // Errors have the shape of the API that was called.
        let anthropic = await server.post("/v1/messages", [:])
        #expect(anthropic.status == 400)
        #expect(try anthropic.json()["type"] == "error")
        #expect(try anthropic.json()["request_id"].stringValue == anthropic.headers["x-request-id"])
        let ollama = await server.post("/api/chat", ["messages": 3, "model": "x"])
        #expect(ollama.status == 200)
        let wrong = await server.post("/api/chat", ["messages": [3], "model": "x"])
        #expect(wrong.status == 400)
        #expect(try wrong.json()["error"].stringValue?.contains("messages.0") == true)
        #expect(await server.send("GET", "/").status == 200)
        #expect(await server.send("GET", "/v1/models").status == 200)
        #expect(await server.send("GET", "/models/random:tiny").status == 200)
        let missing = await server.send("GET", "/v1/models/other")
        #expect(missing.status == 404)
        #expect(try missing.json()["error.code"] == "model_not_found")
    }

    @Test func keysAreAskedFor() async throws {
        let server = try await TestServer {
            $0.keys = [(key: "secret", tenant: "a"), (key: "other", tenant: "b")]
        }
        func ask(_ headers: [(name: String, value: String)]) async -> Int? {
            await server.send("POST", "/v1/completions", Self.hello, headers: headers).status
        }
        #expect(await ask([]) == 401)
        #expect(await ask([("Authorization", "Bearer wrong")]) == 401)
        #expect(await ask([("Authorization", "Bearer secre")]) == 401)
        #expect(await ask([("Authorization", "Bearer secretsecret")]) == 401)
        #expect(await ask([("Authorization", "Basic secret")]) == 401)
        #expect(await ask([("Authorization", "Bearer secret")]) == 200)
        #expect(await ask([("authorization", "bearer other")]) == 200)
        #expect(await ask([("X-Api-Key", "secret")]) == 200)
        #expect(await server.send("GET", "/health").status == 200)
        let refused = try await server.send("POST", "/v1/completions", Self.hello).json()
        #expect(refused["error.type"] == "authentication_error")
        #expect(refused["error.code"] == "invalid_api_key")
    }

    @Test func pagesOfOtherOriginsAreShutOut() async throws {
        let closed = try await TestServer()
        let origin = [(name: "Origin", value: "http://localhost:3000")]
        let answer = await closed.send("GET", "/health", headers: origin)
        #expect(answer.headers["access-control-allow-origin"] == nil)
        #expect(answer.status == 403)
        let open = try await TestServer { $0.origins = ["localhost", "https://example.org"] }
        for (origin, isAllowed) in [
            ("http://localhost", true), ("http://127.0.0.1:9", true), ("http://[::1]:1", true),
            ("https://example.org", true), ("http://example.org", false),
            ("http://localhost.evil.com", false), ("http://notlocalhost", false), ("null", false),
        ] {
            let answer = await open.send(
                "OPTIONS", "/v1/completions", headers: [("origin", origin)])
            #expect(answer.status == 204)
            #expect(
                answer.headers["access-control-allow-origin"] == (isAllowed ? origin : nil))
        }
    }

    @Test func pagesDoNotReachAServerWithoutKeys() async throws {
        typealias Headers = [(name: String, value: String)]
        func status(_ server: TestServer, _ headers: Headers) async -> Int? {
            let answer = await server.post("/v1/completions", Self.hello, headers: headers)
            return answer.status
        }
        let closed = try await TestServer { $0.hosts = ["127.0.0.1", "Box.local", "fe80::1"] }
        let cases: [(headers: Headers, status: Int)] = [
            ([("Host", "localhost:8080")], 200), ([("Host", "[::1]:8080")], 200),
            ([("Host", "127.0.0.1")], 200), ([("Host", "box.local:1")], 200),
            ([("Host", "[fe80::1]:1")], 200), ([("Host", "evil.example:8080")], 403),
            ([("Host", "localhost.evil.example")], 403), ([("Host", "")], 403),
            ([("Host", "localhost"), ("Host", "evil.example")], 403),
            ([("Host", "localhost:1"), ("Origin", "http://localhost:1")], 200),
            ([("Host", "localhost:1"), ("Origin", "http://localhost:2")], 403),
            ([("Host", "localhost:1"), ("Origin", "https://evil.example")], 403),
            ([("Host", "localhost:1"), ("Origin", "null")], 403),
            // Rebound: origin and host are the same, and neither is ours.
            ([("Host", "evil.example"), ("Origin", "http://evil.example")], 403),
        ]
        for (headers, expected) in cases {
            #expect(await status(closed, headers) == expected, "\(headers)")
        }
        let open = try await TestServer { $0.isOpen = true }
        #expect(await status(open, [("Host", "box.example:8080")]) == 200)
        #expect(await status(open, [("Host", "a"), ("Origin", "http://a")]) == 200)
        #expect(await status(open, [("Host", "a"), ("Origin", "http://b")]) == 403)
        let allowing = try await TestServer { $0.origins = ["https://example.org"] }
        let page: Headers = [("Host", "localhost"), ("Origin", "https://example.org")]
        #expect(await status(allowing, page) == 200)
        let allowed = await allowing.send("OPTIONS", "/v1/completions", headers: page)
        let names = allowed.headers["access-control-allow-headers"] ?? ""
        for name in ["Authorization", "Content-Type", "X-Api-Key", "x-martlet-prefix"] {
            #expect(names.contains(name))
        }
        let readable = allowed.headers["access-control-expose-headers"] ?? ""
        for name in ["x-request-id", "x-martlet-prefix"] { #expect(readable.contains(name)) }
        // Where keys are asked for, they say who may.
        let keyed = try await TestServer { $0.keys = [(key: "k", tenant: "t")] }
        let bearing: Headers = [("Host", "box.example"), ("Authorization", "Bearer k")]
        #expect(await status(keyed, bearing) == 200)
    }

    @Test(arguments: [
        ("secret", "secret", "key 1"), ("alice:secret", "secret", "alice"),
        ("alice:a:b", "a:b", "alice"), ("alice:", nil, nil), (":secret", nil, nil), (":", nil, nil),
        ("", nil, nil),
    ])
    func keysAreRead(text: String, key: String?, tenant: String?) {
        let found = ServerConfiguration.key(parsing: text, tenant: "key 1")
        #expect(found?.key == key)
        #expect(found?.tenant == tenant)
    }

    @Test func ratesAndQueuesHaveAnEnd() async throws {
        let server = try await TestServer { $0.requestsPerMinute = 2 }
        for _ in 0..<2 { #expect(await server.post("/v1/completions", Self.hello).status == 200) }
        let late = await server.post("/v1/completions", Self.hello)
        #expect(late.status == 429)
        #expect(Int(late.headers["retry-after"] ?? "") ?? 0 > 0)
        #expect(try late.json()["error.type"] == "rate_limit_error")

        let narrow = try await TestServer { $0.queueLimit = 1 }
        let body: JSONValue = ["prompt": "Hello", "max_tokens": 300, "temperature": 1.0]
        async let first = narrow.post("/v1/completions", body)
        async let second = narrow.post("/v1/completions", body)
        async let third = narrow.post("/v1/completions", body)
        let statuses = await [first.status, second.status, third.status].map { $0 ?? 0 }
        #expect(statuses.contains(200))
        #expect(statuses.contains(429))
    }

    @Test func theDocumentListsWhatTheTableHas() async throws {
        let json = try await (try TestServer()).send("GET", "/openapi.json").json()
        let paths = try #require(json["paths"].objectValue)
        for endpoint in EndpointTable.all {
            #expect(paths[endpoint.path]?.objectValue?[endpoint.method.lowercased()] != nil)
            #expect(endpoint.summary.hasSuffix("."))
        }
        let rows = EndpointTable.all.flatMap { endpoint in
            ([endpoint.path] + endpoint.aliases).map { "\(endpoint.method) \($0)" }
        }
        #expect(Set(rows).count == rows.count, "a path is listed twice")
    }

    @Test func promptsAreReusedInsideATenant() async throws {
        let server = try await TestServer(reusesPrompts: true) {
            $0.keys = [(key: "a", tenant: "a"), (key: "b", tenant: "b")]
        }
        func cached(_ key: String, _ change: KeyValuePairs<String, JSONValue> = [:]) async throws
            -> (Int?, JSONValue)
        {
            var body = JSONObject().setting(
                "prompt", to: .string(String(repeating: "Once upon a time ", count: 20)))
            body = body.setting("max_tokens", to: 3).setting("temperature", to: 0)
            for (name, value) in change { body = body.setting(name, to: value) }
            let json = try await server.send(
                "POST", "/v1/completions", .object(body),
                headers: [(name: "authorization", value: "Bearer \(key)")]
            ).json()
            return (
                json["usage.prompt_tokens_details.cached_tokens"].intValue, json["choices.0.text"]
            )
        }
        let (first, text) = try await cached("a")
        #expect(first == 0)
        let (second, again) = try await cached("a")
        #expect(second ?? 0 > 200)
        // The answer is the same.
        #expect(again == text)
        #expect(try await cached("b").0 == 0)
        #expect(try await cached("a", ["cache_prompt": false]).0 == 0)
        #expect(try await cached("a", ["cache_salt": "x"]).0 == 0)
        #expect(try await cached("a", ["cache_salt": "x"]).0 ?? 0 > 200)
        #expect(try await cached("a", ["martlet": ["sharing": "nobody"]]).0 == 0)
    }

    @Test func metricsCount() async throws {
        let server = try await TestServer()
        _ = await server.post("/v1/completions", Self.hello)
        _ = await server.send("GET", "/v1/nothing")
        let text = await server.send("GET", "/metrics").text
        #expect(text.contains("martlet_answers_total 1.0"))
        #expect(text.contains("martlet_completion_tokens_total 2.0"))
        #expect(text.contains("martlet_requests_total{status=\"404\"} 1"))
        #expect(text.contains("martlet_engine_steps_total"))
    }
}

extension ServerTests {
    @Test func theManualListsWhatTheTableHas() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let manual = try String(
            contentsOf: root.appending(path: "docs/server.md"), encoding: .utf8)
        let listed = manual.split(separator: "\n").filter { $0.hasPrefix("| `") }
            .flatMap { $0.matches(of: /`((?:GET|POST|DELETE) [^`]+)`/).map { String($0.1) } }
        #expect(Set(listed).count == listed.count)
        #expect(Set(listed) == Set(EndpointTable.all.map { "\($0.method) \($0.path)" }))
    }
}
