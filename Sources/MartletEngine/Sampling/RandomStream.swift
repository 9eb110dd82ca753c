/// Random numbers that are a function of where they are used, so that nothing else can shift them.

/// The random numbers of one chain: Philox4x32-10 (Salmon and others, "Parallel random numbers: as
/// easy as 1, 2, 3", SC 2011), keyed with the seed, with position and chain as the counter.
struct RandomStream: Sendable {
    let seed: UInt64
    let chain: UInt32

    /// A number in 0 ..< 1 with 53 bits, the same for the same seed, chain and position.
    func uniform(at position: Int) -> Double {
        let position = UInt64(truncatingIfNeeded: position)
        let words = Self.philox(
            counter: SIMD4(
                UInt32(truncatingIfNeeded: position), UInt32(truncatingIfNeeded: position >> 32),
                chain, 0),
            key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
        let bits = UInt64(words[0]) << 32 | UInt64(words[1])
        return Double(bits >> 11) * 0x1p-53
    }

    static func philox(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var counter = counter
        var key = key
        for _ in 0..<10 {
            let first = UInt64(counter[0]) &* 0xD251_1F53
            let second = UInt64(counter[2]) &* 0xCD9E_8D57
            counter = SIMD4(
                UInt32(truncatingIfNeeded: second >> 32) ^ counter[1] ^ key[0],
                UInt32(truncatingIfNeeded: second),
                UInt32(truncatingIfNeeded: first >> 32) ^ counter[3] ^ key[1],
                UInt32(truncatingIfNeeded: first))
            key = key &+ SIMD2(0x9E37_79B9, 0xBB67_AE85)
        }
        return counter
    }
}
