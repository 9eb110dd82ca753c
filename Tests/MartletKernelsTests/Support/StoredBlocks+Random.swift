// Random blocks of a GGUF file, with scales of a usual size.

import MartletKernels

extension StoredBlocks {
    /// Where a block's f16 scales stand.
    private var halves: [Int] {
        switch self {
        case .q4_0, .q5_0, .q8_0, .iq4NL, .iq4XS: [0]
        case .q4_1, .q5_1, .q4K, .q5K: [0, 2]
        case .q2K: [80, 82]
        case .q3K: [108]
        case .q6K: [208]
        case .tq2_0: [64]
        case .mxfp4: []
        }
    }

    /// The bytes of `count` blocks.
    func random(_ count: Int, _ random: inout CounterRandom) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<count {
            var block = (0..<byteCount).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            for place in halves {
                let bits = Reference.halfBits(random.signedUnit() * 0.01)
                block[place] = UInt8(truncatingIfNeeded: bits)
                block[place + 1] = UInt8(bits >> 8)
            }
            if self == .mxfp4 { block[0] = UInt8(120 + random.below(8)) }
            bytes += block
        }
        return bytes
    }
}
