/// The name of a sequence, and what the cache keeps under it.

/// Names a sequence in one cache. Names are never reused; using one after `release` is a
/// programmer's mistake and traps.
public struct SequenceID: Hashable, Sendable {
    /// Slot in the low 32 bits, generation of the slot above them.
    public let rawValue: Int

    init(slot: Int, generation: Int) { rawValue = generation << 32 | slot }

    var slot: Int { rawValue & 0xFFFF_FFFF }
    var generation: Int { rawValue >> 32 }
}

/// One sequence: its tables, layer-major, and its counts.
final class SequenceState {
    /// Tables of all (layer, KV head), `layer * keyValueHeadCount + head`.
    let tables: UnsafeMutablePointer<PageTable>
    let tableCount: Int
    /// Tokens computed.
    var count = 0
    /// Tokens that can be committed before the next reservation.
    var reserved = 0
    /// Sum of live slots over all tables.
    var liveSlots = 0
    /// The largest `liveSlots` since it was made or forked.
    var peakLiveSlots = 0
    var reads = CacheReads()
    /// The reservation that last mentioned this sequence, to notice one that does so twice.
    var lastReservation = 0
    /// What the policy remembers; nil unless it compresses.
    var memory: PolicyMemory?

    init(tableCount: Int) {
        self.tableCount = tableCount
        tables = .allocate(capacity: tableCount)
        for index in 0..<tableCount { (tables + index).initialize(to: PageTable()) }
    }

    deinit {
        tables.deinitialize(count: tableCount)
        tables.deallocate()
    }
}
