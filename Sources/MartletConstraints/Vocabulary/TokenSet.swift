/// A set of tokens, one bit for each.

/// Which tokens are allowed next.
public struct TokenSet: Sendable, Hashable {
    /// The bits, 64 tokens in a word, the lowest first.
    public let words: [UInt64]
    /// How many tokens are in the set.
    public let count: Int

    init(words: [UInt64]) {
        self.words = words
        count = words.reduce(0) { $0 + $1.nonzeroBitCount }
    }

    /// Whether a token is in the set.
    public func contains(_ token: Int32) -> Bool {
        let word = Int(token) >> 6
        return token >= 0 && word < words.count && words[word] >> UInt64(token & 63) & 1 == 1
    }
}
