/// A vocabulary as constraints see it: the bytes of its tokens, and which of them are plain text.

/// The tokens of a model, prepared once for all constraints.
public final class TokenVocabulary: Sendable {
    /// How many tokens there are, those without bytes included.
    public let count: Int
    /// The tokens that end a text.
    public let endTokens: Set<Int32>
    private let offsets: [Int32]
    private let text: [UInt8]
    /// Tokens that may stand inside of a JSON string as they are, up to ``longestPlain`` characters.
    let plain: TokenTrie
    /// Such tokens with more characters.
    let long: TokenTrie
    /// All other tokens.
    let other: TokenTrie
    /// For each number of characters the plain tokens that have no more; the last one has all.
    let plainUpTo: [[UInt64]]
    /// Plain tokens with more characters than this are told apart by walking.
    static let longestPlain = 32

    /// Words of 64 bits that a set of tokens takes.
    var wordCount: Int { (count + 63) / 64 }

    /// Prepares a vocabulary; takes some tenths of a second for a large one.
    ///
    /// - Parameters:
    ///   - tokens: the bytes of each token, nil for those that have none, such as special ones.
    ///   - endTokens: the tokens that end a text.
    ///   - special: special tokens that outlines may name, with their names. No text is equal to one.
    public init(tokens: [[UInt8]?], endTokens: Set<Int32>, special: [Int32: String] = [:]) {
        // The byte that marks special tokens is in no UTF-8: a token that has it could write a mark and no text.
        var tokens = tokens.map { $0?.contains(Self.mark) == true ? nil : $0 }
        for (id, name) in special where tokens.indices.contains(Int(id)) {
            tokens[Int(id)] = Self.bytes(ofSpecial: name)
        }
        count = tokens.count
        self.endTokens = endTokens.filter { $0 >= 0 && Int($0) < tokens.count }
        var offsets: [Int32] = [0]
        var text: [UInt8] = []
        var plain: [(id: Int32, bytes: [UInt8])] = []
        var long = plain
        var other = plain
        let words = (tokens.count + 63) / 64
        var upTo = [[UInt64]](
            repeating: Array(repeating: 0, count: words), count: Self.longestPlain + 2)
        for (id, bytes) in tokens.enumerated() {
            if let bytes, !bytes.isEmpty, bytes.count <= TokenTrie.maximumLength,
                !endTokens.contains(Int32(id))
            {
                text += bytes
                if let length = Self.plainLength(bytes) {
                    if length > Self.longestPlain {
                        long.append((Int32(id), bytes))
                    } else {
                        plain.append((Int32(id), bytes))
                    }
                    upTo[min(length, Self.longestPlain + 1)][id >> 6] |= 1 << UInt64(id & 63)
                } else {
                    other.append((Int32(id), bytes))
                }
            }
            offsets.append(Int32(text.count))
        }
        for length in 1..<upTo.count {
            for word in 0..<words { upTo[length][word] |= upTo[length - 1][word] }
        }
        self.offsets = offsets
        self.text = text
        self.plain = TokenTrie(plain)
        self.long = TokenTrie(long)
        self.other = TokenTrie(other)
        plainUpTo = upTo
    }

    /// The bytes of a token; none for special ones.
    func bytes(of token: Int32) -> ArraySlice<UInt8> {
        guard token >= 0, Int(token) < count else { return [] }
        return text[Int(offsets[Int(token)])..<Int(offsets[Int(token) + 1])]
    }

    /// What stands for a special token: its name between bytes that occur in no UTF-8.
    static func bytes(ofSpecial name: String) -> [UInt8] { [mark] + name.utf8 + [mark] }

    private static let mark: UInt8 = 0xFF

    /// The longest token that some bytes begin with, and its length.
    public func longestToken(of bytes: ArraySlice<UInt8>) -> (token: Int32, length: Int)? {
        [plain, long, other].compactMap { $0.longestToken(of: bytes) }.max { $0.length < $1.length }
    }

    /// The characters of a text that needs no escape in a JSON string; nil for other texts and parts of characters.
    private static func plainLength(_ bytes: [UInt8]) -> Int? {
        var length = 0
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            let size: Int
            switch byte {
            case 0x22, 0x5C, 0..<0x20, 0x80..<0xC2, 0xF5...: return nil
            case ..<0x80: size = 1
            case ..<0xE0: size = 2
            case ..<0xF0: size = 3
            default: size = 4
            }
            guard index + size <= bytes.count else { return nil }
            for offset in 1..<max(1, size) where bytes[index + offset] & 0xC0 != 0x80 { return nil }
            if size > 2 {
                let second = bytes[index + 1]
                let isWrong =
                    byte == 0xE0 && second < 0xA0 || byte == 0xED && second > 0x9F
                    || byte == 0xF0 && second < 0x90 || byte == 0xF4 && second > 0x8F
                if isWrong { return nil }
            }
            length += 1
            index += size
        }
        return length
    }
}
