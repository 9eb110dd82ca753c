/// How far a prompt is, told in streams.

import Martlet
import MartletJSON
import MartletServer
import Testing

@Suite struct ProgressTests {
    /// A prompt of more steps than one.
    private static let long = String(repeating: "Tell me of the sea. ", count: 80)

    private static func server() async throws -> TestServer {
        try await TestServer(reusesPrompts: true) { $0.chatTemplate = TestServer.chatML }
    }

    private static func body(_ more: JSONObject) -> JSONValue {
        let body = JSONObject([
            .init(key: "messages", value: [["role": "user", "content": .string(long)]]),
            .init(key: "max_tokens", value: 3), .init(key: "stream", value: true),
            .init(key: "ignore_eos", value: true),
        ])
        return .object(more.members.reduce(body) { $0.setting($1.key, to: $1.value) })
    }

    @Test func chatsTellItAsOthersDo() async throws {
        let server = try await Self.server()
        let asks = JSONObject([.init(key: "return_progress", value: true)])
        for isSecond in [false, true] {
            let events = try await server.post("/v1/chat/completions", Self.body(asks)).events()
            let told = events.map { $0["prompt_progress"] }.filter { !$0.isNull }
            let last = try #require(told.last)
            // The first is what was there before.
            #expect(told.first?["cache"] == told.first?["processed"] && told.count >= 2)
            #expect(last["total"] == last["processed"])
            #expect(try #require(last["total"].intValue) > 1600)
            // The second time it is there.
            #expect((try #require(last["cache"].intValue) > 1600) == isSecond)
            let counts = told.compactMap { $0["processed"].intValue }
            #expect(counts == counts.sorted() && Set(counts).count == counts.count)
            // It comes before everything that is said.
            let firstText = try #require(
                events.firstIndex { $0["choices.0.delta.content"].stringValue?.isEmpty == false })
            let lastTold = try #require(events.lastIndex { !$0["prompt_progress"].isNull })
            #expect(lastTold < firstText)
        }
        let silent = try await server.post("/v1/chat/completions", Self.body(JSONObject())).events()
        #expect(silent.allSatisfy { $0["prompt_progress"].isNull })
    }

    @Test func completionsTellIt() async throws {
        let server = try await Self.server()
        let events = try await server.post(
            "/completion",
            [
                "prompt": .string(Self.long), "n_predict": 2, "stream": true,
                "return_progress": true,
            ]
        ).events()
        let last = try #require(events.map { $0["prompt_progress"] }.last { !$0.isNull })
        #expect(last["total"] == last["processed"])
        #expect(last["total"].intValue == events.last?["tokens_evaluated"].intValue)
    }

    /// Each event has the times so far, which never fall; the last has those of the whole answer.
    @Test(arguments: ["/v1/chat/completions", "/v1/completions", "/completion", "/v1/responses"])
    func eachEventHasTimes(path: String) async throws {
        let server = try await Self.server()
        let asked: [String: (String, JSONValue, String)] = [
            "/v1/chat/completions": (
                "messages", [["role": "user", "content": .string(Self.long)]], "max_tokens"
            ),
            "/v1/completions": ("prompt", .string(Self.long), "max_tokens"),
            "/completion": ("prompt", .string(Self.long), "n_predict"),
            "/v1/responses": ("input", .string(Self.long), "max_output_tokens"),
        ]
        let (key, prompt, limit) = try #require(asked[path])
        let body = JSONObject([
            .init(key: key, value: prompt), .init(key: limit, value: 6),
            .init(key: "stream", value: true), .init(key: "ignore_eos", value: true),
            .init(key: "return_progress", value: true),
        ])
        let plain = try await server.post(path, .object(body)).events()
        #expect(plain.dropLast().allSatisfy { $0["timings"].isNull })
        let timed = try await server.post(
            path, .object(body.setting("timings_per_token", to: true))
        ).events()
        let progress = timed.filter { !$0["prompt_progress"].isNull }
        #expect(progress.count >= 2)
        for name in ["prompt_n", "prompt_ms", "predicted_n", "predicted_ms"] {
            #expect(progress.first?["timings"][name].doubleValue == 0, "\(name)")
            let told = timed.compactMap { $0["timings"][name].doubleValue }
            // What the last event says is measured where the tokens are made, and the others where they are sent.
            let before = told.dropLast()
            #expect(
                before.count >= progress.count + 2 && Array(before) == before.sorted(), "\(name)")
        }
        let last = try #require(timed.last { !$0["timings"].isNull })
        let before = try #require(
            timed.last { $0["timings"] != last["timings"] && !$0["timings"].isNull })
        #expect(last["timings.predicted_n"] == 6)
        for name in ["prompt_n", "cache_n"] {
            #expect(before["timings"][name] == last["timings"][name], "\(name)")
        }
        if path == "/v1/responses" {
            #expect(progress.allSatisfy { $0["type"] == "response.in_progress" })
            let numbers = timed.compactMap { $0["sequence_number"].intValue }
            #expect(numbers == Array(0..<timed.count))
        }
    }

    /// What would tell nothing is listed: without a stream nothing comes before the answer.
    @Test func whatTellsNothingIsListed() async throws {
        let server = try await Self.server()
        let asks = JSONObject([.init(key: "return_progress", value: true)])
        let whole = await server.post(
            "/v1/chat/completions", Self.body(asks.setting("stream", to: false)))
        #expect(whole.headers["martlet-ignored"]?.contains("return_progress") == true)
    }

    @Test func ofSeveralPromptsNoneIsTold() async throws {
        let server = try await TestServer()
        let answer = await server.post(
            "/completion", ["prompt": ["a", "b"], "n_predict": 1, "return_progress": true])
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.headers["martlet-ignored"]?.contains("return_progress") == true)
    }
}
