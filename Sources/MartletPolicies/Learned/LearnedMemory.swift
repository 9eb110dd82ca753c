/// What is remembered of a sequence whose model marks its tokens.

import MartletCache

/// What the marks did, by table.
final class LearnedMemory: StageMemory {
    /// By (layer, KV head); empty before the first token.
    var tables: [EvictionTable] = []
    /// Tokens for which a marked one is still seen after its own; DMC has none.
    var window = 0
    /// DMC: tokens that one mean covers at most.
    var memberLimit = 0

    private let isNever: Bool

    /// - Parameter isNever: whether no mark is ever carried out.
    init(isNever: Bool) { self.isNever = isNever }

    func copy() -> any StageMemory {
        let copy = LearnedMemory(isNever: isNever)
        copy.tables = tables
        copy.window = window
        copy.memberLimit = memberLimit
        return copy
    }

    var byteCount: Int { tables.reduce(0) { $0 + $1.byteCount } }

    /// A mark that was carried out cannot be taken back, and which were is not kept.
    func canCut(to count: Int, from current: Int, promptCount: Int?) -> Bool {
        isNever || tables.isEmpty
    }

    func rewrites(table: Int) -> PageRewrites { tables.isEmpty ? .none : .one }
}
