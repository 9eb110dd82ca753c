/// How thoughts and calls are written in each API: pieces of an answer in, objects and events out.

import MartletJSON
import MartletTemplates
import Testing

@testable import Martlet
@testable import MartletServer

@Suite struct CallWireTests {
    private static let call = ToolCall(
        id: "call_abc", name: "weather", arguments: #"{"place":"here"}"#)
    private static let other = ToolCall(id: "call_def", name: "time", arguments: "{}")

    /// An answer that thinks, speaks, and calls twice.
    private static let response = Response(
        text: "Let me look.", reasoning: "hm", toolCalls: [call, other], tokens: [1, 2, 3],
        logprobs: [], top: [], finishReason: .toolCalls, usage: Usage())

    private static let parts: [ResponsePart] = {
        var calling = ResponsePart()
        calling.toolCalls = [call]
        var again = ResponsePart(response: response)
        again.toolCalls = [other]
        return [
            ResponsePart(reasoning: "h"), ResponsePart(reasoning: "m"),
            ResponsePart(text: "Let me "), ResponsePart(text: "look."), calling, again,
        ]
    }()

    private static let chain = FinishedChain(response: response, reasoningTokens: 1)

    private struct Asked {
        let model: ServedModel
        let service: Service
        let exchange: Exchange
    }

    private func asked() async throws -> Asked {
        let server = try await TestServer { $0.chatTemplate = TestServer.chatML }
        return Asked(
            model: try server.service.model(), service: server.service,
            exchange: Exchange(
                ServerRequest("POST", "/"), sink: CollectedAnswer(), id: "req_1"))
    }

    private func fields(_ members: KeyValuePairs<String, JSONValue>) -> Fields {
        var object = JSONObject().setting("messages", to: [["role": "user", "content": "Hi"]])
        for (key, value) in members { object = object.setting(key, to: value) }
        return Fields(object)
    }

    @Test func chatCompletionsSendNamesFirst() async throws {
        let asked = try await asked()
        let request = try ChatRequest(fields([:]), asked.exchange, asked.service, asked.model)
        var answer = ChatAnswer(request, asked.model, asked.service.configuration)
        let deltas = Self.parts.flatMap { answer.chunks(ChainPart(chain: 0, part: $0)) }
            .map { $0["choices.0"] }
        #expect(
            deltas.map { $0["delta"] } == [
                ["reasoning_content": "h", "reasoning": "h"],
                ["reasoning_content": "m", "reasoning": "m"],
                ["content": "Let me "], ["content": "look."],
                [
                    "tool_calls": [
                        [
                            "index": 0, "id": "call_abc", "type": "function",
                            "function": ["name": "weather", "arguments": ""],
                        ]
                    ]
                ],
                [
                    "tool_calls": [
                        ["index": 0, "function": ["arguments": #"{"place":"here"}"#]]
                    ]
                ],
                [
                    "tool_calls": [
                        [
                            "index": 1, "id": "call_def", "type": "function",
                            "function": ["name": "time", "arguments": ""],
                        ]
                    ]
                ],
                ["tool_calls": [["index": 1, "function": ["arguments": "{}"]]]],
                [:],
            ])
        #expect(deltas.last?["finish_reason"] == "tool_calls")
        let whole = answer.whole([Self.chain])
        #expect(whole["choices.0.message.reasoning"] == "hm")
        #expect(whole["choices.0.message.reasoning_content"] == "hm")
        #expect(
            whole["choices.0.message.tool_calls.0"] == [
                "id": "call_abc", "type": "function",
                "function": ["name": "weather", "arguments": #"{"place":"here"}"#],
            ])
        #expect(whole["choices.0.finish_reason"] == "tool_calls")
    }

    @Test func theOlderFormHasOneFunction() async throws {
        let asked = try await asked()
        let request = try ChatRequest(
            fields(["functions": [["name": "weather"]]]), asked.exchange, asked.service,
            asked.model)
        var answer = ChatAnswer(request, asked.model, asked.service.configuration)
        let whole = answer.whole([Self.chain])
        #expect(whole["choices.0.message.function_call.name"] == "weather")
        #expect(whole["choices.0.message.tool_calls"] == .null)
        #expect(whole["choices.0.finish_reason"] == "function_call")
        let calls = Self.parts.flatMap { answer.chunks(ChainPart(chain: 0, part: $0)) }
            .map { $0["choices.0.delta.function_call"] }.filter { !$0.isNull }
        #expect(calls == [["name": "weather", "arguments": #"{"place":"here"}"#]])
    }

    @Test func anthropicBlocksAreDenseAndInOrder() async throws {
        let asked = try await asked()
        let request = try AnthropicRequest(
            fields(["max_tokens": 5]), asked.exchange, asked.service, asked.model)
        var answer = AnthropicAnswer(request, asked.model)
        let events = (Self.parts.flatMap { answer.events($0) } + answer.closing(Self.chain))
            .map(\.value)
        let starts = events.filter { $0["type"] == "content_block_start" }
        #expect(
            starts.map { $0["content_block.type"] } == ["thinking", "text", "tool_use", "tool_use"])
        #expect(starts.map { $0["index"] } == [0, 1, 2, 3])
        let stops = events.filter { $0["type"] == "content_block_stop" }
        #expect(stops.map { $0["index"] } == [0, 1, 2, 3])
        #expect(starts[2]["content_block.id"] == "toolu_abc")
        #expect(starts[2]["content_block.input"] == [:])
        let deltas = events.map { $0["delta"] }
        #expect(deltas.contains(["type": "thinking_delta", "thinking": "m"]))
        #expect(deltas.contains { $0["type"] == "signature_delta" })
        #expect(
            deltas.contains([
                "type": "input_json_delta", "partial_json": #"{"place":"here"}"#,
            ]))
        #expect(events[events.count - 2]["delta.stop_reason"] == "tool_use")
        let whole = answer.whole(Self.chain)
        #expect(
            whole["content"].arrayValue?.map { $0["type"] } == [
                "thinking", "text", "tool_use", "tool_use",
            ])
        // The input is an object, not a text.
        #expect(whole["content.2.input"] == ["place": "here"])
    }

    @Test func responsesHaveAnItemForEach() async throws {
        let asked = try await asked()
        let request = try ResponsesRequest(
            Fields(JSONObject().setting("input", to: "Hi")), asked.exchange, asked.service,
            asked.model)
        var answer = ResponsesAnswer(request, asked.model)
        let opening = answer.opening()
        let middle = Self.parts.flatMap { answer.events($0) }
        let events =
            (opening + middle
            + answer.closing(Self.chain)).map(\.value)
        #expect(events.compactMap { $0["sequence_number"].intValue } == Array(0..<events.count))
        let items = events.filter { $0["type"] == "response.output_item.done" }.map { $0["item"] }
        #expect(
            items.map { $0["type"] } == ["reasoning", "message", "function_call", "function_call"])
        #expect(items[0]["content.0.text"] == "hm")
        #expect(items[2]["call_id"] == "call_abc")
        #expect(items[2]["arguments"] == #"{"place":"here"}"#)
        let last = events[events.count - 1]
        #expect(last["type"] == "response.completed")
        #expect(last["response.output"] == .array(items))
        for event in events where event["type"] == "response.output_item.added" {
            #expect(event["output_index"].intValue.map { items[$0]["id"] } == event["item.id"])
        }
    }

    @Test func ollamaArgumentsAreObjects() async throws {
        let asked = try await asked()
        let request = try OllamaRequest(
            chat: fields([:]), asked.exchange, asked.service, asked.model)
        let answer = OllamaAnswer(request, asked.model)
        let lines = Self.parts.compactMap { answer.line($0) }
        #expect(lines.compactMap { $0["message.thinking"].stringValue }.joined() == "hm")
        #expect(lines.compactMap { $0["message.content"].stringValue }.joined() == "Let me look.")
        #expect(
            lines[4]["message.tool_calls"] == [
                ["function": ["name": "weather", "arguments": ["place": "here"]]]
            ])
    }

    /// Without parallel calls an answer has one.
    @Test func oneCallIsEnoughWhereItIsAskedFor() async throws {
        let asked = try await asked()
        let request = try ChatRequest(
            fields(["parallel_tool_calls": false]), asked.exchange, asked.service, asked.model)
        #expect(!request.answer.callsInParallel)
        let message = try AnthropicRequest(
            fields([
                "max_tokens": 5,
                "tool_choice": ["type": "auto", "disable_parallel_tool_use": true],
            ]), asked.exchange, asked.service, asked.model)
        #expect(!message.answer.callsInParallel)
    }
}
