/// Answers of Ollama's API: lines of JSON, or one object.

import Foundation
import Martlet
import MartletEngine
import MartletJSON

/// Writes the objects of one answer.
struct OllamaAnswer: Sendable {
    private let model: ServedModel
    private let request: OllamaRequest
    private let created = OllamaTime.text(Date())

    init(_ request: OllamaRequest, _ model: ServedModel) {
        self.request = request
        self.model = model
    }

    private func object(_ part: Said, isDone: Bool) -> JSONObject {
        var object = JSONObject(present: [
            "model": .string(model.id), "created_at": .string(created),
        ])
        let thinking: JSONValue? = part.thinking.isEmpty ? nil : .string(part.thinking)
        if request.isChat {
            object = object.setting(
                "message",
                to: .present([
                    "role": "assistant", "content": .string(part.text), "thinking": thinking,
                    "tool_calls": part.calls.isEmpty ? nil : .array(part.calls.map(Self.call)),
                ]))
        } else {
            object = object.setting("response", to: .string(part.text))
            if let thinking { object = object.setting("thinking", to: thinking) }
        }
        return object.setting("done", to: .bool(isDone))
    }

    private struct Said {
        var text = ""
        var thinking = ""
        var calls: [ToolCall] = []
    }

    private static func call(_ call: ToolCall) -> JSONValue {
        [
            "function": [
                "name": .string(call.name),
                "arguments": (try? JSONValue.parse(Array(call.arguments.utf8)))
                    ?? .object(JSONObject()),
            ]
        ]
    }

    /// A line of a stream; nil where nothing is new.
    func line(_ part: ResponsePart) -> JSONValue? {
        guard !part.text.isEmpty || !part.reasoning.isEmpty || !part.toolCalls.isEmpty else {
            return nil
        }
        return .object(
            object(
                Said(text: part.text, thinking: part.reasoning, calls: part.toolCalls),
                isDone: false))
    }

    /// The whole answer, or the last line of a stream, which repeats nothing.
    ///
    /// - Parameter loadTime: what loading the model took for this request.
    func last(
        _ chain: FinishedChain, _ answer: AnswerRequest, isWhole: Bool, loadTime: Duration
    ) -> JSONValue {
        let response = chain.response
        let said =
            isWhole
            ? Said(text: response.text, thinking: response.reasoning, calls: response.toolCalls)
            : Said()
        let usage = response.usage
        let first = usage.timeToFirstToken ?? usage.duration
        var object = object(said, isDone: true).adding(
            JSONObject(present: [
                "done_reason": .string(
                    response.finishReason.openAI == "length" ? "length" : "stop"),
                "total_duration": Self.nanoseconds(loadTime + usage.duration),
                "load_duration": Self.nanoseconds(loadTime),
                "prompt_eval_count": .integer(usage.promptTokens),
                "prompt_eval_duration": Self.nanoseconds(first),
                "eval_count": .integer(usage.completionTokens),
                "eval_duration": Self.nanoseconds(usage.duration - first),
            ]))
        if let loaded = model.model,
            let report = answer.own.report([response], seed: answer.seed, of: loaded)
        {
            object = object.setting(MartletFields.key, to: report)
        }
        return .object(object)
    }

    /// The answer to a request without a prompt: the model is loaded, or put away.
    func loaded(unloads: Bool) -> JSONValue {
        .object(
            object(Said(), isDone: true).setting("done_reason", to: unloads ? "unload" : "load"))
    }

    static func nanoseconds(_ duration: Duration) -> JSONValue {
        .integer(Int(duration / .nanoseconds(1)))
    }
}

/// Moments as RFC 3339 has them.
enum OllamaTime {
    static func text(_ date: Date) -> String { date.ISO8601Format() }
}
