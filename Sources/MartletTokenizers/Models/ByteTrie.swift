// A trie over the bytes of tokens: which of them begin at a place.

/// Children by open addressing: one 64-bit cell has a node, a byte and the child that it leads to.
struct ByteTrie: Sendable {
    private static let empty = UInt64.max
    /// Nodes fit 24 bits beside 32 bits of node and 8 of byte.
    static let nodeLimit = 1 << 24

    private var cells: [UInt64]
    private var shift: UInt64
    /// The token that ends at each node, or -1.
    private var tokens: [Int32] = [-1]

    init(minimumCapacity: Int) {
        var bits: UInt64 = 6
        while 1 << bits < minimumCapacity * 2, bits < 26 { bits += 1 }
        shift = 64 - bits
        cells = Array(repeating: ByteTrie.empty, count: 1 << Int(bits))
    }

    @inline(__always)
    private static func slot(_ key: UInt64, _ shift: UInt64) -> Int {
        Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) &>> shift)
    }

    /// Adds a token; false where the trie is full.
    mutating func insert(_ bytes: some Sequence<UInt8>, _ token: Int32) -> Bool {
        var node: UInt64 = 0
        for byte in bytes {
            let key = node << 8 | UInt64(byte)
            var slot = ByteTrie.slot(key, shift)
            while cells[slot] != ByteTrie.empty, cells[slot] >> 24 != key {
                slot = (slot + 1) & (cells.count - 1)
            }
            if cells[slot] == ByteTrie.empty {
                guard tokens.count < ByteTrie.nodeLimit else { return false }
                cells[slot] = key << 24 | UInt64(tokens.count)
                node = UInt64(tokens.count)
                tokens.append(-1)
                if tokens.count * 3 > cells.count * 2 { grow() }
            } else {
                node = cells[slot] & 0xFF_FFFF
            }
        }
        tokens[Int(node)] = token
        return true
    }

    private mutating func grow() {
        let old = cells
        shift -= 1
        cells = Array(repeating: ByteTrie.empty, count: old.count * 2)
        for cell in old where cell != ByteTrie.empty {
            var slot = ByteTrie.slot(cell >> 24, shift)
            while cells[slot] != ByteTrie.empty { slot = (slot + 1) & (cells.count - 1) }
            cells[slot] = cell
        }
    }

    /// Borrows the trie for many walks.
    func withView<Result>(_ body: (View) -> Result) -> Result {
        cells.withUnsafeBufferPointer { cells in
            tokens.withUnsafeBufferPointer { tokens in
                body(
                    View(
                        cells: cells.baseAddress.unsafelyUnwrapped,
                        tokens: tokens.baseAddress.unsafelyUnwrapped, shift: shift,
                        mask: cells.count - 1))
            }
        }
    }

    /// A borrowed trie. A walk begins at node 0.
    struct View {
        let cells: UnsafePointer<UInt64>
        let tokens: UnsafePointer<Int32>
        let shift: UInt64
        let mask: Int

        /// The child of a node, or -1.
        @inline(__always)
        func child(_ node: Int, _ byte: UInt8) -> Int {
            let key = UInt64(truncatingIfNeeded: node) << 8 | UInt64(byte)
            var slot = ByteTrie.slot(key, shift)
            while true {
                let cell = cells[slot]
                if cell >> 24 == key { return Int(truncatingIfNeeded: cell & 0xFF_FFFF) }
                if cell == ByteTrie.empty { return -1 }
                slot = (slot &+ 1) & mask
            }
        }

        @inline(__always)
        func token(_ node: Int) -> Int32 { tokens[node] }
    }
}
