/// Prompts that are texts or tokens: one, or several of either.

import Martlet
import MartletJSON

extension ServedModel {
    /// The prompts of a field: a text, tokens, texts and tokens of one prompt, or a list of such.
    func prompts(_ fields: Fields, _ key: String) throws(WireError) -> [PreparedPrompt] {
        guard let value = fields[key] else {
            throw .missing(fields.path(key), expected: "a text, tokens, or a list of them")
        }
        let path = fields.path(key)
        guard let elements = value.arrayValue else {
            return [try prompt(value, at: path)]
        }
        // Numbers beside texts are parts of one prompt.
        if elements.contains(where: { $0.intValue != nil }) { return [try prompt(value, at: path)] }
        guard !elements.isEmpty else {
            throw .field(path, got: "an empty array", expected: "at least one prompt")
        }
        guard elements.count <= 2048 else {
            throw .field(path, got: "\(elements.count) prompts", expected: "at most 2048")
        }
        return try elements.enumerated().map { (index, element) throws(WireError) in
            try prompt(element, at: "\(path).\(index)")
        }
    }

    /// The most answers of one request: prompts times the answers to each.
    static let mostAnswers = 1024

    /// Refuses more answers than one request may ask for.
    func bound(answers count: Int, toEach prompts: Int, at path: String) throws(WireError) {
        guard count * prompts <= Self.mostAnswers else {
            throw .field(
                path, got: "\(count) answers to each of \(prompts) prompts",
                expected: "at most \(Self.mostAnswers) answers together")
        }
    }

    private func prompt(_ value: JSONValue, at path: String) throws(WireError) -> PreparedPrompt {
        switch value {
        case .string(let text):
            return PreparedPrompt(tokens: try tokens(text), text: text)
        case .object(let object):
            guard let text = object["prompt_string"]?.stringValue,
                object["multimodal_data"] == nil
            else {
                throw .field(path, got: value.summary, expected: "a text or tokens")
            }
            return PreparedPrompt(tokens: try tokens(text), text: text)
        case .array(let elements):
            let count = try generating().shape.vocabularySize
            var tokens: [Int32] = []
            for (index, element) in elements.enumerated() {
                if let id = element.intValue {
                    guard (0..<count).contains(id) else {
                        throw .field(
                            "\(path).\(index)", got: "\(id)",
                            expected: "a token id, 0 to \(count - 1)")
                    }
                    tokens.append(Int32(id))
                } else if let text = element.stringValue {
                    tokens +=
                        index == 0
                        ? try self.tokens(text)
                        : try plainTokens(text)
                } else {
                    throw .field(
                        "\(path).\(index)", got: element.summary, expected: "a token id or a text")
                }
            }
            guard !tokens.isEmpty else {
                throw .field(path, got: "an empty array", expected: "at least one token")
            }
            return PreparedPrompt(tokens: tokens)
        default: throw .field(path, got: value.summary, expected: "a text or tokens")
        }
    }

    /// The text of tokens, with those that mark structure.
    func markedText(of tokens: [Int32]) -> String {
        guard let tokenizer = model?.tokenizer else { return text(of: tokens) }
        return (try? tokenizer.decode(tokens, skipSpecialTokens: false)) ?? ""
    }

    /// The text of tokens, without those that mark structure.
    func text(of tokens: [Int32]) -> String {
        (try? model?.decode(tokens)) ?? ""
    }
}
