// Which two tokens merge, in which order, into which token.

/// A flat open-addressing table from a pair of token ids to the rank of its merge and the result.
///
/// Key and value lie side by side, so that a lookup touches one cache line most of the time.
struct PairTable: Sendable {
    /// No merge: greater than every rank.
    static let noMerge = UInt64.max
    static let emptyKey = UInt64.max

    /// Alternating keys (left << 32 | right) and values (rank << 32 | merged id).
    private(set) var cells: [UInt64]
    private(set) var shift: UInt64
    private(set) var count = 0

    init(minimumCapacity: Int) {
        var bits: UInt64 = 4
        while 1 << bits < minimumCapacity + minimumCapacity / 2 { bits += 1 }
        shift = 64 - bits
        cells = Array(repeating: PairTable.emptyKey, count: 2 << Int(bits))
    }

    @inline(__always)
    static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    @inline(__always)
    static func slot(_ key: UInt64, _ shift: UInt64) -> Int {
        Int(truncatingIfNeeded: ((key ^ key >> 29) &* 0x9E37_79B9_7F4A_7C15) &>> shift)
    }

    /// Adds a merge. A repeated pair takes the later rank, as the reference implementations do.
    mutating func insert(left: Int32, right: Int32, rank: UInt32, merged: Int32) {
        let key = PairTable.key(left, right)
        let mask = cells.count / 2 - 1
        var slot = PairTable.slot(key, shift)
        while cells[slot * 2] != PairTable.emptyKey, cells[slot * 2] != key {
            slot = (slot + 1) & mask
        }
        if cells[slot * 2] == PairTable.emptyKey { count += 1 }
        cells[slot * 2] = key
        cells[slot * 2 + 1] = UInt64(rank) << 32 | UInt64(UInt32(bitPattern: merged))
    }

    /// Visits every merge, in no order.
    func forEach(_ body: (_ left: Int32, _ right: Int32, _ rank: UInt32, _ merged: Int32) -> Void) {
        cells.withUnsafeBufferPointer { cells in
            for slot in stride(from: 0, to: cells.count, by: 2)
            where cells[slot] != PairTable.emptyKey {
                let value = cells[slot + 1]
                body(
                    Int32(truncatingIfNeeded: cells[slot] >> 32),
                    Int32(truncatingIfNeeded: cells[slot]), UInt32(value >> 32),
                    Int32(truncatingIfNeeded: value))
            }
        }
    }
}

/// A borrowed `PairTable`.
struct PairTableView {
    let cells: UnsafePointer<UInt64>
    let shift: UInt64
    let mask: Int

    /// The rank (high half) and result (low half) of merging two tokens, or `PairTable.noMerge`.
    @inline(__always)
    func merge(_ left: Int32, _ right: Int32) -> UInt64 {
        let key = PairTable.key(left, right)
        var slot = PairTable.slot(key, shift)
        while true {
            let found = cells[slot &* 2]
            if found == key { return cells[slot &* 2 &+ 1] }
            if found == PairTable.emptyKey { return PairTable.noMerge }
            slot = (slot &+ 1) & mask
        }
    }
}
