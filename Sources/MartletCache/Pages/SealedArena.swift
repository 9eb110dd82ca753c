/// Arenas of sealed pages, handed out by the unit.

/// Sealed pages that share their parameters, and are handed out and come back together.
struct SealedUnit {
    /// Pages of a unit.
    let pages: Int
    /// Bytes of their keys and values, and of what they share.
    let bytes: Int
    /// How each page's positions are stored.
    let positions: PagePositions.Form

    /// Bytes that one takes from the budget.
    var heldBytes: Int { bytes + pages * positions.byteCount }
}

/// Pages of one sealed kind.
struct SealedArena {
    /// The lowest id.
    let first: Int
    /// Pages of all units.
    let capacity: Int
    let unit: SealedUnit
    /// First byte of the first unit.
    var arena: UnsafeMutableRawPointer?
    /// First byte of the first page's positions.
    var positions: UnsafeMutableRawPointer?
    /// Units with a page that has an owner.
    private(set) var heldUnits = 0
    /// Pages of units handed out at least once.
    private(set) var touched = 0
    /// First pages of released units.
    private(set) var free: [Int32] = []

    /// An arena of as many units as the budget holds, but for a fifth of all ids at most.
    init(first: Int, unit: SealedUnit, budgetBytes: Int) {
        self.first = first
        self.unit = unit
        capacity =
            min(budgetBytes / unit.heldBytes, Int(Int32.max) / 5 / unit.pages) * unit.pages
    }

    /// A page's share of its unit's bytes.
    var pageBytes: Int { unit.bytes / unit.pages }

    /// The arena, which the pool sets when it is made.
    var base: UnsafeMutableRawPointer {
        guard let arena else { preconditionFailure("SealedArena: used before the pool was made") }
        return arena
    }

    /// The positions of a page.
    func positions(of page: Int32) -> PagePositions {
        guard let positions else {
            preconditionFailure("SealedArena: used before the pool was made")
        }
        let offset = (Int(page) - first) * unit.positions.byteCount
        return PagePositions(
            base: (positions + offset).assumingMemoryBound(to: Int32.self), form: unit.positions)
    }

    /// Ids of the pages in a page's unit.
    func unitPages(of page: Int32) -> Range<Int> {
        let start = first + (Int(page) - first) / unit.pages * unit.pages
        return start..<start + unit.pages
    }

    /// The first page of a unit that nobody holds; nil when there is none.
    mutating func take() -> Int32? {
        if let page = free.popLast() {
            heldUnits += 1
            return page
        }
        guard touched < capacity else { return nil }
        touched += unit.pages
        heldUnits += 1
        return Int32(first + touched - unit.pages)
    }

    /// Takes a page's unit back.
    mutating func release(_ page: Int32) {
        free.append(Int32(unitPages(of: page).lowerBound))
        heldUnits -= 1
    }
}
