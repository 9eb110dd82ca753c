/// A keyed hash of bytes: who does not know the key cannot find two inputs with the same result.

/// SipHash-2-4 (Aumasson, Bernstein 2012), with a result of 64 bits.
package struct KeyedHash: Sendable {
    private let key: (low: UInt64, high: UInt64)

    /// Hashes under a key of 128 bits.
    package init(key low: UInt64, _ high: UInt64) { key = (low, high) }

    /// Hashes under a key that nobody knows.
    package init() {
        var random = SystemRandomNumberGenerator()
        self.init(key: random.next(), random.next())
    }

    /// The hash of a list of words, which stands for their bytes in little-endian order.
    package func callAsFunction(_ words: some Sequence<UInt64>) -> UInt64 {
        var state = State(key.low, key.high)
        var count: UInt64 = 0
        for word in words {
            state.absorb(word)
            count &+= 1
        }
        return state.finish((count &* 8) << 56)
    }

    /// The hash of bytes whose number is a multiple of 8.
    func callAsFunction(words bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.withUnsafeBytes { bytes in
            self(
                (0..<bytes.count / 8).lazy.map {
                    UInt64(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self))
                })
        }
    }

    /// The hash of bytes.
    package func callAsFunction(_ bytes: [UInt8]) -> UInt64 {
        var state = State(key.low, key.high)
        var word: UInt64 = 0
        for (index, byte) in bytes.enumerated() {
            word |= UInt64(byte) << (8 * UInt64(index % 8))
            if index % 8 == 7 {
                state.absorb(word)
                word = 0
            }
        }
        return state.finish(word | UInt64(bytes.count & 0xFF) << 56)
    }

    private struct State {
        var v0, v1, v2, v3: UInt64

        init(_ low: UInt64, _ high: UInt64) {
            v0 = low ^ 0x736F_6D65_7073_6575
            v1 = high ^ 0x646F_7261_6E64_6F6D
            v2 = low ^ 0x6C79_6765_6E65_7261
            v3 = high ^ 0x7465_6462_7974_6573
        }

        mutating func absorb(_ word: UInt64) {
            v3 ^= word
            mix()
            mix()
            v0 ^= word
        }

        mutating func finish(_ last: UInt64) -> UInt64 {
            absorb(last)
            v2 ^= 0xFF
            for _ in 0..<4 { mix() }
            return v0 ^ v1 ^ v2 ^ v3
        }

        private mutating func mix() {
            v0 &+= v1
            v1 = Self.rotated(v1, 13) ^ v0
            v0 = Self.rotated(v0, 32)
            v2 &+= v3
            v3 = Self.rotated(v3, 16) ^ v2
            v0 &+= v3
            v3 = Self.rotated(v3, 21) ^ v0
            v2 &+= v1
            v1 = Self.rotated(v1, 17) ^ v2
            v2 = Self.rotated(v2, 32)
        }

        private static func rotated(_ word: UInt64, _ bits: UInt64) -> UInt64 {
            word << bits | word >> (64 - bits)
        }
    }
}
