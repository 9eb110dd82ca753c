/// `/v1/chat/completions`: its shapes, its stream, its refusals.

import Foundation
import Martlet
import MartletJSON
import MartletServer
import Testing

@Suite struct ChatCompletionTests {
    private static let hello: JSONValue = [
        "messages": [["role": "user", "content": "Hello"]], "max_tokens": 6,
    ]

    private func server(
        _ change: (inout ServerConfiguration) -> Void = { _ in }
    ) async throws -> TestServer {
        try await TestServer {
            $0.chatTemplate = TestServer.chatML
            change(&$0)
        }
    }

    private func hello(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
        .object(
            members.reduce(Self.hello.objectValue ?? JSONObject()) {
                $0.setting($1.key, to: $1.value)
            })
    }

    @Test func wholeAnswerHasTheShapeOfOpenAI() async throws {
        let answer = await (try server()).post("/v1/chat/completions", Self.hello)
        #expect(answer.status == 200)
        let json = try answer.json()
        #expect(json["object"] == "chat.completion")
        #expect(json["id"].stringValue?.hasPrefix("chatcmpl-") == true)
        #expect(json["model"] == "random:tiny")
        #expect(json["choices.0.message.role"] == "assistant")
        #expect(json["choices.0.message.refusal"] == .null)
        #expect(json["choices.0.logprobs"] == .null)
        #expect(json["choices.0.finish_reason"] == "length")
        #expect(json["usage.completion_tokens"] == 6)
        // ChatML around "Hello", a token a byte.
        let prompt = "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"
        #expect(json["usage.prompt_tokens"].intValue == prompt.utf8.count)
        #expect(json["usage.total_tokens"].intValue == prompt.utf8.count + 6)
        #expect(answer.headers["x-request-id"] != nil)
        #expect(json["martlet"] == .null)
    }

    @Test func theStreamIsTheWholeAnswerInOrder() async throws {
        let server = try await server()
        let body = hello(["temperature": 0.7])
        let whole = try await server.post("/v1/chat/completions", body).json()
        let streamed = await server.post(
            "/v1/chat/completions",
            hello([
                "temperature": 0.7, "stream": true, "stream_options": ["include_usage": true],
            ]))
        #expect(streamed.headers["content-type"] == "text/event-stream; charset=utf-8")
        #expect(streamed.headers["x-accel-buffering"] == "no")
        #expect(streamed.text.hasSuffix("data: [DONE]\n\n"))
        let events = try streamed.events()
        #expect(events[0]["choices.0.delta"] == ["role": "assistant", "content": ""])
        #expect(Set(events.compactMap { $0["id"].stringValue }).count == 1)
        let text = events.compactMap { $0["choices.0.delta.content"].stringValue }.joined()
        #expect(text == whole["choices.0.message.content"].stringValue)
        #expect(!text.isEmpty)
        let last = events[events.count - 2]
        #expect(last["choices.0.delta"] == [:])
        #expect(last["choices.0.finish_reason"] == "length")
        #expect(last["usage"] == .null)
        let usage = events[events.count - 1]
        #expect(usage["choices"] == [])
        #expect(usage["usage.completion_tokens"] == 6)
        for event in events.dropFirst().dropLast(2) {
            #expect(event["choices.0.delta.role"] == .null)
            #expect(event["choices.0.finish_reason"] == .null)
        }
    }

    @Test func severalAnswersHaveOneUsageAndTheirOwnTexts() async throws {
        let server = try await server()
        let body = hello(["n": 3, "temperature": 1.0])
        let json = try await server.post("/v1/chat/completions", body).json()
        let texts = (0..<3).compactMap { json["choices.\($0).message.content"].stringValue }
        #expect(Set(texts).count == 3)
        #expect(json["usage.completion_tokens"] == 18)
        let events = try await server.post(
            "/v1/chat/completions", hello(["n": 3, "temperature": 1.0, "stream": true])
        ).events()
        for index in 0..<3 {
            let text = events.filter { $0["choices.0.index"].intValue == index }
                .compactMap { $0["choices.0.delta.content"].stringValue }.joined()
            #expect(text == texts[index])
        }
    }

    @Test func logprobsAreThoseOfTheTokens() async throws {
        let server = try await server()
        let body = hello(["logprobs": true, "top_logprobs": 3, "temperature": 0])
        let json = try await server.post("/v1/chat/completions", body).json()
        let content = try #require(json["choices.0.logprobs.content"].arrayValue)
        #expect(content.count == 6)
        var text = ""
        for entry in content {
            text += entry["token"].stringValue ?? ""
            #expect(entry["top_logprobs"].arrayValue?.count == 3)
            // Greedy: the token is the likeliest.
            #expect(entry["logprob"] == entry["top_logprobs.0.logprob"])
            #expect((entry["logprob"].doubleValue ?? 1) <= 0)
        }
        #expect(text == json["choices.0.message.content"].stringValue)
        let refused = await server.post("/v1/chat/completions", hello(["top_logprobs": 3]))
        #expect(refused.status == 400)
        #expect(try refused.json()["error.param"] == "top_logprobs")
    }

    @Test func biasForbidsTheLikeliestToken() async throws {
        let server = try await server()
        let body = hello(["logprobs": true, "temperature": 0, "max_tokens": 1])
        let first = try await server.post("/v1/chat/completions", body).json()
        let token = try #require(first["choices.0.message.content"].stringValue)
        let id = String(token.dropFirst().dropLast())
        let other = try await server.post(
            "/v1/chat/completions",
            hello(["temperature": 0, "max_tokens": 1, "logit_bias": [id: -100]])
        ).json()
        #expect(other["choices.0.message.content"].stringValue != token)
    }

    @Test(arguments: [
        (#"{"messages": 3}"#, "messages"),
        (#"{"messages": []}"#, "messages"),
        (#"{"messages": [3]}"#, "messages.0"),
        (#"{"messages": [{"role": 7, "content": ""}]}"#, "messages.0.role"),
        (#"{"messages": [{"role": "user", "content": 7}]}"#, "messages.0.content"),
        (
            #"{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}"#,
            "messages.0.content.0"
        ),
        (#"{"messages": [{"role": "user"}], "temperature": "hot"}"#, "temperature"),
        (#"{"messages": [{"role": "user"}], "temperature": -1}"#, "temperature"),
        (#"{"messages": [{"role": "user"}], "n": 0}"#, "n"),
        (#"{"messages": [{"role": "user"}], "stop": [1]}"#, "stop.0"),
        (#"{"messages": [{"role": "user"}], "logit_bias": {"1": "x"}}"#, "logit_bias.1"),
        (
            #"{"messages": [{"role": "user"}], "logit_bias": {"99999999": 1}}"#,
            "logit_bias.99999999"
        ),
        (#"{"messages": [{"role": "user"}], "tools": [{"type": "function"}]}"#, "tools.0.name"),
        (
            #"{"messages": [{"role": "user"}], "response_format": {"type": "json_object"}}"#,
            "response_format"
        ),
        (
            #"{"messages": [{"role": "user"}], "response_format": {"type": "sound"}}"#,
            "response_format.type"
        ),
        (#"{"messages": [{"role": "user"}], "tool_choice": "required"}"#, "tool_choice"),
        (#"{"messages": [{"role": "user"}], "grammar": "root ::= [a]"}"#, "grammar"),
        (#"{"messages": [{"role": "user"}], "guided_regex": "a+"}"#, "guided_regex"),
        (
            #"{"messages": [{"role": "user"}], "martlet": {"cache": "window(recent=8)"}}"#,
            "martlet.cache"
        ),
        (#"{"messages": [{"role": "user"}], "martlet": {"kv": "q4"}}"#, "martlet.kv"),
    ])
    func wrongFieldsAreRefusedByTheirPath(body: String, path: String) async throws {
        let server = try await Self.shared.value
        let sink = CollectedAnswer()
        await server.server.respond(
            to: ServerRequest("POST", "/v1/chat/completions", body: Array(body.utf8)), through: sink
        )
        #expect(sink.status == 400)
        let json = try sink.json()
        #expect(json["error.param"].stringValue == path)
        #expect(json["error.type"] == "invalid_request_error")
        #expect(json["error.message"].stringValue?.contains(path) == true)
    }

    /// One server for the cases of a table.
    private static let shared = Task {
        try await TestServer { $0.chatTemplate = TestServer.chatML }
    }

    @Test func malformedBodiesAreRefused() async throws {
        let server = try await server()
        for body in ["", "{", "[]", "nul", "{\"messages\": [}", "\u{0}", "{\"a\":1}{"] {
            let sink = CollectedAnswer()
            await server.server.respond(
                to: ServerRequest("POST", "/v1/chat/completions", body: Array(body.utf8)),
                through: sink)
            #expect(sink.status == 400, "\(body)")
            #expect(try sink.json()["error.message"].stringValue?.isEmpty == false)
        }
    }

    @Test func longPromptsAreRefusedWithTheNumbers() async throws {
        let server = try await server { $0.contextLength = 100 }
        let long = String(repeating: "x", count: 200)
        for stream in [false, true] {
            let answer = await server.post(
                "/v1/chat/completions",
                [
                    "messages": [["role": "user", "content": .string(long)]],
                    "stream": .bool(stream),
                ])
            #expect(answer.status == 400)
            let json = try answer.json()
            #expect(json["error.code"] == "context_length_exceeded")
            #expect(json["error.n_ctx"] == 100)
            #expect(json["error.n_prompt_tokens"].intValue ?? 0 > 200)
            #expect(
                json["error.message"].stringValue?.contains("maximum context length is 100 tokens")
                    == true)
        }
        // An answer ends where the context does.
        let answer = try await server.post(
            "/v1/chat/completions", ["messages": [["role": "user", "content": "Hello"]]]
        ).json()
        #expect(answer["choices.0.finish_reason"] == "length")
        #expect(answer["usage.total_tokens"] == 100)
    }

    @Test func unknownFieldsAreListedInAHeader() async throws {
        let answer = await (try server()).post(
            "/v1/chat/completions", hello(["user": "me", "wolf": ["a": 1]]))
        #expect(answer.status == 200)
        #expect(answer.headers["martlet-ignored"] == "user, wolf")
    }

    @Test func aReaderWhoLeavesEndsTheAnswer() async throws {
        let server = try await server()
        let answer = await server.send(
            "POST", "/v1/chat/completions",
            hello(["stream": true, "max_tokens": 2000, "temperature": 1.0]), patience: 3)
        #expect(try answer.events().count < 20)
        // The engine hears of it within a step.
        var running = 1
        for _ in 0..<200 where running > 0 {
            try await Task.sleep(for: .milliseconds(10))
            let slots = try await server.send("GET", "/slots").json()
            running = slots.arrayValue?.filter { $0["is_processing"] == true }.count ?? 0
        }
        #expect(running == 0)
    }

    @Test func ownFieldsAreReported() async throws {
        let json = try await (try server()).post(
            "/v1/chat/completions", hello(["martlet": ["priority": 3, "kv": "f32"]])
        ).json()
        #expect(json["martlet.cache"].stringValue?.isEmpty == false)
        #expect(json["martlet.lossy"] == [])
        #expect(json["martlet.seed"] == 7)
        #expect(json["martlet.peak_cache_bytes"].intValue ?? 0 > 0)
    }

    @Test func deadlinesEndAnswers() async throws {
        let server = try await server()
        let body = hello([
            "max_tokens": 100_000, "temperature": 1.0, "martlet": ["deadline": 0.05],
        ])
        let clock = ContinuousClock()
        let start = clock.now
        let json = try await server.post("/v1/chat/completions", body).json()
        #expect(json["choices.0.finish_reason"] == "length")
        #expect(start.duration(to: clock.now) < .seconds(20))
    }

    @Test func olderNamesAreUnderstood() async throws {
        let answer = await (try server()).post(
            "/chat/completions",
            [
                "messages": [
                    ["role": "developer", "content": [["type": "text", "text": "Be brief."]]],
                    ["role": "user", "content": "Hi", "name": "me"],
                    [
                        "role": "assistant", "content": .null, "reasoning": "hm",
                        "tool_calls": [
                            [
                                "id": "call_1", "type": "function",
                                "function": ["name": "f", "arguments": "{}"],
                            ]
                        ],
                    ],
                    ["role": "tool", "tool_call_id": "call_1", "content": "3"],
                ],
                "functions": [["name": "f", "parameters": ["type": "object"]]],
                "max_completion_tokens": 2,
            ])
        #expect(answer.status == 200, "\(answer.text)")
        #expect(try answer.json()["usage.completion_tokens"] == 2)
    }
}
