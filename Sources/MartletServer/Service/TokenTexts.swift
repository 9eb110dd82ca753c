/// Tokens as answers show them: a text, and the bytes where a token is part of a character.

import Foundation
import Martlet
import MartletJSON
import MartletTokenizers

/// The texts of single tokens.
struct TokenTexts: Sendable {
    private let tokenizer: Tokenizer?

    init(_ model: ServedModel) { tokenizer = model.model?.tokenizer }

    /// The bytes of a token; of a model without a tokenizer, its number in angle brackets.
    func bytes(_ token: Int32) -> [UInt8] {
        guard let tokenizer else { return Array("<\(token)>".utf8) }
        return tokenizer.token(for: token) ?? []
    }

    /// The text of a token; what is no character becomes U+FFFD.
    func text(_ token: Int32) -> String { String(decoding: bytes(token), as: UTF8.self) }

    /// A token with its log-probability, as OpenAI's chat completions have it.
    func entry(_ token: Int32, _ logprob: Float) -> JSONObject {
        entry(token, "logprob", .finite(Double(logprob)))
    }

    /// A token with its probability, as llama.cpp tells what it was drawn from.
    func probabilityEntry(_ token: Int32, _ logprob: Float) -> JSONObject {
        entry(token, "prob", .number(exp(Double(logprob))))
    }

    private func entry(_ token: Int32, _ key: String, _ value: JSONValue) -> JSONObject {
        JSONObject(present: [
            "token": .string(text(token)), key: value,
            "bytes": .array(bytes(token).map { .integer(Int($0)) }),
        ])
    }

    /// The entries of tokens with the likeliest in their places.
    func entries(_ tokens: [Int32], _ logprobs: [Float], _ top: [[TokenLogprob]]) -> [JSONValue] {
        zip(tokens, zip(logprobs, top)).map { token, known in
            .object(
                entry(token, known.0).setting(
                    "top_logprobs",
                    to: .array(known.1.map { .object(entry($0.token, $0.logprob)) })))
        }
    }
}
