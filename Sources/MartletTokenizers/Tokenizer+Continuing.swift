// The tokens of a text that begins with one whose tokens are known.

/// A text and its tokens.
public struct EncodedText: Sendable {
    /// The text.
    public let utf8: [UInt8]
    /// Its tokens, with those that the model wants around it.
    public let tokens: [Int32]

    /// Pairs a text with the tokens that ``Tokenizer/encode(utf8:addSpecialTokens:recognizeSpecialTokens:)`` gave it.
    public init(utf8: [UInt8], tokens: [Int32]) {
        self.utf8 = utf8
        self.tokens = tokens
    }
}

extension Tokenizer {
    /// The tokens of a text given as UTF-8: those of
    /// ``encode(utf8:addSpecialTokens:recognizeSpecialTokens:)``, in less time where the text begins with one that is
    /// encoded already.
    ///
    /// What precedes a place near the end of the earlier text is not encoded again. Only the tokenizers of GPT-2,
    /// Qwen2, Llama 3 and their like have such places: others merge across words.
    ///
    /// - Throws: `TokenizerError.invalidUTF8` with the offset of the first wrong byte, `missingToken` with
    ///   the first character that the vocabulary cannot spell.
    public func encode(
        utf8 bytes: [UInt8], continuing earlier: EncodedText
    ) throws(TokenizerError) -> [Int32] {
        guard bytes.starts(with: earlier.utf8), let place = lastFixedPlace(in: earlier) else {
            return try encode(utf8: bytes)
        }
        if let offset = UTF8Text.firstInvalidOffset(bytes) { throw .invalidUTF8(offset: offset) }
        return earlier.tokens[..<place.token]
            + (try encode(utf8: Array(bytes[place.byte...]), addSpecialTokens: false))
    }

    /// How far back a place is looked for: a few words, for which one token each is walked over.
    private static let farthest = 4096

    /// The last place in a text at which it may be cut, whatever text follows; nil where there is none near.
    ///
    /// A space after an ASCII letter or digit always begins a word: no expression has a space after one inside a
    /// match, what may follow a word's end looks no further than the space, and matching from there on depends on
    /// nothing before. Nor does composition reach across a space, nor an added token, unless one has a space in it or
    /// takes those after it.
    func lastFixedPlace(in text: EncodedText) -> (byte: Int, token: Int)? {
        guard cutsAtSpaces, text.tokens.starts(with: model.prefix) else { return nil }
        var (byte, token) = (text.utf8.count, text.tokens.count)
        while token > model.prefix.count, byte > text.utf8.count - Self.farthest {
            let id = text.tokens[token - 1]
            guard model.output.contains(id) else { return nil }
            let output = model.output.bytes(of: id)
            // Text that normalization changed is not what its tokens read.
            guard !output.isEmpty, output.count <= byte,
                text.utf8[(byte - output.count)..<byte].elementsEqual(output)
            else { return nil }
            byte -= output.count
            token -= 1
            if byte > 0, text.utf8[byte] == UInt8(ascii: " "), Self.isWord(text.utf8[byte - 1]) {
                return (byte, token)
            }
        }
        return nil
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }

    private var cutsAtSpaces: Bool {
        model.preTokenizer.cutsBeforeSpaces && model.suffix.isEmpty
            && model.normalization.allSatisfy { $0 == .composed }
            && model.addedTokens.allSatisfy { token in
                !token.stripsRight && !token.content.utf8.contains(UInt8(ascii: " "))
            }
    }
}
