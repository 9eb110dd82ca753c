/// What becomes of the tokens that one head holds.

/// Which slots stay, and what some of them hold from now on.
struct HeadVerdict: Sendable {
    /// Slots that stay, ascending; nil for all.
    var kept: [Int32]?
    /// Slots among them that stand for several tokens now.
    var merges: [MergedSlot] = []
}

/// A slot that took other tokens in.
struct MergedSlot: Sendable {
    /// Its number before anything moved.
    var slot: Int32
    /// Key and value as attention will see them, before the codec.
    var key: [Float]
    var value: [Float]
    /// Tokens that it stands for in the softmax: log of this is added to its score.
    var count: Float = 1
}
