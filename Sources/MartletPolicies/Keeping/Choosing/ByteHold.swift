/// How a budget in bytes is held at every step.

import MartletCache

/// Pages that a sequence may have, and how they are used: a head keeps some tokens and takes in a piece
/// of new ones before it must choose again. So neither a long prompt nor a long answer ever needs more.
struct ByteHold: Sendable, Hashable {
    /// Pages of one sequence, over all layers and heads.
    let pages: Int
    /// Tokens that each head keeps on average when it chooses.
    let kept: Int
    /// Tokens taken in between two choices, whole pages.
    let piece: Int
    /// Tokens that a head may hold when one goes for each that comes, and heads are alike.
    let steady: Int

    /// Divides `bytes` over heads as `rule` does; nil when they are too few for the tokens that always stay,
    /// of those that a head keeps.
    init?(bytes: Int, rule: BudgetRule, shape: KVShape, protected: (_ kept: Int) -> Int) {
        let perHead = bytes / (shape.tableCount * shape.heldBytesPerPage)
        let piecePages = Swift.max(1, Swift.min(16, perHead / 4))
        // Heads of different length waste part of a page each.
        let waste = rule == .uniform ? 0 : 1
        let keptPages = perHead - piecePages - waste
        guard keptPages >= 1,
            keptPages * KVPage.tokens >= protected(keptPages * KVPage.tokens)
        else { return nil }
        pages = perHead * shape.tableCount
        kept = keptPages * KVPage.tokens
        piece = piecePages * KVPage.tokens
        steady = perHead * KVPage.tokens - 1
    }

    /// The least bytes that suffice.
    static func least(rule: BudgetRule, shape: KVShape, protected: (_ kept: Int) -> Int) -> Int {
        let page = shape.tableCount * shape.heldBytesPerPage
        var perHead = 1
        while ByteHold(bytes: perHead * page, rule: rule, shape: shape, protected: protected) == nil
        {
            perHead += 1
        }
        return perHead * page
    }
}
