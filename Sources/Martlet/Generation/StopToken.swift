/// A token at which a response ends, by its id or its text.

/// A token at which a response ends: `.id(151645)` or `.text("<|im_end|>")`.
public enum StopToken: Sendable, Hashable {
    /// The token of this id.
    case id(Int32)
    /// The token that the tokenizer's file spells so, or that alone makes this text.
    case text(String)
}

extension LoadedModel {
    /// The ids of all tokens that end a response, besides the model's own.
    ///
    /// Throws `invalidParameter` for an id outside the vocabulary or a text that is not one token.
    func stopTokens(_ options: GenerationOptions) throws(MartletError) -> Set<Int32> {
        var ids = Set(options.stop.compactMap { text.specialToken($0) })
        for token in options.stopTokens {
            switch token {
            case .id(let id):
                guard (0..<model.shape.vocabularySize).contains(Int(id)) else {
                    throw .invalidStopToken(
                        "\(id)", "an id from 0 to \(model.shape.vocabularySize - 1)")
                }
                ids.insert(id)
            case .text(let spelling):
                guard let id = try text.token(spelling) else {
                    throw .invalidStopToken(
                        "'\(spelling.prefix(80))'", "an id, or a text that is one token")
                }
                ids.insert(id)
            }
        }
        return ids
    }
}

extension TextCodec {
    /// The special token that is spelled so, or nil.
    package func specialToken(_ text: String) -> Int32? {
        guard case .tokenizer(let tokenizer) = self, let id = tokenizer.id(of: text),
            tokenizer.isSpecial(id)
        else { return nil }
        return id
    }

    /// The one token that the tokenizer's file spells so, or that alone makes this text; nil where there is none.
    fileprivate func token(_ text: String) throws(MartletError) -> Int32? {
        if case .tokenizer(let tokenizer) = self {
            if let id = tokenizer.id(of: text) { return id }
            let tokens: [Int32]
            do {
                tokens = try tokenizer.encode(utf8: Array(text.utf8), addSpecialTokens: false)
            } catch {
                throw MartletError(error)
            }
            return tokens.count == 1 ? tokens[0] : nil
        }
        let tokens = try encode(utf8: Array(text.utf8))
        return tokens.count == 1 ? tokens[0] : nil
    }
}

extension MartletError {
    fileprivate static func invalidStopToken(_ got: String, _ expected: String) -> MartletError {
        MartletError(
            code: .invalidParameter, subject: "stopTokens",
            message: "stopTokens: got \(got), expected \(expected); correct or remove it")
    }
}
