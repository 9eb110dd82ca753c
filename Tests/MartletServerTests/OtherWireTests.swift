/// Anthropic's, Ollama's and llama.cpp's APIs, and completions.

import Martlet
import MartletJSON
import MartletServer
import Testing

@Suite struct OtherWireTests {
    private func server() async throws -> TestServer {
        try await TestServer { $0.chatTemplate = TestServer.chatML }
    }

    // MARK: Anthropic

    private static let message: JSONValue = [
        "model": "any", "max_tokens": 5, "temperature": 0,
        "system": [["type": "text", "text": "Be brief.", "cache_control": ["type": "ephemeral"]]],
        "messages": [["role": "user", "content": "Hello"]],
    ]

    @Test func messagesHaveTheShapeOfAnthropic() async throws {
        let server = try await server()
        let answer = await server.post("/v1/messages?beta=true", Self.message)
        #expect(answer.status == 200, "\(answer.text)")
        let json = try answer.json()
        #expect(json["type"] == "message")
        #expect(json["content.0.type"] == "text")
        #expect(json["stop_reason"] == "max_tokens")
        #expect(json["stop_sequence"] == .null)
        #expect(json["usage.output_tokens"] == 5)
        #expect(json["usage.cache_read_input_tokens"] == 0)
        let counted = try await server.post("/v1/messages/count_tokens", Self.message).json()
        #expect(counted == ["input_tokens": json["usage.input_tokens"]])
        let missing = await server.post(
            "/v1/messages", ["messages": [["role": "user", "content": "Hello"]]])
        #expect(missing.status == 400)
        #expect(try missing.json()["error.type"] == "invalid_request_error")
    }

    @Test func messagesStreamInNamedEvents() async throws {
        let server = try await server()
        let whole = try await server.post("/v1/messages", Self.message).json()
        let body = (Self.message.objectValue ?? JSONObject()).setting("stream", to: true)
        let answer = await server.post("/v1/messages", .object(body))
        let events = try answer.events()
        let names = answer.text.split(separator: "\n").filter { $0.hasPrefix("event: ") }
            .map { String($0.dropFirst(7)) }
        #expect(names == events.map { $0["type"].stringValue ?? "" })
        #expect(names.first == "message_start")
        #expect(names.suffix(3) == ["content_block_stop", "message_delta", "message_stop"])
        #expect(names.filter { $0 == "content_block_start" }.count == 1)
        let text = events.compactMap { $0["delta.text"].stringValue }.joined()
        #expect(text == whole["content.0.text"].stringValue)
        #expect(events[0]["message.content"] == [])
        let end = events[events.count - 2]
        #expect(end["delta.stop_reason"] == "max_tokens")
        #expect(end["usage.output_tokens"] == 5)
    }

    @Test func blocksOfToolsBecomeMessages() async throws {
        let answer = await (try server()).post(
            "/v1/messages",
            [
                "max_tokens": 1,
                "tools": [
                    ["name": "f", "input_schema": ["type": "object"]],
                    ["type": "web_search_20250305", "name": "web_search"],
                ],
                "messages": [
                    ["role": "user", "content": "Go"],
                    [
                        "role": "assistant",
                        "content": [
                            ["type": "thinking", "thinking": "hm", "signature": "s"],
                            ["type": "tool_use", "id": "toolu_1", "name": "f", "input": ["a": 1]],
                        ],
                    ],
                    [
                        "role": "user",
                        "content": [
                            ["type": "tool_result", "tool_use_id": "toolu_1", "content": "3"],
                            ["type": "text", "text": "Well?"],
                        ],
                    ],
                ],
            ])
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.headers["martlet-ignored"] == "tools.1")
        let image = await (try server()).post(
            "/v1/messages",
            [
                "max_tokens": 1,
                "messages": [["role": "user", "content": [["type": "image", "source": [:]]]]],
            ])
        #expect(image.status == 400)
        #expect(
            try image.json()["error.message"].stringValue?.contains("image input is not supported")
                == true)
    }

    // MARK: Ollama

    @Test func ollamaStreamsLines() async throws {
        let server = try await server()
        let body: JSONValue = [
            "model": "any", "messages": [["role": "user", "content": "Hello"]],
            "options": ["num_predict": 4, "temperature": 0],
        ]
        let answer = await server.post("/api/chat", body)
        #expect(answer.headers["content-type"] == "application/x-ndjson")
        let lines = try answer.lines()
        let last = try #require(lines.last)
        #expect(last["done"] == true)
        #expect(last["done_reason"] == "length")
        #expect(last["eval_count"] == 4)
        #expect(lines.dropLast().allSatisfy { $0["done"] == false })
        let whole = try await server.post(
            "/api/chat", .object((body.objectValue ?? JSONObject()).setting("stream", to: false))
        ).json()
        #expect(
            lines.compactMap { $0["message.content"].stringValue }.joined()
                == whole["message.content"].stringValue)
        let raw = try await server.post(
            "/api/generate",
            [
                "prompt": "Hello", "raw": true, "stream": false,
                "options": ["num_predict": 2],
            ]
        ).json()
        #expect(raw["prompt_eval_count"] == 5)
        #expect(raw["response"].stringValue?.isEmpty == false)
        let load = try await server.post("/api/generate", ["model": "x"]).json()
        #expect(load["done_reason"] == "load")
        for path in ["/api/tags", "/api/ps"] {
            let list = try await server.send("GET", path).json()
            #expect(list["models.0.name"].stringValue?.hasPrefix("random:tiny") == true)
            #expect(list["models.0.digest"].stringValue?.utf8.count == 64)
        }
        let shown = try await server.post("/api/show", ["model": "x"]).json()
        #expect(shown["capabilities"] == ["completion"])
        #expect(await server.post("/api/pull", ["model": "x"]).status == 501)
        for (format, status) in [("json", 200), ("xml", 400)] {
            let members = (body.objectValue ?? JSONObject()).setting("format", to: .string(format))
            #expect(await server.post("/api/chat", .object(members)).status == status)
        }
        let schema = await server.post(
            "/api/chat",
            .object(
                (body.objectValue ?? JSONObject()).setting("format", to: ["uniqueItems": true])))
        #expect(schema.status == 400 && schema.text.contains("uniqueItems"), "\(schema.text)")
    }

    // MARK: llama.cpp

    @Test func nativeCompletionsTellTheirSettings() async throws {
        let server = try await TestServer("builtin")
        let body: JSONValue = [
            "prompt": "C97:a=8,b=a*9+4", "n_predict": 5, "n_probs": 3, "temperature": 0,
            "return_tokens": true,
        ]
        let json = try await server.post("/completion", body).json()
        #expect(json["tokens"].arrayValue?.count == json["tokens_predicted"].intValue)
        #expect(json["generation_settings.n_predict"] == 5)
        #expect(json["stop"] == true)
        #expect(["limit", "eos"].contains(json["stop_type"].stringValue ?? ""))
        #expect(json["truncated"] == false)
        let first = json["completion_probabilities.0"]
        #expect(first["top_logprobs"].arrayValue?.count == 3)
        #expect(first["id"] == json["tokens.0"])
        #expect(json["generation_settings.post_sampling_probs"] == false)
        let draw = try await server.post(
            "/completion",
            .object(
                (body.objectValue ?? JSONObject()).setting("post_sampling_probs", to: true)
                    .setting("temperature", to: 1).setting("top_k", to: 2).setting("seed", to: 3))
        ).json()
        #expect(draw["generation_settings.post_sampling_probs"] == true)
        let drawn = draw["completion_probabilities.0"]
        let told = (drawn["top_probs"].arrayValue ?? []).map { $0["prob"].doubleValue ?? -1 }
        #expect(told.count == 3 && abs(told[0] + told[1] - 1) < 1e-6 && told[2] == 0)
        #expect(told.contains(drawn["prob"].doubleValue ?? -1))
        #expect(drawn["logprob"] == .null && drawn["top_logprobs"] == .null)
        let list = try await server.post(
            "/completion", ["prompt": ["a", [65, 66], "c"], "n_predict": 1]
        ).json()
        #expect(list.arrayValue?.count == 3)
        let fields = try await server.post(
            "/completion",
            [
                "prompt": "a", "n_predict": 1,
                "response_fields": ["content", "generation_settings/n_predict"],
            ]
        ).json()
        #expect(fields.objectValue?.keys == ["content", "generation_settings/n_predict"])
        let streamed = try await server.post(
            "/completion",
            .object((body.objectValue ?? JSONObject()).setting("stream", to: true))
        ).events()
        #expect(
            streamed.compactMap { $0["content"].stringValue }.joined()
                == json["content"].stringValue)
        #expect(streamed.last?["stop"] == true)
        #expect(streamed.dropLast().allSatisfy { $0["stop"] == false })
        let infill = await server.post("/infill", ["input_prefix": "a", "input_suffix": "b"])
        #expect(infill.status == 501)
    }

    @Test func tokensComeAndGo() async throws {
        let server = try await TestServer("builtin")
        let text = "a=8,b=a*9+4"
        let tokens = try await server.post("/tokenize", ["content": .string(text)]).json()["tokens"]
        #expect(tokens.arrayValue?.isEmpty == false)
        let back = try await server.post("/detokenize", ["tokens": tokens]).json()
        #expect(back["content"].stringValue == text)
        let pieces = try await server.post(
            "/tokenize", ["content": .string(text), "with_pieces": true]
        ).json()["tokens"]
        #expect(
            pieces.arrayValue?.compactMap { $0["piece"].stringValue }.joined() == text)
        #expect(await server.post("/detokenize", ["tokens": [-1]]).status == 400)
        let props = try await server.send("GET", "/props").json()
        #expect(props["default_generation_settings.params.seed"] == 7)
        let closed = try await TestServer { $0.reportsSlots = false }
        #expect(await closed.send("GET", "/slots").status == 501)
    }

    // MARK: Completions

    @Test func completionsEchoAndScore() async throws {
        let server = try await TestServer("builtin")
        let text = "C97:a=8"
        let scored = try await server.post(
            "/v1/completions",
            ["prompt": .string(text), "max_tokens": 0, "echo": true, "logprobs": 2]
        ).json()
        #expect(scored["choices.0.text"].stringValue == text)
        #expect(scored["choices.0.logprobs.token_logprobs.0"] == .null)
        let tokens = scored["choices.0.logprobs.tokens"].arrayValue?.compactMap(\.stringValue) ?? []
        #expect(tokens.joined() == text)
        #expect(
            scored["choices.0.logprobs.text_offset"].arrayValue?.compactMap(\.intValue)
                == tokens.indices.map { tokens[..<$0].joined().count })
        let model = try await Model.load("builtin")
        let known = try await model.score(try model.encode(text), topCount: 2)
        let got = scored["choices.0.logprobs.token_logprobs"].arrayValue ?? []
        for (entry, logprob) in zip(got, known.logprobs).dropFirst() {
            #expect(abs((entry.doubleValue ?? 0) - Double(logprob ?? 0)) < 1e-6)
        }
        // Several prompts, several answers each, prompt by prompt.
        let json = try await server.post(
            "/v1/completions", ["prompt": ["a", "b"], "n": 2, "max_tokens": 2, "echo": true]
        ).json()
        let texts = json["choices"].arrayValue?.compactMap { $0["text"].stringValue } ?? []
        #expect(texts.map { $0.prefix(1) } == ["a", "a", "b", "b"])
        #expect(json["choices.3.index"] == 3)
        let suffix = await server.post("/v1/completions", ["prompt": "a", "suffix": "b"])
        #expect(suffix.status == 400)
    }

    @Test func completionsStreamTheirTexts() async throws {
        let server = try await TestServer("builtin")
        let body: JSONValue = [
            "prompt": "C97:a=8,b=a*9+4", "max_tokens": 8, "temperature": 0.5, "n": 2,
        ]
        let whole = try await server.post("/v1/completions", body).json()
        let object = (body.objectValue ?? JSONObject()).setting("stream", to: true)
        let answer = await server.post("/v1/completions", .object(object))
        let events = try answer.events()
        for index in 0..<2 {
            let text = events.filter { $0["choices.0.index"].intValue == index }
                .compactMap { $0["choices.0.text"].stringValue }.joined()
            #expect(text == whole["choices.\(index).text"].stringValue)
        }
        #expect(answer.text.hasSuffix("data: [DONE]\n\n"))
    }
}
