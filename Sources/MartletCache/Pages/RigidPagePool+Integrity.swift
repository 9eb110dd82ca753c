/// The pool's half of the integrity check: reference counts and the free stack.

extension RigidPagePool {
    /// Proves that each page has exactly `owners[page]` owners, that free pages and owned pages
    /// partition the arena, that none is free twice, and that the count of held pages is right.
    func checkIntegrity(owners: [UInt32]) throws(CacheError) {
        precondition(owners.count == idCapacity, "RigidPagePool: owners must cover the arena")
        var isFree = [Bool](repeating: false, count: capacity)
        for index in 0..<freeStackCount {
            let page = Int(freePage(at: index))
            guard page >= 0, page < touchedPages else {
                throw .brokenIntegrity("free page \(page) was never handed out")
            }
            guard !isFree[page] else { throw .brokenIntegrity("page \(page) is free twice") }
            isFree[page] = true
        }
        var held = 0
        for page in 0..<capacity {
            let count = referenceCount(Int32(page))
            guard count == Int(owners[page]) else {
                throw .brokenIntegrity(
                    "page \(page) counts \(count) owners but is in \(owners[page]) tables")
            }
            let free = isFree[page] || page >= touchedPages
            guard free == (count == 0) else {
                throw .brokenIntegrity(
                    "page \(page) has \(count) owners and is \(free ? "" : "not ")free")
            }
            held += count > 0 ? 1 : 0
        }
        guard held == heldPages, heldBytes <= peakBytes, heldBytes <= budgetBytes else {
            throw .brokenIntegrity(
                "\(held) pages are held, the pool counts \(heldPages) and \(heldBytes) bytes, peak "
                    + "\(peakBytes)")
        }
        for kind in sealed { try checkIntegrity(of: kind, owners: owners) }
    }

    private func checkIntegrity(of kind: SealedArena, owners: [UInt32]) throws(CacheError) {
        let free = Set(kind.free)
        guard free.count == kind.free.count else {
            throw .brokenIntegrity("a sealed page is free twice")
        }
        var held = 0
        for start in stride(from: kind.first, to: kind.first + kind.capacity, by: kind.unit.pages) {
            let pages = kind.unitPages(of: Int32(start))
            for page in pages where referenceCount(Int32(page)) != Int(owners[page]) {
                throw .brokenIntegrity(
                    "sealed page \(page) counts \(referenceCount(Int32(page))) owners but is in "
                        + "\(owners[page]) tables")
            }
            let isOwned = pages.contains { owners[$0] > 0 }
            let isFree = start - kind.first >= kind.touched || free.contains(Int32(start))
            guard isFree != isOwned else {
                throw .brokenIntegrity(
                    "the unit of sealed page \(start) is \(isFree ? "" : "not ")free")
            }
            held += isOwned ? 1 : 0
        }
        guard held == kind.heldUnits else {
            throw .brokenIntegrity(
                "\(held) sealed units are held, the pool counts \(kind.heldUnits)")
        }
    }
}
