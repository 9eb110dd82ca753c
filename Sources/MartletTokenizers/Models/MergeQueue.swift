// A priority queue of merges for words too long to search again and again.

/// A heap with four children to a node, of (rank, place) packed so that integer order is theirs.
///
/// Memory is fixed at creation; the owner deallocates. Places fit 32 bits: a word is a part of a
/// text, and texts of 4 GiB are refused before.
struct MergeQueue {
    private let entries: UnsafeMutablePointer<UInt64>
    private var count = 0

    init(capacity: Int) {
        entries = .allocate(capacity: capacity)
    }

    func deallocate() { entries.deallocate() }

    /// Adds without ordering; `order()` must follow before the first `pop`.
    mutating func append(rank: UInt32, place: Int) {
        entries[count] = UInt64(rank) << 32 | UInt64(truncatingIfNeeded: place)
        count &+= 1
    }

    mutating func order() {
        guard count > 1 else { return }
        for parent in stride(from: (count &- 2) / 4, through: 0, by: -1) { sink(parent) }
    }

    mutating func push(rank: UInt32, place: Int) {
        let entry = UInt64(rank) << 32 | UInt64(truncatingIfNeeded: place)
        var hole = count
        count &+= 1
        while hole > 0 {
            let parent = (hole &- 1) >> 2
            if entries[parent] <= entry { break }
            entries[hole] = entries[parent]
            hole = parent
        }
        entries[hole] = entry
    }

    mutating func pop() -> (rank: UInt32, place: Int)? {
        guard count > 0 else { return nil }
        let top = entries[0]
        count &-= 1
        if count > 0 {
            entries[0] = entries[count]
            sink(0)
        }
        return (UInt32(truncatingIfNeeded: top >> 32), Int(top & 0xFFFF_FFFF))
    }

    private func sink(_ start: Int) {
        let entry = entries[start]
        var hole = start
        while true {
            let first = hole &* 4 &+ 1
            if first >= count { break }
            var least = first
            for child in first &+ 1..<max(first &+ 1, min(first &+ 4, count))
            where entries[child] < entries[least] {
                least = child
            }
            if entries[least] >= entry { break }
            entries[hole] = entries[least]
            hole = least
        }
        entries[hole] = entry
    }
}
