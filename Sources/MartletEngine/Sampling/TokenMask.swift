/// What a chain's text must match, as the engine sees it: sets of tokens. Knows no grammar.

/// Where a chain is in what its text must match. Keeping one is how to go back to it.
package struct TokenMaskState: Hashable, Sendable {
    /// The mask's own name of the place.
    package let rawValue: Int32

    /// A place; the default is for chains without a mask.
    package init(rawValue: Int32 = 0) { self.rawValue = rawValue }
}

/// Says which tokens may come next. Used from several threads at once.
///
/// What it says depends on the state alone, so the tokens of a chain are the same whatever shares its batch.
package protocol TokenMask: Sendable {
    /// The state of a chain that has no token yet.
    var start: TokenMaskState { get }
    /// The tokens that may come next, end tokens among them where the text may end. Throws when there is none.
    func allowed(after state: TokenMaskState) throws -> AllowedTokens
    /// The state after a token; nil after an end token.
    func state(_ state: TokenMaskState, after token: Int32) -> TokenMaskState?
    /// Whether the text must end here.
    func isFinished(_ state: TokenMaskState) -> Bool
    /// Tokens that must come next, as the tokenizer would write them after `token`; often none.
    func forcedTokens(after token: Int32, in state: TokenMaskState) -> [Int32]
    /// No fewer than the tokens that complete the text: a bound that is quickly found.
    func completionBound(_ state: TokenMaskState) -> Int
    /// Tokens that complete the text, few of them; none where it is complete.
    func completion(of state: TokenMaskState) -> [Int32]
}

extension TokenMask {
    /// Whether so many tokens suffice to complete the text.
    func fits(_ state: TokenMaskState, in count: Int) -> Bool {
        completionBound(state) <= count || completion(of: state).count <= count
    }

    /// The token, or the first of a completion where otherwise no room would be left for one.
    func closing(_ token: Int32, after state: TokenMaskState, in count: Int) -> Int32 {
        guard let next = self.state(state, after: token), !fits(next, in: count - 1) else {
            return token
        }
        let completion = completion(of: state)
        return completion.count <= count ? completion.first ?? token : token
    }
}

/// The tokens that a mask allows, one bit for each.
package struct AllowedTokens: Sendable {
    private let words: [UInt64]
    private let count: Int

    /// - Parameters:
    ///   - words: the bits, 64 tokens in a word, the lowest first.
    ///   - count: how many bits are set.
    package init(words: [UInt64], count: Int) {
        self.words = words
        self.count = count
    }

    /// Whether none is allowed.
    package var isEmpty: Bool { count == 0 }

    /// The token that is allowed, where it is one alone.
    var only: Int32? {
        guard count == 1, let word = words.firstIndex(where: { $0 != 0 }) else { return nil }
        return Int32(word * 64 + words[word].trailingZeroBitCount)
    }

    /// Copies a row of logits; minus infinity stands for what is not allowed.
    func copy(_ row: UnsafeBufferPointer<Float>, to logits: UnsafeMutableBufferPointer<Float>) {
        guard let from = row.baseAddress, let to = logits.baseAddress else { return }
        words.withUnsafeBufferPointer { words in
            var start = 0
            while start < row.count {
                let end = min(start &+ 64, row.count)
                var bits = start &>> 6 < words.count ? words[start &>> 6] : 0
                if bits == .max {
                    (to + start).update(from: from + start, count: end &- start)
                } else {
                    (to + start).update(repeating: -.infinity, count: end &- start)
                    while bits != 0 {
                        let index = start &+ bits.trailingZeroBitCount
                        if index < end { to[index] = from[index] }
                        bits &= bits &- 1
                    }
                }
                start = end
            }
        }
    }
}
