/// The absolute positions of a page's slots, however they are stored.

/// Borrowed from a pool.
package struct PagePositions {
    /// How the positions of a page are stored.
    enum Form: Hashable {
        /// A number for each slot.
        case each
        /// The first, which the others follow.
        case consecutive
        /// The lowest and, for each slot, its distance from there in 16 bits.
        case near

        /// Bytes of a page's positions.
        var byteCount: Int {
            switch self {
            case .each: KVPage.positionBytes
            case .consecutive: MemoryLayout<Int32>.stride
            case .near:
                MemoryLayout<Int32>.stride + KVPage.tokens * MemoryLayout<UInt16>.stride
            }
        }
    }

    let base: UnsafeMutablePointer<Int32>
    let form: Form

    /// The furthest that tokens of a page may lie apart whose positions are stored by their distance.
    package static let reach = Int(UInt16.max)

    /// The position of a slot; it means nothing for a slot at or after the table's length.
    @inline(__always)
    package subscript(slot: Int) -> Int32 {
        switch form {
        case .each: base[slot]
        case .consecutive: base[0] &+ Int32(slot)
        case .near: base[0] &+ Int32(distances[slot])
        }
    }

    private var distances: UnsafeMutablePointer<UInt16> {
        UnsafeMutableRawPointer(base + 1).assumingMemoryBound(to: UInt16.self)
    }

    /// Writes the positions of a page that is being sealed.
    func store(_ positions: some Collection<Int32>) {
        if form != .each { base[0] = positions.min() ?? 0 }
        for (slot, position) in positions.enumerated() {
            switch form {
            case .each: base[slot] = position
            case .consecutive: break
            case .near: distances[slot] = UInt16(truncatingIfNeeded: position &- base[0])
            }
            precondition(
                self[slot] == position,
                "PagePositions: got \(position) in slot \(slot), stored \(self[slot])")
        }
    }
}
