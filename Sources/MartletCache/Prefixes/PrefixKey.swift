/// Names for beginnings of prompts: a chain of keys, one for each full page.

/// Names a beginning of whole pages of tokens within one namespace.
///
/// It is a keyed hash of the key of the pages before and of the page's tokens, so that two prompts have the same keys as
/// far as they have the same tokens. A key alone proves nothing: who finds one compares the tokens.
package struct PrefixKey: Sendable, Hashable {
    /// The hash.
    package let rawValue: UInt64

    /// The name of a hash.
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// What decides, beside its tokens, whether something computed may serve another request: parts of a namespace, in order.
package struct PrefixNamespace: Sendable, Hashable {
    /// The parts: what was computed with, and for whom.
    package let parts: [String]

    /// A namespace of these parts.
    package init(_ parts: [String]) { self.parts = parts }
}

/// Makes keys. Whoever does not know the hash's key can neither foresee one nor make two prompts share one.
package struct PrefixKeys: Sendable {
    private let hash: KeyedHash

    /// Makes keys with a hash.
    package init(_ hash: KeyedHash = KeyedHash()) { self.hash = hash }

    /// The key of the empty beginning of a namespace.
    package func root(of namespace: PrefixNamespace) -> PrefixKey {
        var bytes: [UInt8] = []
        for part in namespace.parts {
            // Lengths keep ["ab", "c"] and ["a", "bc"] apart.
            let text = Array(part.utf8)
            for shift in stride(from: 0, to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: text.count >> shift))
            }
            bytes += text
        }
        return PrefixKey(rawValue: hash(bytes))
    }

    /// The keys of all full pages of these tokens.
    package func keys(of tokens: [Int32], under root: PrefixKey) -> [PrefixKey] {
        var keys: [PrefixKey] = []
        keys.reserveCapacity(tokens.count / KVPage.tokens)
        var parent = root.rawValue
        var words = [UInt64](repeating: 0, count: 1 + KVPage.tokens / 2)
        for page in 0..<tokens.count / KVPage.tokens {
            words[0] = parent
            for pair in 0..<KVPage.tokens / 2 {
                let place = page * KVPage.tokens + 2 * pair
                words[1 + pair] =
                    UInt64(UInt32(bitPattern: tokens[place]))
                    | UInt64(UInt32(bitPattern: tokens[place + 1])) << 32
            }
            parent = hash(words)
            keys.append(PrefixKey(rawValue: parent))
        }
        return keys
    }
}
