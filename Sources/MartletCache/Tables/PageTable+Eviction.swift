/// Taking single tokens out of a table and closing the gaps, so that whole pages become free.

extension PageTable {
    /// Copies one slot's key and value from a page to another, in the cache's codec.
    typealias SlotCopy = (
        _ from: UnsafeMutableRawPointer, _ fromSlot: Int, _ to: UnsafeMutableRawPointer,
        _ toSlot: Int
    ) -> Void

    /// The most pages that ``compact(keeping:in:copy:)`` takes from the pool: before it writes to a
    /// page that other tables hold too, it copies the page.
    func compactionPages(keeping slots: [Int32], in pool: borrowing RigidPagePool) -> Int {
        let first = Self.unchangedPrefix(slots)
        guard first < slots.count else { return 0 }
        var needed = 0
        for entry in first / KVPage.tokens..<KVPage.count(forSlots: slots.count) {
            needed += pool.referenceCount(page(at: entry)) > 1 ? 1 : 0
        }
        return needed
    }

    /// Keeps the slots listed, ascending, and moves them together to the front; pages behind them are
    /// free. Nothing may be skipped, a hole, or reserved, and the pool must have
    /// ``compactionPages(keeping:in:)`` free pages.
    mutating func compact(keeping slots: [Int32], in pool: inout RigidPagePool, copy: SlotCopy) {
        precondition(
            skippedPages == 0 && holeCount == 0 && pageCount == KVPage.count(forSlots: length),
            "PageTable.compact: got a table with skipped, evicted or reserved pages")
        guard slots.count < length else { return }
        var target = Self.unchangedPrefix(slots)
        while target < slots.count {
            let source = Int(slots[target])
            precondition(
                source < length && source > target,
                "PageTable.compact: got slot \(source) for place \(target) of \(length)")
            move(source, to: target, in: &pool, copy)
            target += 1
        }
        shorten(to: slots.count, in: &pool)
    }

    /// Takes one token out; the last one moves into its slot. Returns whether it did: when that
    /// would write to a page that others hold and no page is free for a copy, nothing happens.
    mutating func remove(slot: Int, in pool: inout RigidPagePool, copy: SlotCopy) -> Bool {
        precondition(
            slot >= 0 && slot < length && skippedPages == 0 && holeCount == 0,
            "PageTable.remove: got slot \(slot) of \(length)")
        if slot < length - 1 {
            let isShared = pool.referenceCount(page(at: slot / KVPage.tokens)) > 1
            guard !isShared || pool.freePages > 0 else { return false }
            move(length - 1, to: slot, in: &pool, copy)
        }
        shorten(to: length - 1, in: &pool)
        return true
    }

    /// Number of pages from entry `first` on, of `limit` entries at most, that other tables hold too: writing to one
    /// takes a copy.
    func sharedPages(
        from first: Int = 0, limit: Int = .max, in pool: borrowing RigidPagePool
    ) -> Int {
        var count = 0
        let pages = min(max(0, KVPage.count(forSlots: length) - first), limit)
        for entry in first..<first + pages {
            let page = view[entry]
            count += page != KVPage.hole && pool.referenceCount(page) > 1 ? 1 : 0
        }
        return count
    }

    private mutating func move(
        _ source: Int, to target: Int, in pool: inout RigidPagePool, _ copy: SlotCopy
    ) {
        makeWritable(target / KVPage.tokens, in: &pool)
        let (from, to) = (page(at: source / KVPage.tokens), page(at: target / KVPage.tokens))
        let (fromSlot, toSlot) = (source % KVPage.tokens, target % KVPage.tokens)
        copy(pool.pointer(to: from), fromSlot, pool.pointer(to: to), toSlot)
        pool.positions(of: to)[toSlot] = pool.positions(of: from)[fromSlot]
    }

    private mutating func makeWritable(_ entry: Int, in pool: inout RigidPagePool) {
        guard writablePage(entry, in: &pool) != nil else {
            preconditionFailure("PageTable: more pages than planned")
        }
    }

    /// Replaces a full page by a new sealed one with the same positions, and returns its id; its content is
    /// the caller's to write. The old page is released first, and the pool must then have room.
    mutating func seal(_ entry: Int, as kind: Int, in pool: inout RigidPagePool) -> Int32 {
        let old = page(at: entry)
        let positions = Array(
            UnsafeBufferPointer(start: pool.positions(of: old), count: KVPage.tokens))
        pool.release(old)
        guard let page = pool.allocateSealed(kind) else {
            preconditionFailure("PageTable.seal: more bytes than planned")
        }
        pool.anyPositions(of: page).store(positions)
        replaceEntry(entry, with: page)
        return page
    }

    /// Appends a sealed page to a table of full pages; its positions are written already.
    mutating func appendSealed(_ page: Int32) {
        precondition(
            length % KVPage.tokens == 0 && pageCount == length / KVPage.tokens,
            "PageTable.appendSealed: got a table with a partly filled page")
        append(page)
        length += KVPage.tokens
        isCompacted = true
    }

    /// The page of an entry, copied first if others hold it too; nil when no page is free for that.
    mutating func writablePage(_ entry: Int, in pool: inout RigidPagePool) -> Int32? {
        let page = page(at: entry)
        guard pool.referenceCount(page) > 1 else { return page }
        guard let fresh = pool.allocateCopy(of: page) else { return nil }
        pool.release(page)
        replaceEntry(entry, with: fresh)
        return fresh
    }

    private mutating func shorten(to slots: Int, in pool: inout RigidPagePool) {
        truncate(to: slots, to: &pool)
        isCompacted = true
        let used = slots % KVPage.tokens
        guard used > 0 else { return }
        let tail = page(at: slots / KVPage.tokens)
        if pool.referenceCount(tail) == 1 {
            (pool.positions(of: tail) + used).update(repeating: -1, count: KVPage.tokens - used)
        }
    }

    /// How many of the kept slots stay where they are.
    private static func unchangedPrefix(_ slots: [Int32]) -> Int {
        var count = 0
        while count < slots.count, slots[count] == count { count += 1 }
        return count
    }
}
