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

    @Test func ofSeveralPromptsNoneIsTold() async throws {
        let server = try await TestServer()
        let answer = await server.post(
            "/completion", ["prompt": ["a", "b"], "n_predict": 1, "return_progress": true])
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.headers["martlet-ignored"]?.contains("return_progress") == true)
    }
}
