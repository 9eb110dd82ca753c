/// Which positions a query attends to in one layer, and what follows for counting.

/// The attention pattern of a layer: the row at position `i` sees position `p` when `p <= i` and
/// either `p > i - window` or `p < sinks`. Without a window it sees everything before it.
package struct Visibility: Sendable, Hashable {
    /// Positions at the start that stay visible; zero without a window.
    package let sinks: Int
    /// How many of the newest positions a row sees, itself included; nil for all.
    package let window: Int?

    /// Plain causal attention.
    package static let causal = Visibility(sinks: 0, window: nil)

    /// Creates a pattern; `window` is at least 1 and `sinks` at least 0.
    package init(sinks: Int, window: Int?) {
        precondition(
            sinks >= 0 && window ?? 1 >= 1,
            "Visibility: got sinks \(sinks), window \(window ?? 0), expected >= 0 and >= 1")
        self.sinks = window == nil ? 0 : sinks
        self.window = window
    }

    /// Whether the row at position `query` attends to `position`.
    package func sees(_ position: Int, from query: Int) -> Bool {
        guard position <= query, position >= 0 else { return false }
        return position >= windowStart(from: query) || position < sinks
    }

    /// First position inside the window of the row at position `query`.
    package func windowStart(from query: Int) -> Int {
        guard let window else { return 0 }
        return max(0, query - window + 1)
    }

    /// Positions that the row at position `query` attends to, itself included.
    package func visibleCount(from query: Int) -> Int {
        let start = windowStart(from: query)
        return query + 1 - start + min(sinks, start)
    }

    /// Positions that all these rows attend to, added up.
    package func readCount(rows: Range<Int>) -> Int {
        guard window != nil else {
            return rows.count * (rows.lowerBound + rows.upperBound + 1) / 2
        }
        return rows.reduce(0) { $0 + visibleCount(from: $1) }
    }

    /// Pages that hold a position visible to any of the rows, when slots are positions.
    package func pageCount(rows: Range<Int>) -> Int { pageCount(rows: rows, below: .max) }

    /// Pages below `limit` that hold a position visible to any of the rows, when slots are positions.
    package func pageCount(rows: Range<Int>, below limit: Int) -> Int {
        guard !rows.isEmpty else { return 0 }
        let start = windowStart(from: rows.lowerBound)
        let first = start / KVPage.tokens
        let sinkPages = min(KVPage.count(forSlots: min(sinks, start)), first)
        let end = min(limit, (rows.upperBound - 1) / KVPage.tokens + 1)
        return max(0, end - first) + min(sinkPages, limit)
    }

    /// Pages at the front that hold sinks and are never evicted.
    var sinkPages: Int { KVPage.count(forSlots: sinks) }

    /// Full pages at the front of the table that neither the newest row nor any later one sees,
    /// sinks aside. The newest row still counts, so that it can always be truncated and computed
    /// again.
    func expiredPages(newest: Int) -> Int { windowStart(from: newest) / KVPage.tokens }
}
