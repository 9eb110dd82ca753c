/// The tokens of a vocabulary as one tree of bytes, flat in memory.

/// Tokens by their bytes. Nodes come depth first, each with the place after everything below it, so that a walk that is
/// told to leave out a node's descendants makes one jump.
struct TokenTrie: Sendable {
    private(set) var bytes: [UInt8] = []
    /// How many bytes come before a node's own.
    private(set) var depths: [UInt16] = []
    /// The place after a node's descendants.
    private(set) var ends: [Int32] = []
    /// The token that ends at a node, or -1.
    private(set) var tokens: [Int32] = []
    /// For each token the next one with the same bytes, or -1.
    private(set) var twins: [Int32: Int32] = [:]
    private(set) var maximumDepth = 0

    /// Tokens longer than this are never allowed.
    static let maximumLength = 4096

    /// - Parameter tokens: ids with their bytes, none of them empty.
    init(_ entries: [(id: Int32, bytes: [UInt8])]) {
        let sorted = entries.sorted { Self.precedes($0, $1) }
        var open: [Int32] = []
        var last: [UInt8] = []
        for entry in sorted {
            var common = 0
            while common < min(last.count, entry.bytes.count), last[common] == entry.bytes[common] {
                common += 1
            }
            if common == entry.bytes.count, common == last.count, let node = open.last {
                let first = tokens[Int(node)]
                twins[entry.id] = twins[first] ?? -1
                twins[first] = entry.id
                continue
            }
            while open.count > common, let node = open.popLast() {
                ends[Int(node)] = Int32(bytes.count)
            }
            for index in common..<entry.bytes.count {
                open.append(Int32(bytes.count))
                bytes.append(entry.bytes[index])
                depths.append(UInt16(index))
                ends.append(0)
                tokens.append(-1)
            }
            maximumDepth = max(maximumDepth, entry.bytes.count)
            tokens[tokens.count - 1] = entry.id
            last = entry.bytes
        }
        while let node = open.popLast() { ends[Int(node)] = Int32(bytes.count) }
    }

    private static func precedes(
        _ left: (id: Int32, bytes: [UInt8]), _ right: (id: Int32, bytes: [UInt8])
    ) -> Bool {
        left.bytes.withUnsafeBufferPointer { a in
            right.bytes.withUnsafeBufferPointer { b in
                let count = min(a.count, b.count)
                var index = 0
                while index < count {
                    if a[index] != b[index] { return a[index] < b[index] }
                    index += 1
                }
                return a.count != b.count ? a.count < b.count : left.id < right.id
            }
        }
    }

    /// The nodes of tokens that begin with some bytes and are longer.
    func nodes(below text: ArraySlice<UInt8>) -> Range<Int>? {
        var node = 0
        var end = bytes.count
        for byte in text {
            while node < end, bytes[node] < byte { node = Int(ends[node]) }
            guard node < end, bytes[node] == byte else { return nil }
            end = Int(ends[node])
            node += 1
        }
        return node..<end
    }

    /// The longest token that some bytes begin with, and its length.
    func longestToken(of text: ArraySlice<UInt8>) -> (token: Int32, length: Int)? {
        var best: (token: Int32, length: Int)?
        var node = 0
        var end = bytes.count
        for (depth, byte) in text.enumerated() {
            while node < end, bytes[node] < byte { node = Int(ends[node]) }
            guard node < end, bytes[node] == byte else { break }
            if tokens[node] >= 0 { best = (tokens[node], depth + 1) }
            end = Int(ends[node])
            node += 1
        }
        return best
    }
}
