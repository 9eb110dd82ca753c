/// What is remembered of one (layer, KV head) whose model marks tokens.

/// Until when each slot is seen, where the newest tokens lie, and DMC's open mean.
struct EvictionTable {
    /// By slot: the first position that sees it no more. Whole tiles, beyond the last slot `.max`.
    private(set) var until: [Int32] = []
    /// Slots that mean anything.
    private(set) var count = 0
    /// Slot of each of the newest tokens, by position modulo the ring's size; -1 when it is gone.
    private var ring: [Int32]
    /// The members of DMC's open mean, oldest first: key before rotation, value, weight.
    var members: [MergedToken] = []

    /// Remembers where the newest `reach` tokens lie.
    init(reach: Int) { ring = Array(repeating: -1, count: reach) }

    /// Bytes that it takes.
    var byteCount: Int {
        (until.count + ring.count) * MemoryLayout<Int32>.stride
            + memberBytes
    }

    /// Bytes of the open mean's members.
    var memberBytes: Int { members.reduce(0) { $0 + ($1.key.count + $1.value.count + 1) * 4 } }

    /// Where a token lies; nil when it is gone or no longer among the newest.
    func slot(of position: Int) -> Int? {
        guard position >= 0 else { return nil }
        let slot = ring[position % ring.count]
        return slot < 0 ? nil : Int(slot)
    }

    /// The slot of a token that no query from `position` on sees; nil when it is gone or still seen.
    func slot(of token: Int, endingBy position: Int) -> Int? {
        guard let slot = slot(of: token), until[slot] <= position else { return nil }
        return slot
    }

    /// Makes room for `slots` slots in all; new ones are seen by every query.
    mutating func extend(to slots: Int) {
        let tile = 128
        let needed = (slots + tile - 1) / tile * tile
        if needed > until.count {
            until.append(contentsOf: repeatElement(.max, count: needed - until.count))
        }
        count = max(count, slots)
    }

    mutating func hide(slot: Int, from position: Int) { until[slot] = Int32(position) }

    mutating func place(position: Int, slot: Int) { ring[position % ring.count] = Int32(slot) }

    /// A token is gone; what lay in the last slot, at `moved`, lies in its slot now.
    mutating func remove(slot: Int, position: Int, moved: Int?) {
        ring[position % ring.count] = -1
        let last = count - 1
        if let moved {
            until[slot] = until[last]
            if self.slot(of: moved) == last { ring[moved % ring.count] = Int32(slot) }
        }
        until[last] = .max
        count = last
    }

    /// Only the listed slots are left, ascending, moved together; `positions` are theirs.
    mutating func compact(keeping kept: [Int32], positions: [Int], newest: Int) {
        for index in ring.indices { ring[index] = -1 }
        for (place, slot) in kept.enumerated() {
            until[place] = until[Int(slot)]
            if newest - positions[place] < ring.count {
                ring[positions[place] % ring.count] = Int32(place)
            }
        }
        for slot in kept.count..<count { until[slot] = .max }
        count = kept.count
    }
}

/// One token of DMC's open mean.
struct MergedToken {
    var key: [Float]
    var value: [Float]
    var weight: Float
}
