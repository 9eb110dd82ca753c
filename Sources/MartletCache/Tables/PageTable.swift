/// The page list of one (layer, KV head) of one sequence, with its own length; knows no policy.

/// Maps logical slots to pages of a pool.
///
/// A long run under a window must cost what the window costs, so the evicted range is a number, not
/// a list: the table keeps `sinkCount` entries at the front, `skippedPages` that are gone, and the
/// rest. Single pages inside the rest can be evicted too and leave a hole. Only full pages are ever
/// evicted, hence `liveSlots` follows from the lengths. Pages are released through the pool by
/// `releaseAll(to:)`; dropping a table frees only its own list.
struct PageTable: ~Copyable {
    /// Committed slots, evicted ones included.
    var length = 0
    /// Entries kept in front of the skipped range; zero while nothing is skipped.
    private(set) var sinkCount = 0
    /// Evicted entries between the front and the rest.
    private(set) var skippedPages = 0
    /// Evicted entries inside the rest.
    private(set) var holeCount = 0
    /// Whether tokens were taken out, so that a slot's number is not its token's position any more.
    var isCompacted = false

    // entries[0 ..< sinkCount] is the front, entries[start ..< end] the rest.
    private var entries: UnsafeMutablePointer<Int32>?
    private(set) var entryCapacity = 0
    private var start = 0
    private var end = 0

    init() {}

    deinit { entries?.deallocate() }

    /// Absolute index of the first entry after the skipped range.
    var recentBase: Int { sinkCount &+ skippedPages }
    /// Entries, evicted and reserved ones included.
    var pageCount: Int { recentBase &+ (end &- start) }
    /// Slots whose keys and values are still held.
    var liveSlots: Int { length &- KVPage.tokens &* (skippedPages &+ holeCount) }

    /// Page of an absolute entry; a hole if it was evicted.
    func page(at index: Int) -> Int32 {
        precondition(
            index >= 0 && index < pageCount,
            "PageTable: got entry \(index), expected one below \(pageCount)")
        let base = recentBase
        if index >= base { return entries.unsafelyUnwrapped[start + index - base] }
        return index < sinkCount ? entries.unsafelyUnwrapped[index] : KVPage.hole
    }

    /// The borrowed view for kernels.
    var view: PageTableView {
        PageTableView(
            sinkPages: UnsafeBufferPointer(start: entries, count: sinkCount),
            recentPages: UnsafeBufferPointer(start: entries.map { $0 + start }, count: end - start),
            recentBase: recentBase, length: length)
    }

    // MARK: Growing

    /// The partly filled page that the next token would be written to, if other tables hold it too:
    /// it must be copied first. Nil otherwise.
    func sharedTail(in pool: borrowing RigidPagePool) -> Int32? {
        guard length % KVPage.tokens != 0 else { return nil }
        let tail = page(at: length / KVPage.tokens)
        return pool.referenceCount(tail) > 1 ? tail : nil
    }

    /// Entries that `tokens` more slots need beyond those present.
    func missingPages(for tokens: Int) -> Int {
        max(0, KVPage.count(forSlots: length + tokens) - pageCount)
    }

    /// Makes the next `tokens` slots writable: copies a shared tail, adds pages. The pool must have
    /// as many free pages as that takes.
    mutating func reserve(_ tokens: Int, from pool: inout RigidPagePool) {
        guard tokens > 0 else { return }
        if let tail = sharedTail(in: pool) {
            let copy = Self.demand(pool.allocateCopy(of: tail))
            // What another owner wrote behind our length is not ours.
            let used = length % KVPage.tokens
            (pool.positions(of: copy) + used).update(repeating: -1, count: KVPage.tokens - used)
            pool.release(tail)
            entries.unsafelyUnwrapped[start + length / KVPage.tokens - recentBase] = copy
        }
        for _ in 0..<missingPages(for: tokens) { appendEntry(Self.demand(pool.allocate())) }
    }

    /// Commits `tokens` reserved slots that hold the positions from `firstPosition` on.
    mutating func advance(
        by tokens: Int, firstPosition: Int, in pool: borrowing RigidPagePool
    ) {
        precondition(
            KVPage.count(forSlots: length + tokens) <= pageCount,
            "PageTable.advance: \(tokens) slots after \(length) were not reserved")
        var slot = length
        let limit = length &+ tokens
        var position = Int32(firstPosition)
        while slot < limit {
            let offset = slot % KVPage.tokens
            let count = min(KVPage.tokens &- offset, limit &- slot)
            let target = pool.positions(of: page(at: slot / KVPage.tokens)) + offset
            for index in 0..<count {
                target[index] = position
                position += 1
            }
            slot &+= count
        }
        length = limit
    }

    // MARK: Shrinking

    /// Evicts one full page and leaves a hole.
    mutating func evict(page index: Int, to pool: inout RigidPagePool) {
        precondition(
            index >= recentBase && (index + 1) * KVPage.tokens <= length,
            "PageTable.evict: got entry \(index), expected a full page from \(recentBase) on")
        let entry = start + index - recentBase
        let page = entries.unsafelyUnwrapped[entry]
        precondition(page != KVPage.hole, "PageTable.evict: entry \(index) is already a hole")
        pool.release(page)
        entries.unsafelyUnwrapped[entry] = KVPage.hole
        holeCount += 1
    }

    /// Evicts every entry below `index` except the first `sinkPages`. `sinkPages` must not change
    /// while a range is skipped.
    mutating func skip(
        before index: Int, keeping sinkPages: Int, to pool: inout RigidPagePool
    ) {
        guard index > max(recentBase, sinkPages) else { return }
        precondition(
            index * KVPage.tokens <= length,
            "PageTable.skip: got entry \(index), expected full pages below \(length) slots")
        if skippedPages == 0 {
            sinkCount = sinkPages
            start = sinkPages
        }
        precondition(sinkCount == sinkPages, "PageTable.skip: the kept front changed its size")
        for _ in 0..<(index - recentBase) {
            let page = entries.unsafelyUnwrapped[start]
            if page == KVPage.hole { holeCount -= 1 } else { pool.release(page) }
            start += 1
            skippedPages += 1
        }
    }

    /// Whether the table can end after `slots` slots: the page that would be written next must not
    /// be an evicted one.
    func canTruncate(to slots: Int) -> Bool {
        guard slots >= 0, slots <= length else { return false }
        if slots <= sinkCount * KVPage.tokens { return true }
        if slots < recentBase * KVPage.tokens { return false }
        return slots % KVPage.tokens == 0 || page(at: slots / KVPage.tokens) != KVPage.hole
    }

    /// Drops all slots from `slots` on, and everything reserved.
    mutating func truncate(to slots: Int, to pool: inout RigidPagePool) {
        precondition(canTruncate(to: slots), "PageTable.truncate: cannot end after \(slots) slots")
        length = slots
        releasePages(after: KVPage.count(forSlots: slots), to: &pool)
    }

    /// Gives back the pages that hold no committed slot.
    mutating func dropReservation(to pool: inout RigidPagePool) {
        releasePages(after: KVPage.count(forSlots: length), to: &pool)
    }

    /// Gives back every page; the table is empty afterwards.
    mutating func releaseAll(to pool: inout RigidPagePool) {
        length = 0
        isCompacted = false
        releasePages(after: 0, to: &pool)
    }

    // MARK: Sharing

    /// A table of the same pages, each of which gains an owner. The reservation must have been
    /// dropped: neither table may write to a page that the other one sees.
    func fork(sharing pool: inout RigidPagePool) -> PageTable {
        precondition(
            pageCount == KVPage.count(forSlots: length), "PageTable.fork: reserved pages remain")
        var copy = PageTable()
        copy.growEntries(to: sinkCount + end - start)
        copy.length = length
        copy.sinkCount = sinkCount
        copy.skippedPages = skippedPages
        copy.holeCount = holeCount
        copy.isCompacted = isCompacted
        for index in 0..<sinkCount { copy.shareEntry(entries.unsafelyUnwrapped[index], &pool) }
        copy.start = copy.end
        for index in start..<end { copy.shareEntry(entries.unsafelyUnwrapped[index], &pool) }
        return copy
    }

    // MARK: The list itself

    private mutating func shareEntry(_ page: Int32, _ pool: inout RigidPagePool) {
        if page != KVPage.hole { pool.retain(page) }
        entries.unsafelyUnwrapped[end] = page
        end += 1
    }

    /// Keeps the first `count` entries. `count` lies in the kept front or at or after the base of
    /// the rest, as `canTruncate` has established.
    private mutating func releasePages(after count: Int, to pool: inout RigidPagePool) {
        let keep = max(0, count - recentBase)
        while end - start > keep {
            end -= 1
            let page = entries.unsafelyUnwrapped[end]
            if page == KVPage.hole { holeCount -= 1 } else { pool.release(page) }
        }
        guard count <= sinkCount else { return }
        for index in count..<sinkCount { pool.release(entries.unsafelyUnwrapped[index]) }
        // The rest is empty and nothing is skipped any more: the front is the whole list.
        sinkCount = 0
        skippedPages = 0
        start = 0
        end = count
    }

    /// Puts another page in an entry after the skipped range.
    mutating func replaceEntry(_ index: Int, with page: Int32) {
        entries.unsafelyUnwrapped[start + index - recentBase] = page
    }

    /// Adds an entry at the end.
    mutating func append(_ page: Int32) { appendEntry(page) }

    private mutating func appendEntry(_ page: Int32) {
        if end == entryCapacity { makeRoom() }
        entries.unsafelyUnwrapped[end] = page
        end += 1
    }

    /// Room for more entries. Reuses what skipping left at the front as long as that is at least
    /// half the list, so a window's list stops growing and each move is paid for by as many skips.
    private mutating func makeRoom() {
        let count = end - start
        if let entries, (start - sinkCount) * 2 >= entryCapacity {
            (entries + sinkCount).update(from: entries + start, count: count)
            start = sinkCount
            end = start + count
        } else {
            growEntries(to: max(16, entryCapacity * 2))
        }
    }

    private mutating func growEntries(to capacity: Int) {
        guard capacity > entryCapacity else { return }
        let larger = UnsafeMutablePointer<Int32>.allocate(capacity: capacity)
        larger.initialize(repeating: KVPage.hole, count: capacity)
        if let entries {
            larger.update(from: entries, count: end)
            entries.deallocate()
        }
        entries = larger
        entryCapacity = capacity
    }

    /// A page that the planner has already made sure of.
    private static func demand(_ page: Int32?) -> Int32 {
        guard let page else { preconditionFailure("PageTable.reserve: more pages than planned") }
        return page
    }
}
