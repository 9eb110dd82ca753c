// Token texts by id and ids by text, in flat arrays.

import MartletJSON

/// The texts of a vocabulary as its file spells them.
struct Vocabulary: Sendable {
    /// Ids from here up are refused: a table is indexed by id, and a file must not choose its size.
    static let idLimit = 1 << 22

    private(set) var text: [UInt8] = []
    /// Where a token's text begins; -1 for an id without a token.
    private(set) var starts: [Int32] = []
    private(set) var counts: [Int32] = []
    /// Open addressing over ids, -1 when empty; a power of two, at most half full.
    private(set) var slots: [Int32] = []

    /// One more than the highest id.
    var count: Int { starts.count }

    /// - Parameter allowsRepeats: A text may belong to several ids; the first one given is found by it.
    init(
        entries: [(text: ArraySlice<UInt8>, id: Int)], file: String, allowsRepeats: Bool = false
    ) throws(TokenizerError) {
        var highest = -1
        var bytes = 0
        for entry in entries {
            guard entry.id >= 0, entry.id < Vocabulary.idLimit else {
                throw .malformed(
                    file: file,
                    reason: "token '\(Vocabulary.printable(entry.text))' has id \(entry.id), "
                        + "expected 0 to \(Vocabulary.idLimit - 1)")
            }
            highest = max(highest, entry.id)
            bytes += entry.text.count
        }
        text.reserveCapacity(bytes)
        starts = Array(repeating: -1, count: highest + 1)
        counts = Array(repeating: 0, count: highest + 1)
        var capacity = 16
        while capacity < entries.count * 2 { capacity *= 2 }
        slots = Array(repeating: -1, count: capacity)
        for entry in entries {
            guard starts[entry.id] < 0 else {
                throw .malformed(
                    file: file,
                    reason: "id \(entry.id) belongs to '\(printable(Int32(entry.id)))' and to "
                        + "'\(Vocabulary.printable(entry.text))', expected one token for each id")
            }
            let isRepeated = id(of: entry.text) >= 0
            guard !isRepeated || allowsRepeats else {
                throw .malformed(
                    file: file,
                    reason: "token '\(Vocabulary.printable(entry.text))' appears twice, "
                        + "expected each token once")
            }
            starts[entry.id] = Int32(text.count)
            counts[entry.id] = Int32(entry.text.count)
            text.append(contentsOf: entry.text)
            if isRepeated { continue }
            let mask = slots.count - 1
            var slot = entry.text.withUnsafeBufferPointer { Int(truncatingIfNeeded: hashBytes($0)) }
            slot &= mask
            while slots[slot] >= 0 { slot = (slot + 1) & mask }
            slots[slot] = Int32(entry.id)
        }
    }

    /// The token of exactly these bytes, or -1.
    func id(of bytes: some Sequence<UInt8>) -> Int32 {
        let found = bytes.withContiguousStorageIfAvailable { id(of: $0) }
        return found ?? Array(bytes).withUnsafeBufferPointer { id(of: $0) }
    }

    /// The token of exactly these bytes, or -1.
    func id(of bytes: UnsafeBufferPointer<UInt8>) -> Int32 {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hashBytes(bytes)) & mask
        return text.withUnsafeBufferPointer { text in
            while true {
                let id = slots[slot]
                if id < 0 { return -1 }
                let start = Int(starts[Int(id)])
                if Int(counts[Int(id)]) == bytes.count {
                    var same = true
                    for index in 0..<bytes.count where text[start + index] != bytes[index] {
                        same = false
                        break
                    }
                    if same { return id }
                }
                slot = (slot + 1) & mask
            }
        }
    }

    /// The bytes of a token, or nil for an id without one.
    func bytes(of id: Int32) -> ArraySlice<UInt8>? {
        guard id >= 0, Int(id) < starts.count, starts[Int(id)] >= 0 else { return nil }
        let start = Int(starts[Int(id)])
        return text[start..<start + Int(counts[Int(id)])]
    }

    func printable(_ id: Int32) -> String {
        bytes(of: id).map { Vocabulary.printable($0) } ?? "nothing"
    }

    static func printable(_ bytes: ArraySlice<UInt8>) -> String {
        MartletJSON.printable(String(decoding: bytes.prefix(80), as: UTF8.self))
    }
}

/// A hash of bytes with a 64-bit multiply for every eight of them.
func hashBytes(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var hash = UInt64(truncatingIfNeeded: bytes.count) &* 0x9E37_79B9_7F4A_7C15
    var position = 0
    while position < bytes.count {
        var word: UInt64 = 0
        if position &+ 8 <= bytes.count {
            word = UnsafeRawPointer(bytes.baseAddress.unsafelyUnwrapped + position)
                .loadUnaligned(as: UInt64.self)
        } else {
            for index in position..<bytes.count { word = word << 8 | UInt64(bytes[index]) }
        }
        let product = (hash ^ word).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        hash = product.high ^ product.low ^ word
        position &+= 8
    }
    return hash ^ hash >> 29
}
