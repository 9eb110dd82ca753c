// How the attention of one step is divided: over sequences, KV heads, query blocks and segments.
//
// The division only says who computes what. A row's result is the fold of its segments in
// ascending order, whichever thread ran them, so it never changes a bit.

import CMartletKernels
import MartletCache

/// One unit of work: some neighbouring queries of one sequence and one KV head, over all of their
/// segments or (when there are few units) over one.
struct AttentionUnit {
    var slice: Int
    var head: Int
    /// Offset into the slice and number of queries.
    var query: Int
    var count: Int
    /// Slot of the slice's first query in this head's table.
    var firstSlot: Int
    /// Segment to compute, or nil for all.
    var segment: Int?
    /// First row of this unit's states in the buffer of partial results, when `segment` is given.
    var state: Int
}

/// The units of a step, for layers of one visibility.
package struct AttentionPlan {
    static let segmentSlots = Int(MK_TILE * MK_SEGMENT_TILES)
    /// Rows (queries times heads of a group) of one unit: its states stay in the second cache.
    package static let unitRows = 112

    var units: [AttentionUnit] = []
    /// Units that must be folded: first state row, rows, slice, head, query, segments in order.
    var folds: [(unit: AttentionUnit, segments: Int)] = []
    var stateRows = 0
    /// Products of a query with a key, over all units: what says whether threads are worth waking.
    var pairs = 0

    /// Segments that hold a slot visible to any of the queries at `positions`.
    static func segments(_ positions: Range<Int>, _ visibility: Visibility) -> [Int] {
        let last = (positions.upperBound - 1) / segmentSlots
        let first = visibility.windowStart(from: positions.lowerBound) / segmentSlots
        var result = Array(first...last)
        if visibility.sinks > 0 && first > 0 { result.insert(0, at: 0) }
        return result
    }

    /// The first of at most `block` neighbouring queries of a slice that end at `end`.
    private static func start(
        of slice: AttentionSlice, _ block: Int, end: Int, atPages: Bool
    ) -> Int {
        let last = slice.position + end - 1
        let page = atPages ? max(0, last / KVPage.tokens * KVPage.tokens - slice.position) : 0
        return page + (end - 1 - page) / block * block
    }

    /// Divides the slices. `firstSlot` says where a head's table puts a slice's first query; by
    /// default at its position. `atPages` keeps the queries of different pages apart.
    mutating func build(
        slices: [AttentionSlice], heads: Int, group: Int, visibility: Visibility, threads: Int,
        atPages: Bool = false, firstSlot: ((_ slice: Int, _ head: Int) -> Int)? = nil
    ) {
        units.removeAll(keepingCapacity: true)
        folds.removeAll(keepingCapacity: true)
        stateRows = 0
        pairs = 0
        let block = max(1, Self.unitRows / group)
        var whole = 0
        for slice in slices { whole += (slice.count + block - 1) / block * heads }
        let isSplit = whole < 3 * threads
        for (index, slice) in slices.enumerated() {
            // Late queries see most: they come first so that the short ones fill the end.
            var end = slice.count
            while end > 0 {
                let query = Self.start(of: slice, block, end: end, atPages: atPages)
                let count = end - query
                end = query
                for head in 0..<heads {
                    let base = firstSlot?(index, head) ?? slice.position
                    let from = base + query
                    pairs += count * group * visibility.visibleCount(from: from + count - 1)
                    let segments =
                        isSplit ? Self.segments(from..<from + count, visibility) : []
                    let unit = AttentionUnit(
                        slice: index, head: head, query: query, count: count, firstSlot: base,
                        segment: nil, state: stateRows)
                    if segments.count < 2 {
                        units.append(unit)
                        continue
                    }
                    folds.append((unit, segments.count))
                    for segment in segments {
                        var part = unit
                        part.segment = segment
                        part.state = stateRows
                        stateRows += count * group
                        units.append(part)
                    }
                }
            }
        }
    }
}
