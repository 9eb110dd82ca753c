/// Texts or tokens that vectors are made of.

import Martlet
import MartletJSON

/// What is embedded, all of one kind.
enum EmbeddingInput: Sendable {
    case texts([String])
    case tokens([[Int32]])

    /// Reads a text, tokens, texts and tokens of one input, or a list of such.
    static func read(
        _ fields: Fields, _ key: String, _ model: EmbeddingModel
    ) throws(WireError) -> EmbeddingInput {
        let path = fields.path(key)
        guard let value = fields[key] else {
            throw .missing(path, expected: "a text, tokens, or a list of them")
        }
        if let text = value.stringValue { return .texts([text]) }
        guard let elements = value.arrayValue, !elements.isEmpty else {
            throw .field(path, got: value.summary, expected: "a text, tokens, or a list of them")
        }
        guard elements.count <= 2048 else {
            throw .field(path, got: "\(elements.count) inputs", expected: "at most 2048")
        }
        let texts = elements.compactMap(\.stringValue)
        if texts.count == elements.count { return .texts(texts) }
        if elements.contains(where: { $0.intValue != nil }) {
            return .tokens([try tokens(value, path, model)])
        }
        var inputs: [[Int32]] = []
        for (index, element) in elements.enumerated() {
            inputs.append(try tokens(element, "\(path).\(index)", model))
        }
        return .tokens(inputs)
    }

    private static func tokens(
        _ value: JSONValue, _ path: String, _ model: EmbeddingModel
    ) throws(WireError) -> [Int32] {
        func encoded(_ text: String) -> [Int32] { model.tokenizer?.encode(text) ?? [] }
        if let text = value.stringValue { return encoded(text) }
        guard let elements = value.arrayValue, !elements.isEmpty else {
            throw .field(path, got: value.summary, expected: "a text or tokens")
        }
        let count = model.tokenizer?.vocabularySize ?? Int(Int32.max)
        var tokens: [Int32] = []
        for (index, element) in elements.enumerated() {
            if let text = element.stringValue {
                tokens += encoded(text)
            } else if let id = element.intValue, (0..<count).contains(id) {
                tokens.append(Int32(id))
            } else {
                throw .field(
                    "\(path).\(index)", got: element.summary,
                    expected: "a token id, 0 to \(count - 1), or a text")
            }
        }
        return tokens
    }

    /// The vectors. Throws `promptTooLong` where long texts are refused.
    func embedded(
        by model: EmbeddingModel, _ options: EmbeddingOptions
    ) async throws(WireError) -> EmbeddingResult {
        do throws(MartletError) {
            switch self {
            case .texts(let texts): return try await model.embed(texts, options: options)
            case .tokens(let tokens): return try await model.embed(tokens: tokens, options: options)
            }
        } catch {
            var refusal = WireError(error)
            if error.code == .promptTooLong {
                refusal.message = "input is too large: " + refusal.message
            }
            throw refusal
        }
    }
}
