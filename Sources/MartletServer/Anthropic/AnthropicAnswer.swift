/// Messages of Anthropic's API, whole and as events.

import Martlet
import MartletEngine
import MartletJSON

/// Writes one message.
struct AnthropicAnswer: Sendable {
    private let id = "msg_" + Identifier.random()
    private let model: ServedModel
    private let request: AnthropicRequest
    /// The block that is open, and how many were opened.
    private var open: Block?
    private var count = 0

    private enum Block { case thinking, text }

    init(_ request: AnthropicRequest, _ model: ServedModel) {
        self.request = request
        self.model = model
    }

    // MARK: Whole

    func whole(_ chain: FinishedChain) -> JSONValue {
        let response = chain.response
        var content: [JSONValue] = []
        if !response.reasoning.isEmpty {
            content.append([
                "type": "thinking", "thinking": .string(response.reasoning), "signature": "martlet",
            ])
        }
        if !response.text.isEmpty || response.toolCalls.isEmpty {
            content.append(["type": "text", "text": .string(response.text)])
        }
        content += response.toolCalls.map { call in
            .object(opening(of: call).setting("input", to: Self.arguments(call)))
        }
        var object = message(content)
            .setting("stop_reason", to: .string(reason(response)))
            .setting("stop_sequence", to: .text(stopText(response)))
            .setting("usage", to: usage([chain]))
        if let model = model.model,
            let report = request.answer.own.report([response], seed: request.answer.seed, of: model)
        {
            object = object.setting(MartletFields.key, to: report)
        }
        return .object(object)
    }

    private func message(_ content: [JSONValue]) -> JSONObject {
        JSONObject(present: [
            "id": .string(id), "type": "message", "role": "assistant",
            "model": .string(model.id), "content": .array(content), "stop_reason": .null,
            "stop_sequence": .null,
        ])
    }

    private func usage(_ chains: [FinishedChain]) -> JSONValue {
        let usage = AnswerUsage(chains, promptTokens: request.answer.prompt.tokens.count)
        return [
            "input_tokens": .integer(usage.promptTokens - usage.cachedTokens),
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": .integer(usage.cachedTokens),
            "output_tokens": .integer(usage.completionTokens),
        ]
    }

    private func reason(_ response: Response) -> String {
        switch response.finishReason {
        case .toolCalls: "tool_use"
        case .length, .cancelled, .outOfMemory: "max_tokens"
        case .stop: stopText(response) == nil ? "end_turn" : "stop_sequence"
        }
    }

    private func stopText(_ response: Response) -> String? {
        if case .text(let text) = response.match { text } else { nil }
    }

    private static func arguments(_ call: ToolCall) -> JSONValue {
        (try? JSONValue.parse(Array(call.arguments.utf8))) ?? .object(JSONObject())
    }

    private func opening(of call: ToolCall) -> JSONObject {
        JSONObject(present: [
            "type": "tool_use",
            "id": .string(
                call.id.hasPrefix("call_") ? "toolu_" + call.id.dropFirst(5) : call.id),
            "name": .string(call.name), "input": .object(JSONObject()),
        ])
    }

    // MARK: Events

    typealias Event = (name: String, value: JSONValue)

    private func event(_ name: String, _ members: JSONObject) -> Event {
        (name, .object(JSONObject(present: ["type": .string(name)]).adding(members)))
    }

    /// The events that open a message.
    func opening() -> [Event] {
        let usage: JSONValue = [
            "input_tokens": .integer(request.answer.prompt.tokens.count),
            "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 0,
        ]
        return [
            event(
                "message_start",
                JSONObject(present: ["message": .object(message([]).setting("usage", to: usage))])),
            event("ping", JSONObject()),
        ]
    }

    /// The events of a piece.
    mutating func events(_ part: ResponsePart) -> [Event] {
        var events: [Event] = []
        if !part.reasoning.isEmpty {
            events += begin(.thinking)
            events.append(
                delta(["type": "thinking_delta", "thinking": .string(part.reasoning)]))
        }
        if !part.text.isEmpty {
            events += begin(.text)
            events.append(delta(["type": "text_delta", "text": .string(part.text)]))
        }
        for call in part.toolCalls {
            events += endBlock()
            events.append(start(.object(opening(of: call))))
            events.append(
                delta(["type": "input_json_delta", "partial_json": .string(call.arguments)]))
            events.append(stop())
            count += 1
        }
        return events
    }

    /// The events that end a message.
    mutating func closing(_ chain: FinishedChain) -> [Event] {
        // Clients expect at least one block.
        var events = count == 0 && open == nil ? begin(.text) : []
        events += endBlock()
        events.append(
            event(
                "message_delta",
                JSONObject(present: [
                    "delta": [
                        "stop_reason": .string(reason(chain.response)),
                        "stop_sequence": .text(stopText(chain.response)),
                    ],
                    "usage": usage([chain]),
                ])))
        events.append(event("message_stop", JSONObject()))
        return events
    }

    private mutating func begin(_ block: Block) -> [Event] {
        guard open != block else { return [] }
        let events = endBlock()
        open = block
        return events + [
            start(
                block == .text
                    ? ["type": "text", "text": ""]
                    : ["type": "thinking", "thinking": "", "signature": ""])
        ]
    }

    private mutating func endBlock() -> [Event] {
        guard let block = open else { return [] }
        var events: [Event] = []
        if block == .thinking {
            events.append(delta(["type": "signature_delta", "signature": "martlet"]))
        }
        events.append(stop())
        open = nil
        count += 1
        return events
    }

    private func start(_ block: JSONValue) -> Event {
        event(
            "content_block_start",
            JSONObject(present: ["index": .integer(count), "content_block": block]))
    }

    private func delta(_ delta: JSONValue) -> Event {
        event(
            "content_block_delta",
            JSONObject(present: ["index": .integer(count), "delta": delta]))
    }

    private func stop() -> Event {
        event("content_block_stop", JSONObject(present: ["index": .integer(count)]))
    }
}
