/// One table's part of the integrity check.

extension PageTable {
    /// Adds this table to `owners` and proves that its entries are pages of the pool, that nothing
    /// is a hole but what was evicted, and that the positions of its live slots are unique, below
    /// `count` and, unless tokens were taken out, ascending.
    func checkIntegrity(
        below count: Int, in pool: borrowing RigidPagePool, owners: inout [UInt32], name: String
    ) throws(CacheError) {
        guard pageCount >= KVPage.count(forSlots: length) else {
            throw .brokenIntegrity("\(name): \(pageCount) entries for \(length) slots")
        }
        var holes = 0
        var previous: Int32 = -1
        for index in 0..<sinkCount {
            try check(index, in: pool, &owners, &holes, &previous, name)
        }
        guard holes == 0 else { throw .brokenIntegrity("\(name): a kept front page is a hole") }
        for index in recentBase..<pageCount {
            try check(index, in: pool, &owners, &holes, &previous, name)
        }
        guard holes == holeCount else {
            throw .brokenIntegrity("\(name): \(holes) holes, the table counts \(holeCount)")
        }
        if isCompacted { previous = try checkPositions(in: pool, name) }
        guard Int(previous) < count else {
            throw .brokenIntegrity("\(name): position \(previous) in a sequence of \(count) tokens")
        }
    }

    private func check(
        _ index: Int, in pool: borrowing RigidPagePool, _ owners: inout [UInt32],
        _ holes: inout Int, _ previous: inout Int32, _ name: String
    ) throws(CacheError) {
        let page = page(at: index)
        guard page != KVPage.hole else {
            holes += 1
            return
        }
        guard page >= 0, Int(page) < pool.touchedPages || pool.sealedKind(of: page) != nil else {
            throw .brokenIntegrity("\(name): entry \(index) names page \(page)")
        }
        owners[Int(page)] += 1
        guard !isCompacted else { return }
        let positions = pool.anyPositions(of: page)
        for slot in 0..<min(KVPage.tokens, max(0, length - index * KVPage.tokens)) {
            guard positions[slot] > previous else {
                throw .brokenIntegrity(
                    "\(name): position \(positions[slot]) follows \(previous) in entry \(index)")
            }
            previous = positions[slot]
        }
    }

    /// Proves that no position occurs twice or is missing; returns the largest.
    private func checkPositions(
        in pool: borrowing RigidPagePool, _ name: String
    ) throws(CacheError) -> Int32 {
        var seen: [Int32] = []
        for slot in 0..<length {
            seen.append(
                pool.anyPositions(of: page(at: slot / KVPage.tokens))[slot % KVPage.tokens])
        }
        seen.sort()
        for index in seen.indices {
            guard seen[index] >= 0, index == 0 || seen[index] > seen[index - 1] else {
                throw .brokenIntegrity(
                    "\(name): position \(seen[index]) occurs twice or is missing")
            }
        }
        return seen.last ?? -1
    }
}
