/// A chat completion as clients read it, whole and in chunks.

import Foundation
import Martlet
import MartletEngine
import MartletJSON

/// Writes the objects of one chat completion.
struct ChatAnswer: Sendable {
    let id: String
    let created: Int
    let model: ServedModel
    let request: ChatRequest
    /// What stands in the first delta's content.
    let firstContent: JSONValue
    private let texts: TokenTexts
    /// Calls that each chain has written.
    private var callCounts: [Int]
    /// What its cache holds; nil where nobody asked.
    private var reports: AnswerReports?

    init(_ request: ChatRequest, _ model: ServedModel, _ configuration: ServerConfiguration) {
        id = "chatcmpl-" + Identifier.random()
        created = Int(Date().timeIntervalSince1970)
        self.model = model
        self.request = request
        firstContent = configuration.isLlamaCompatible ? .null : ""
        texts = TokenTexts(model)
        callCounts = Array(repeating: 0, count: request.answer.chainCount)
        if request.answer.own.reports, let model = model.model {
            reports = AnswerReports(request.answer.own, of: model)
        }
    }

    private func envelope(_ object: String, _ choices: [JSONValue]) -> JSONObject {
        JSONObject(present: [
            "id": .string(id), "object": .string(object), "created": .integer(created),
            "model": .string(model.id), "system_fingerprint": .string(Identifier.fingerprint),
            "choices": .array(choices),
        ])
    }

    // MARK: Whole

    func whole(_ chains: [FinishedChain]) -> JSONValue {
        let choices = chains.enumerated().map { index, chain -> JSONValue in
            let response = chain.response
            let logprobs: JSONValue =
                request.answer.options.logprobs == nil
                ? .null
                : [
                    "content": .array(
                        texts.entries(response.tokens, response.logprobs, response.top)),
                    "refusal": .null,
                ]
            return [
                "index": .integer(index), "message": message(response), "logprobs": logprobs,
                "finish_reason": .string(finishReason(response)),
            ]
        }
        let usage = AnswerUsage(chains, promptTokens: request.answer.prompt.tokens.count)
        var object = envelope("chat.completion", choices)
            .setting("usage", to: usage.openAI)
        object = object.adding(extras(chains))
        return .object(object)
    }

    private func message(_ response: Response) -> JSONValue {
        let hasOnlyCalls = response.text.isEmpty && !response.toolCalls.isEmpty
        var message = JSONObject(present: [
            "role": "assistant",
            "content": hasOnlyCalls ? .null : .string(response.text), "refusal": .null,
        ])
        if !response.reasoning.isEmpty {
            message = message.setting("reasoning_content", to: .string(response.reasoning))
                .setting("reasoning", to: .string(response.reasoning))
        }
        if let first = response.toolCalls.first, request.usesFunctions {
            message = message.setting("function_call", to: first.function)
        } else if !response.toolCalls.isEmpty {
            message = message.setting(
                "tool_calls", to: .array(response.toolCalls.map(\.openAI)))
        }
        return .object(message)
    }

    private func finishReason(_ response: Response) -> String {
        response.finishReason == .toolCalls && request.usesFunctions
            ? "function_call" : response.finishReason.openAI
    }

    /// What other servers add, where it was asked for.
    private func extras(_ chains: [FinishedChain]) -> JSONObject {
        var object = JSONObject()
        if request.includesTimings {
            object = object.setting("timings", to: Timings(chains).value)
        }
        if request.includesPrompt {
            object = object.setting(
                "__verbose",
                to: ["prompt": .string(model.markedText(of: request.answer.prompt.tokens))])
        }
        if let model = model.model,
            let report = request.answer.own.report(
                chains.map(\.response), seed: request.answer.seed, of: model)
        {
            object = object.setting(MartletFields.key, to: report)
        }
        return object
    }

    // MARK: In chunks

    private func chunk(
        _ index: Int, _ delta: JSONValue, finish: String? = nil, logprobs: JSONValue = .null
    ) -> JSONValue {
        let choice: JSONValue = [
            "index": .integer(index), "delta": delta, "logprobs": logprobs,
            "finish_reason": .text(finish),
        ]
        let object = envelope("chat.completion.chunk", [choice])
        return .object(request.includesUsage ? object.setting("usage", to: .null) : object)
    }

    /// The chunks that open a stream.
    func opening() -> [JSONValue] {
        (0..<request.answer.chainCount).map {
            chunk($0, ["role": "assistant", "content": firstContent])
        }
    }

    /// The chunk that tells how far the prompt is.
    func progress(_ progress: PromptProgress) -> JSONValue {
        let chunk = chunk(0, [:]).objectValue ?? JSONObject()
        return .object(
            request.telling.tellsProgress
                ? chunk.adding(progress.llamaCpp(isTimed: request.telling.timesTokens))
                : chunk.setting(MartletFields.key, to: progress.report))
    }

    /// The chunks of a piece. Calls are written when they are complete, so that none is ever taken back.
    ///
    /// - Parameter timings: the times so far, where they are told.
    mutating func chunks(_ piece: ChainPart, timings: JSONValue? = nil) -> [JSONValue] {
        let (index, part) = (piece.chain, piece.part)
        var chunks: [JSONValue] = []
        var logprobs = JSONValue.null
        if let token = part.token, let logprob = part.logprob {
            logprobs = [
                "content": .array(texts.entries([token], [logprob], [part.top])), "refusal": .null,
            ]
        }
        if !part.reasoning.isEmpty {
            chunks.append(
                chunk(
                    index,
                    [
                        "reasoning_content": .string(part.reasoning),
                        "reasoning": .string(part.reasoning),
                    ], logprobs: logprobs))
            logprobs = .null
        }
        if !part.text.isEmpty || (!logprobs.isNull && part.toolCalls.isEmpty) {
            chunks.append(chunk(index, ["content": .string(part.text)], logprobs: logprobs))
            logprobs = .null
        }
        for call in part.toolCalls {
            chunks += self.chunks(of: call, index, logprobs)
            logprobs = .null
        }
        if let response = part.response {
            chunks.append(chunk(index, [:], finish: finishReason(response)))
        }
        var more = JSONObject()
        if let report = reports?.next(isAlone: chunks.isEmpty) {
            more = more.setting(MartletFields.key, to: report)
        }
        if let timings, !chunks.isEmpty { more = more.setting("timings", to: timings) }
        guard more.count > 0 else { return chunks }
        let last = (chunks.popLast() ?? chunk(index, [:])).objectValue ?? JSONObject()
        return chunks + [.object(last.adding(more))]
    }

    private mutating func chunks(
        of call: ToolCall, _ index: Int, _ logprobs: JSONValue
    ) -> [JSONValue] {
        let number = callCounts[index]
        callCounts[index] += 1
        if request.usesFunctions {
            guard number == 0 else { return [] }
            return [chunk(index, ["function_call": call.function], logprobs: logprobs)]
        }
        let opening: JSONValue = [
            "index": .integer(number), "id": .string(call.id), "type": "function",
            "function": ["name": .string(call.name), "arguments": ""],
        ]
        let rest: JSONValue = [
            "index": .integer(number), "function": ["arguments": .string(call.arguments)],
        ]
        return [
            chunk(index, ["tool_calls": [opening]], logprobs: logprobs),
            chunk(index, ["tool_calls": [rest]]),
        ]
    }

    /// The chunk after the last choice's: what all took; nil where nobody asked.
    func closing(_ chains: [FinishedChain]) -> JSONValue? {
        let extras = extras(chains)
        guard request.includesUsage || extras.count > 0 else { return nil }
        let usage = AnswerUsage(chains, promptTokens: request.answer.prompt.tokens.count)
        return .object(
            envelope("chat.completion.chunk", []).setting("usage", to: usage.openAI)
                .adding(extras))
    }
}
