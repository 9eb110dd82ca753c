/// How many tokens may stay.

import MartletCache

/// A budget for the tokens of one (layer, KV head), before a rule divides it unevenly.
enum TokenBudget: Sendable, Hashable {
    /// This many tokens in each head.
    case tokens(Int)
    /// The fraction of the prompt that is removed.
    case ratio(Double)
    /// Bytes of one sequence over all layers and heads, positions included, at every step; see
    /// ``ByteHold``.
    case bytes(Int)

    /// Tokens that stay of `count` in each head on average; at least one.
    func kept(of count: Int, shape: KVShape) -> Int {
        switch self {
        case .tokens(let tokens): min(count, tokens)
        // Truncated like kvpress does it, so that keep-sets can be compared.
        case .ratio(let ratio): max(1, Int(Double(count) * (1 - ratio)))
        case .bytes(let bytes):
            min(count, bytes / (shape.tableCount * shape.heldBytesPerPage) * KVPage.tokens)
        }
    }

    /// The fraction of `count` tokens that goes.
    func removed(of count: Int, shape: KVShape) -> Double {
        if case .ratio(let ratio) = self { return ratio }
        return 1 - Double(kept(of: count, shape: shape)) / Double(max(1, count))
    }
}
