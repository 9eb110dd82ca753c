/// What a kernel sees of one page table: plain pointers, borrowed for the length of a step.

/// The pages of one (layer, KV head) of one sequence. Valid until the cache is next changed
/// (reserve, commit, fork, truncate, release).
///
/// Entries `0 ..< sinkPages.count` are the pages kept at the front, entries from `recentBase` on are
/// `recentPages`, and those between are holes. Without eviction `sinkPages` is empty and `recentBase`
/// is zero, so `recentPages` is the whole table.
package struct PageTableView {
    /// Page ids of the entries kept in front of the evicted range; empty while nothing is evicted.
    package let sinkPages: UnsafeBufferPointer<Int32>
    /// Page ids of the entries from `recentBase` on; ``KVPage/hole`` marks an evicted one. Entries
    /// beyond `length` slots are reserved for the tokens of this step.
    package let recentPages: UnsafeBufferPointer<Int32>
    /// Absolute entry index of the first of `recentPages`.
    package let recentBase: Int
    /// Committed slots. The step writes its first token to slot `length`.
    package let length: Int

    /// A table of these pages, whose first `length` slots are committed.
    package init(pages: UnsafeBufferPointer<Int32>, length: Int) {
        self.init(
            sinkPages: UnsafeBufferPointer(start: nil, count: 0), recentPages: pages, recentBase: 0,
            length: length)
    }

    init(
        sinkPages: UnsafeBufferPointer<Int32>, recentPages: UnsafeBufferPointer<Int32>,
        recentBase: Int, length: Int
    ) {
        self.sinkPages = sinkPages
        self.recentPages = recentPages
        self.recentBase = recentBase
        self.length = length
    }

    /// The same table with other pages from ``recentBase`` on.
    package func replacing(recentPages: UnsafeBufferPointer<Int32>) -> PageTableView {
        PageTableView(
            sinkPages: sinkPages, recentPages: recentPages, recentBase: recentBase, length: length)
    }

    /// Entries, holes included: committed and reserved.
    package var pageCount: Int { recentBase + recentPages.count }

    /// Page id of an absolute entry, ``KVPage/hole`` if it was evicted.
    @inlinable package subscript(page: Int) -> Int32 {
        if page >= recentBase { return recentPages[page - recentBase] }
        return page < sinkPages.count ? sinkPages[page] : KVPage.hole
    }
}
