/// Completions as clients read them.

import Foundation
import Martlet
import MartletEngine
import MartletJSON

/// A part of a continuation with what is told of its tokens.
struct CompletionPiece: Sendable {
    var text = ""
    var tokens: [Int32] = []
    var logprobs: [Float?] = []
    var top: [[TokenLogprob]] = []
    var offsets: [Int] = []

    /// Characters of the text, which offsets count.
    var length: Int { text.unicodeScalars.count }
    var isEmpty: Bool { text.isEmpty && tokens.isEmpty }
}

/// Writes the objects of one answer.
struct CompletionWriter: Sendable {
    private let id = "cmpl-" + Identifier.random()
    private let created = Int(Date().timeIntervalSince1970)
    private let model: ServedModel
    private let request: CompletionRequest
    private let texts: TokenTexts

    init(_ model: ServedModel, _ request: CompletionRequest) {
        self.model = model
        self.request = request
        texts = TokenTexts(model)
    }

    private var tellsLogprobs: Bool { request.answer.options.logprobs != nil }

    private func envelope(_ choices: [JSONValue]) -> JSONObject {
        JSONObject(present: [
            "id": .string(id), "object": "text_completion", "created": .integer(created),
            "model": .string(model.id), "system_fingerprint": .string(Identifier.fingerprint),
            "choices": .array(choices),
        ])
    }

    /// The text of a prompt.
    func text(_ prompt: PreparedPrompt) -> String {
        prompt.text ?? model.text(of: prompt.tokens)
    }

    /// The prompt with what its tokens' log-probabilities are.
    func piece(prompt: PreparedPrompt, _ scored: ScoringResult) -> CompletionPiece {
        var piece = CompletionPiece(text: text(prompt))
        piece.tokens = prompt.tokens
        piece.logprobs = scored.logprobs
        piece.top = scored.top
        piece.offsets = offsets(piece.tokens, from: 0)
        return piece
    }

    /// A piece of a stream that begins at a character.
    func piece(_ part: ResponsePart, offset: Int) -> CompletionPiece {
        var piece = CompletionPiece(text: part.text)
        if tellsLogprobs, let token = part.token, let logprob = part.logprob {
            piece.tokens = [token]
            piece.logprobs = [logprob]
            piece.top = [part.top]
            piece.offsets = [offset]
        }
        return piece
    }

    private func offsets(_ tokens: [Int32], from start: Int) -> [Int] {
        var place = start
        return tokens.map { token in
            defer { place += texts.text(token).unicodeScalars.count }
            return place
        }
    }

    private func choice(_ index: Int, _ piece: CompletionPiece, finish: String?) -> JSONValue {
        let logprobs: JSONValue =
            tellsLogprobs
            ? [
                "tokens": .array(piece.tokens.map { .string(texts.text($0)) }),
                "token_logprobs": .array(
                    piece.logprobs.map { $0.map { .finite(Double($0)) } ?? .null }),
                "top_logprobs": .array(piece.top.map(top)),
                "text_offset": .array(piece.offsets.map { .integer($0) }),
                "content": .array(
                    zip(piece.tokens, zip(piece.logprobs, piece.top)).map { token, known in
                        .present([
                            "token": .string(texts.text(token)),
                            "logprob": known.0.map { .finite(Double($0)) } ?? .null,
                            // Of a part of a character the text is none, and the bytes are its own.
                            "bytes": .array(texts.bytes(token).map { .integer(Int($0)) }),
                            "top_logprobs": .array(
                                known.1.map { .object(texts.entry($0.token, $0.logprob)) }),
                        ])
                    }),
            ] : .null
        return [
            "index": .integer(index), "text": .string(piece.text), "logprobs": logprobs,
            "finish_reason": .text(finish),
        ]
    }

    /// The likeliest tokens in a place by their texts; of equal texts the likelier counts.
    private func top(_ top: [TokenLogprob]) -> JSONValue {
        guard !top.isEmpty else { return .null }
        var object = JSONObject()
        for entry in top {
            let text = texts.text(entry.token)
            if object[text] == nil {
                object = object.setting(text, to: .finite(Double(entry.logprob)))
            }
        }
        return .object(object)
    }

    /// A choice of a whole answer.
    func choice(_ index: Int, _ head: CompletionPiece, _ response: Response) -> JSONValue {
        var piece = head
        piece.text += response.text
        if tellsLogprobs {
            piece.offsets += offsets(response.tokens, from: head.length)
            piece.tokens += response.tokens
            piece.logprobs += response.logprobs.map { $0 }
            piece.top += response.top
        }
        return choice(index, piece, finish: response.finishReason.openAI)
    }

    /// A whole answer.
    func whole(_ choices: [JSONValue], _ chains: [FinishedChain]) -> JSONValue {
        .object(envelope(choices).setting("usage", to: usage(chains).openAI).adding(extras(chains)))
    }

    /// A chunk of a stream, with the times so far where they are told.
    func chunk(
        _ index: Int, _ piece: CompletionPiece, finish: String?, timings: JSONValue? = nil
    ) -> JSONValue {
        var object = envelope([choice(index, piece, finish: finish)])
        if let timings { object = object.setting("timings", to: timings) }
        return .object(request.includesUsage ? object.setting("usage", to: .null) : object)
    }

    /// The chunk that tells how far the prompt is.
    func progress(_ progress: PromptProgress) -> JSONValue {
        let chunk = chunk(0, CompletionPiece(), finish: nil).objectValue ?? JSONObject()
        return .object(chunk.adding(progress.llamaCpp(isTimed: request.telling.timesTokens)))
    }

    /// The chunk after the last choice's; nil where nobody asked for one.
    func closing(_ chains: [FinishedChain]) -> JSONValue? {
        guard request.includesUsage else { return nil }
        return .object(
            envelope([]).setting("usage", to: usage(chains).openAI).adding(extras(chains)))
    }

    private func usage(_ chains: [FinishedChain]) -> AnswerUsage {
        AnswerUsage(chains, promptTokens: request.prompts.reduce(0) { $0 + $1.tokens.count })
    }

    private func extras(_ chains: [FinishedChain]) -> JSONObject {
        var object = JSONObject()
        if request.includesTimings { object = object.setting("timings", to: Timings(chains).value) }
        if let model = model.model,
            let report = request.answer.own.report(
                chains.map(\.response), seed: request.answer.seed, of: model)
        {
            object = object.setting(MartletFields.key, to: report)
        }
        return object
    }
}
