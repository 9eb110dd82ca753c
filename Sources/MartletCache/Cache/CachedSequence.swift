/// The name of a sequence, and what the cache keeps under it.

/// Names a sequence in one cache. Names are never reused; using one after `release` is a
/// programmer's mistake and traps.
package struct SequenceID: Hashable, Sendable {
    /// Slot in the low 32 bits, generation of the slot above them.
    package let rawValue: Int

    init(slot: Int, generation: Int) { rawValue = generation << 32 | slot }

    var slot: Int { rawValue & 0xFFFF_FFFF }
    var generation: Int { rawValue >> 32 }
}

/// One sequence: its tables, layer-major, its counts, and what the stages remember of it.
final class CachedSequence {
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
    /// Whether the latest commit was of generated tokens, so that what is moved after it counts with them.
    var isDecoding = false
    /// Bytes that reservations moved since the latest commit.
    var reservedBytes = 0
    /// The reservation that last mentioned this sequence, to notice one that does so twice.
    var lastReservation = 0
    /// Tokens of the prompt, once it is complete.
    var promptCount: Int?
    /// Tokens computed when one was last taken out or moved, since when a slot's number is not its position;
    /// nil for never.
    var evictedAt: Int?
    /// Whether pages of it were sealed because there was no room.
    var isDemoted = false
    /// Tokens that slots stand for.
    var weights = SlotWeights()
    /// What each stage of the plan remembers, in the plan's order.
    var memories: [any StageMemory]

    init(tableCount: Int, memories: [any StageMemory]) {
        self.tableCount = tableCount
        self.memories = memories
        tables = .allocate(capacity: tableCount)
        for index in 0..<tableCount { (tables + index).initialize(to: PageTable()) }
    }

    deinit {
        tables.deinitialize(count: tableCount)
        tables.deallocate()
    }
}
