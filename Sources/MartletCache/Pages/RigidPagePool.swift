/// One arena of pages of equal size, handed out and counted; knows no layers, heads or sequences.

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The pages of one cache. It is rigid: it takes its budget's address space once and never grows. Its budget may be set to
/// less for a while, where several caches share one.
///
/// Only touched pages cost resident memory, because the arena is an anonymous mapping. Pages are
/// handed out last-released-first and then in ascending order, so a run is reproducible and the
/// touched part of the arena stays as small as the peak. Each page has a reference count, the number
/// of table entries that name it; a table writes only to pages that it holds alone. Pages are never
/// uninitialised: kernels multiply masked slots by zero, which needs finite values there.
struct RigidPagePool: ~Copyable {
    /// Open pages in the arena; their ids are below this number.
    let capacity: Int
    /// Arenas of sealed pages, one for each kind. They share the budget; their ids follow the open ones.
    private(set) var sealed: [SealedArena]
    /// Page ids, open and sealed: all are below this number.
    let idCapacity: Int
    /// Bytes of keys and values in one page.
    let pageBytes: Int
    /// Bytes that describe a page's keys to a page selector; zero without one.
    let boundsBytes: Int
    /// The largest budget: the arena has as many pages as it holds.
    let arenaBudgetBytes: Int
    /// The budget at present.
    private(set) var budgetBytes: Int
    /// First byte of page 0; page `p` starts `p * pageBytes` bytes after it.
    let arena: UnsafeMutableRawPointer
    /// A page of zeros without id and owner, read in place of holes.
    let zeroPage: UnsafeRawPointer
    /// Open pages with at least one owner.
    private(set) var heldPages = 0
    /// The most bytes that were ever held at once.
    private(set) var peakBytes = 0
    /// Pages that were ever copied because somebody was about to write to one with other owners.
    private(set) var copiedPages = 0
    /// Pages that were handed out at least once: those below this number. The others are still the
    /// zeros of the mapping.
    private(set) var touchedPages = 0
    /// Released pages, as a stack in `freeStack`.
    private(set) var freeStackCount = 0

    private let mappedBytes: Int
    /// First byte of page 0's bounds.
    let bounds: UnsafeMutableRawPointer
    private let positionTable: UnsafeMutablePointer<Int32>
    private let referenceCounts: UnsafeMutablePointer<UInt32>
    private let freeStack: UnsafeMutablePointer<Int32>

    /// Reserves the arena for as many pages as the budget holds, positions included.
    /// Throws `budgetTooSmall` below `minimumPages`, `cannotMapArena` if the system refuses.
    init(
        budgetBytes: Int, pageBytes: Int, boundsBytes: Int = 0, sealed units: [SealedUnit] = [],
        minimumPages: Int = 1
    ) throws(CacheError) {
        let heldBytesPerPage = pageBytes + KVPage.positionBytes + boundsBytes
        // Page ids are Int32 and -1 is a hole.
        let capacity = min(max(0, budgetBytes) / heldBytesPerPage, Int(Int32.max) - 1)
        guard capacity >= minimumPages else {
            throw .budgetTooSmall(
                budgetBytes: budgetBytes, neededBytes: minimumPages * heldBytesPerPage)
        }
        // At most a fifth of the ids goes to each kind, so that ids stay in 32 bits.
        var ids = capacity
        var kinds: [SealedArena] = []
        for unit in units {
            let arena = SealedArena(first: ids, unit: unit, budgetBytes: budgetBytes)
            kinds.append(arena)
            let count = arena.capacity
            ids += count
        }
        func roundedToSystemPage(_ bytes: Int) -> Int { (bytes + 65_535) & ~65_535 }
        let arenaBytes = roundedToSystemPage((capacity + 1) * pageBytes)
        let positionBytes = roundedToSystemPage(capacity * KVPage.positionBytes)
        let countBytes = roundedToSystemPage(ids * MemoryLayout<UInt32>.stride)
        let stackBytes = roundedToSystemPage(capacity * MemoryLayout<Int32>.stride)
        let summaryBytes = roundedToSystemPage(capacity * boundsBytes)
        let sealedArenaBytes = kinds.map {
            roundedToSystemPage($0.capacity / $0.unit.pages * $0.unit.bytes)
        }
        let sealedPositionBytes = kinds.map {
            roundedToSystemPage($0.capacity * $0.unit.positions.byteCount)
        }
        let mappedBytes =
            arenaBytes + positionBytes + countBytes + stackBytes + summaryBytes
            + sealedArenaBytes.reduce(0, +) + sealedPositionBytes.reduce(0, +)

        var flags = MAP_PRIVATE | MAP_ANON
        #if os(Linux)
            // Reserving is not using: a budget above free memory is the user's to choose.
            flags |= MAP_NORESERVE
        #endif
        let mapping = mmap(nil, mappedBytes, PROT_READ | PROT_WRITE, flags, -1, 0)
        guard let base = mapping, base != MAP_FAILED else {
            throw .cannotMapArena(bytes: mappedBytes, systemError: errno)
        }
        #if os(Linux)
            // Walking a long cache is a walk over the whole arena; fewer TLB misses, and a refusal
            // costs nothing.
            _ = madvise(base, arenaBytes, MADV_HUGEPAGE)
        #endif
        self.capacity = capacity
        self.pageBytes = pageBytes
        self.boundsBytes = boundsBytes
        arenaBudgetBytes = budgetBytes
        self.budgetBytes = budgetBytes
        self.mappedBytes = mappedBytes
        arena = base
        zeroPage = UnsafeRawPointer(base + capacity * pageBytes)
        let positions = base + arenaBytes
        let counts = positions + positionBytes
        let stack = counts + countBytes
        bounds = stack + stackBytes
        var next = bounds + summaryBytes
        for (index, bytes) in sealedArenaBytes.enumerated() {
            kinds[index].arena = next
            next += bytes
            kinds[index].positions = next
            next += sealedPositionBytes[index]
        }
        sealed = kinds
        idCapacity = ids
        positionTable = positions.bindMemory(to: Int32.self, capacity: capacity * KVPage.tokens)
        referenceCounts = counts.bindMemory(to: UInt32.self, capacity: ids)
        freeStack = stack.bindMemory(to: Int32.self, capacity: capacity)
    }

    deinit { munmap(arena, mappedBytes) }

    /// Sets the budget, at most to what the arena was made for. What is held beyond it stays until it is released.
    mutating func setBudget(_ bytes: Int) {
        budgetBytes = min(max(0, bytes), arenaBudgetBytes)
    }

    /// Pages that can still be handed out.
    var freePages: Int {
        sealed.isEmpty && budgetBytes == arenaBudgetBytes
            ? capacity - heldPages
            : min(capacity - heldPages, max(0, budgetBytes - heldBytes) / heldBytesPerPage)
    }
    /// Pages that the budget holds at present.
    var budgetPages: Int { min(capacity, budgetBytes / heldBytesPerPage) }
    /// Bytes of the held pages, positions included.
    var heldBytes: Int {
        sealed.reduce(heldPages * heldBytesPerPage) {
            $0 + $1.heldUnits * $1.unit.heldBytes
        }
    }
    private var heldBytesPerPage: Int { pageBytes + KVPage.positionBytes + boundsBytes }

    /// Hands out a page with one reference, zeroed, its positions empty; nil when none is free.
    mutating func allocate() -> Int32? { takePage(zeroed: true) }

    /// Hands out a page with one reference and the content and positions of `page`; nil when none
    /// is free.
    mutating func allocateCopy(of page: Int32) -> Int32? {
        precondition(page < capacity, "RigidPagePool: page \(page) is sealed, nobody writes to it")
        guard let copy = takePage(zeroed: false) else { return nil }
        copiedPages += 1
        pointer(to: copy).copyMemory(from: pointer(to: page), byteCount: pageBytes)
        positions(of: copy).update(from: positions(of: page), count: KVPage.tokens)
        if boundsBytes > 0 {
            boundsPointer(to: copy).copyMemory(
                from: boundsPointer(to: page), byteCount: boundsBytes)
        }
        return copy
    }

    /// Adds an owner.
    mutating func retain(_ page: Int32) {
        precondition(isHeld(page), "RigidPagePool.retain: page \(page) is not held")
        referenceCounts[Int(page)] += 1
    }

    /// Removes an owner; the page is free when the last one leaves.
    mutating func release(_ page: Int32) {
        precondition(isHeld(page), "RigidPagePool.release: page \(page) is not held")
        let index = Int(page)
        referenceCounts[index] -= 1
        guard referenceCounts[index] == 0 else { return }
        if let kind = sealedKind(of: page) {
            let unit = sealed[kind].unitPages(of: page)
            if unit.allSatisfy({ referenceCounts[$0] == 0 }) { sealed[kind].release(page) }
            return
        }
        freeStack[freeStackCount] = page
        freeStackCount += 1
        heldPages -= 1
    }

    /// Owners of the page; zero for a free one.
    func referenceCount(_ page: Int32) -> Int {
        precondition(
            page >= 0 && Int(page) < idCapacity,
            "RigidPagePool: got page \(page), expected one below \(idCapacity)")
        return Int(referenceCounts[Int(page)])
    }

    /// Counts one owner less (or one more again) while a reservation is being planned, without
    /// freeing anything. The planner must undo what it did before anything else happens.
    mutating func anticipate(_ change: Int, ownersOf page: Int32) {
        referenceCounts[Int(page)] = UInt32(Int(referenceCounts[Int(page)]) + change)
    }

    /// First byte of the page, of a sealed one's unit.
    @inline(__always)
    func pointer(to page: Int32) -> UnsafeMutableRawPointer {
        Int(page) < capacity ? arena + Int(page) &* pageBytes : sealedPointer(to: page)
    }

    private func sealedPointer(to page: Int32) -> UnsafeMutableRawPointer {
        guard let kind = sealedKind(of: page) else {
            preconditionFailure("RigidPagePool: got page \(page), expected one below \(idCapacity)")
        }
        let arena = sealed[kind]
        return arena.base + (Int(page) - arena.first) / arena.unit.pages &* arena.unit.bytes
    }

    /// The kind of a sealed page; nil for an open one.
    func sealedKind(of page: Int32) -> Int? {
        guard Int(page) >= capacity, !sealed.isEmpty else { return nil }
        return sealed.lastIndex { Int(page) >= $0.first }
    }

    /// Hands out a unit of sealed pages with one reference each, and returns its first page; nil when the budget holds
    /// no more.
    mutating func allocateSealed(_ kind: Int) -> Int32? {
        guard heldBytes + sealed[kind].unit.heldBytes <= budgetBytes,
            let page = sealed[kind].take()
        else { return nil }
        for page in sealed[kind].unitPages(of: page) { referenceCounts[page] = 1 }
        peakBytes = max(peakBytes, heldBytes)
        return page
    }

    /// First byte of the page's bounds.
    func boundsPointer(to page: Int32) -> UnsafeMutableRawPointer {
        bounds + Int(page) &* boundsBytes
    }

    /// The absolute positions of an open page's sixteen slots; -1 marks a slot never written.
    func positions(of page: Int32) -> UnsafeMutablePointer<Int32> {
        precondition(Int(page) < capacity, "RigidPagePool: page \(page) is sealed")
        return positionTable + Int(page) &* KVPage.tokens
    }

    /// The absolute positions of any page's sixteen slots, to read, and to store when it is sealed.
    func anyPositions(of page: Int32) -> PagePositions {
        guard Int(page) >= capacity, let kind = sealedKind(of: page) else {
            return PagePositions(
                base: positionTable + Int(page) &* KVPage.tokens, form: .each)
        }
        return sealed[kind].positions(of: page)
    }

    /// The released page at `index` of the free stack, for the integrity check.
    func freePage(at index: Int) -> Int32 {
        precondition(index >= 0 && index < freeStackCount, "RigidPagePool: no free page \(index)")
        return freeStack[index]
    }

    private func isHeld(_ page: Int32) -> Bool {
        guard page >= 0, Int(page) < idCapacity, referenceCounts[Int(page)] > 0 else {
            return false
        }
        return sealedKind(of: page) != nil || Int(page) < touchedPages
    }

    private mutating func takePage(zeroed: Bool) -> Int32? {
        guard freePages > 0 else { return nil }
        let page: Int32
        if freeStackCount > 0 {
            freeStackCount -= 1
            page = freeStack[freeStackCount]
            if zeroed {
                pointer(to: page).initializeMemory(as: UInt8.self, repeating: 0, count: pageBytes)
            }
        } else if touchedPages < capacity {
            page = Int32(touchedPages)
            touchedPages += 1
        } else {
            return nil
        }
        referenceCounts[Int(page)] = 1
        positions(of: page).update(repeating: -1, count: KVPage.tokens)
        heldPages += 1
        peakBytes = max(peakBytes, heldBytes)
        return page
    }
}
