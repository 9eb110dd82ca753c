/// Responses as clients read them: items, and the events in which they come.

import Foundation
import Martlet
import MartletEngine
import MartletJSON
import Synchronization

/// Writes one response. A whole one is written by the same steps as a stream's, whose events nobody reads.
struct ResponsesAnswer: Sendable {
    typealias Event = (name: String, value: JSONValue)

    let id = "resp_" + Identifier.random()
    private let created = Int(Date().timeIntervalSince1970)
    private let model: ServedModel
    private let request: ResponsesRequest
    private let texts: TokenTexts
    /// The items that are complete.
    private(set) var output: [JSONValue] = []
    private var open: Open?
    private let numbers = SequenceNumbers()

    /// An item that grows.
    private struct Open {
        enum Kind { case reasoning, message }
        let kind: Kind
        let id: String
        var text = ""
        var logprobs: [JSONValue] = []

        var partType: JSONValue { kind == .message ? "output_text" : "reasoning_text" }
    }

    init(_ request: ResponsesRequest, _ model: ServedModel) {
        self.request = request
        self.model = model
        texts = TokenTexts(model)
    }

    // MARK: The response

    /// The object, in a state.
    func object(_ status: String, _ chain: FinishedChain? = nil) -> JSONValue {
        let isIncomplete = status == "incomplete"
        var object = JSONObject(present: [
            "id": .string(id), "object": "response", "created_at": .integer(created),
            "completed_at": chain == nil
                ? .null : .integer(Int(Date().timeIntervalSince1970)),
            "status": .string(status), "background": false, "error": .null,
            "incomplete_details": isIncomplete ? ["reason": "max_output_tokens"] : .null,
            "model": .string(model.id), "output": .array(output),
        ]).adding(request.repeated)
        guard let chain else { return .object(object.setting("usage", to: .null)) }
        let usage = AnswerUsage([chain], promptTokens: request.answer.prompt.tokens.count)
        object = object.setting(
            "usage",
            to: [
                "input_tokens": .integer(usage.promptTokens),
                "input_tokens_details": [
                    "cached_tokens": .integer(usage.cachedTokens), "cache_write_tokens": 0,
                ],
                "output_tokens": .integer(usage.completionTokens),
                "output_tokens_details": ["reasoning_tokens": .integer(usage.reasoningTokens)],
                "total_tokens": .integer(usage.promptTokens + usage.completionTokens),
            ])
        if let loaded = model.model,
            let report = request.answer.own.report(
                [chain.response], seed: request.answer.seed, of: loaded)
        {
            object = object.setting(MartletFields.key, to: report)
        }
        return .object(object)
    }

    static func status(_ chain: FinishedChain) -> String {
        [.stop, .toolCalls].contains(chain.response.finishReason) ? "completed" : "incomplete"
    }

    // MARK: Events

    private func event(_ name: String, _ members: JSONObject) -> Event {
        (
            name,
            .object(
                JSONObject(present: [
                    "type": .string(name), "sequence_number": .integer(numbers.next()),
                ]).adding(members))
        )
    }

    /// The events that open a stream.
    func opening() -> [Event] {
        ["response.created", "response.in_progress"].map { name in
            event(name, JSONObject(present: ["response": object("in_progress")]))
        }
    }

    /// The event that tells how far the prompt is.
    func progress(_ progress: PromptProgress) -> Event {
        event(
            "response.in_progress",
            JSONObject(present: ["response": object("in_progress")])
                .adding(progress.llamaCpp(isTimed: request.telling.timesTokens)))
    }

    /// The events of a piece.
    ///
    /// - Parameter timings: the times so far, where they are told.
    mutating func events(_ part: ResponsePart, timings: JSONValue? = nil) -> [Event] {
        var events: [Event] = []
        if !part.reasoning.isEmpty {
            events += begin(.reasoning)
            events += grow(part.reasoning, [], timings)
        }
        var logprobs: [JSONValue] = []
        if request.includesLogprobs, let token = part.token, let logprob = part.logprob {
            logprobs = texts.entries([token], [logprob], [part.top])
        }
        if !part.text.isEmpty {
            events += begin(.message)
            events += grow(part.text, logprobs, timings)
        }
        for call in part.toolCalls { events += self.events(of: call) }
        return events
    }

    /// The events that end a stream.
    mutating func closing(_ chain: FinishedChain) -> [Event] {
        // Clients expect something to have been said.
        var events = output.isEmpty && open == nil ? begin(.message) : []
        events += endItem()
        let status = Self.status(chain)
        var members = JSONObject(present: ["response": object(status, chain)])
        if request.includesTimings {
            members = members.setting("timings", to: Timings([chain]).value)
        }
        events.append(event("response.\(status)", members))
        return events
    }

    private var place: JSONObject {
        JSONObject(present: [
            "item_id": open.map { .string($0.id) }, "output_index": .integer(output.count),
        ])
    }

    private var partPlace: JSONObject { place.setting("content_index", to: 0) }

    private mutating func begin(_ kind: Open.Kind) -> [Event] {
        guard open?.kind != kind else { return [] }
        var events = endItem()
        let item = Open(
            kind: kind, id: (kind == .message ? "msg_" : "rs_") + Identifier.random())
        open = item
        events.append(
            event(
                "response.output_item.added",
                JSONObject(present: [
                    "output_index": .integer(output.count), "item": value(item, isDone: false),
                ])))
        events.append(
            event(
                "response.content_part.added",
                partPlace.setting("part", to: part(item, isDone: false))))
        return events
    }

    private mutating func grow(
        _ text: String, _ logprobs: [JSONValue], _ timings: JSONValue?
    ) -> [Event] {
        open?.text += text
        open?.logprobs += logprobs
        var members = partPlace.setting("delta", to: .string(text))
        if let timings { members = members.setting("timings", to: timings) }
        guard open?.kind == .message else {
            return [event("response.reasoning_text.delta", members)]
        }
        members = members.setting("logprobs", to: .array(logprobs))
        return [event("response.output_text.delta", members)]
    }

    private mutating func endItem() -> [Event] {
        guard let item = open else { return [] }
        let name = item.kind == .message ? "output_text" : "reasoning_text"
        var done = partPlace.setting("text", to: .string(item.text))
        if item.kind == .message { done = done.setting("logprobs", to: .array(item.logprobs)) }
        let value = value(item, isDone: true)
        let events = [
            event("response.\(name).done", done),
            event(
                "response.content_part.done",
                partPlace.setting("part", to: part(item, isDone: true))),
            event(
                "response.output_item.done",
                JSONObject(present: ["output_index": .integer(output.count), "item": value])),
        ]
        output.append(value)
        open = nil
        return events
    }

    private mutating func events(of call: ToolCall) -> [Event] {
        var events = endItem()
        let id = "fc_" + Identifier.random()
        func item(_ status: JSONValue, _ arguments: String) -> JSONValue {
            [
                "id": .string(id), "type": "function_call", "status": status,
                "call_id": .string(call.id), "name": .string(call.name),
                "arguments": .string(arguments),
            ]
        }
        let index = JSONValue.integer(output.count)
        let place = JSONObject(present: ["item_id": .string(id), "output_index": index])
        events += [
            event(
                "response.output_item.added",
                JSONObject(present: ["output_index": index, "item": item("in_progress", "")])),
            event(
                "response.function_call_arguments.delta",
                place.setting("delta", to: .string(call.arguments))),
            event(
                "response.function_call_arguments.done",
                place.setting("name", to: .string(call.name))
                    .setting("arguments", to: .string(call.arguments))),
            event(
                "response.output_item.done",
                JSONObject(present: [
                    "output_index": index, "item": item("completed", call.arguments),
                ])),
        ]
        output.append(item("completed", call.arguments))
        return events
    }

    private func part(_ item: Open, isDone: Bool) -> JSONValue {
        let text = JSONValue.string(isDone ? item.text : "")
        guard item.kind == .message else { return ["type": "reasoning_text", "text": text] }
        return [
            "type": "output_text", "text": text, "annotations": [],
            "logprobs": .array(isDone ? item.logprobs : []),
        ]
    }

    private func value(_ item: Open, isDone: Bool) -> JSONValue {
        let content: JSONValue = isDone ? [part(item, isDone: true)] : []
        guard item.kind == .message else {
            return [
                "id": .string(item.id), "type": "reasoning", "summary": [], "content": content,
            ]
        }
        return [
            "id": .string(item.id), "type": "message", "role": "assistant",
            "status": isDone ? "completed" : "in_progress", "content": content,
        ]
    }
}

/// Numbers the events of one stream, whoever sends them.
private final class SequenceNumbers: Sendable {
    private let last = Mutex(-1)

    func next() -> Int {
        last.withLock { last in
            last += 1
            return last
        }
    }
}
