// How packed weights lie in memory: one row for each type, and whatever needs to know it asks here.

package import CMartletKernels

/// The layout of the weights of one type. A panel is 16 output channels, its lanes; a block of it is some
/// consecutive inputs of all 16: their scales, one after another, then their numbers.
package struct BlockLayout: Sendable {
    /// What a weight is stored as.
    package enum Element: Sendable, Hashable {
        /// A float of 32 bits.
        case float32
        /// The upper half of one.
        case bfloat16
        /// An integer of `bits` bits, stored with half its range added; the weight is it times its block's scale.
        case integer(bits: Int)
    }

    /// The kernels' name of the type.
    package let code: mk_weight
    /// What a weight is stored as.
    package let element: Element
    /// Inputs of a block.
    package let columns: Int
    /// Bytes of one channel's scale in a block; 0 for floats.
    package let scaleBytes: Int
    /// Whether products take activations quantised in blocks of 32.
    package let quantisesActivations: Bool
    /// The weight of a lane and an input of a block.
    private let unpack:
        @Sendable (_ block: UnsafeRawBufferPointer, _ lane: Int, _ column: Int) -> Float

    /// Bits of a weight, without its part of the scale.
    package var bits: Int {
        switch element {
        case .float32: 32
        case .bfloat16: 16
        case .integer(let bits): bits
        }
    }

    /// Bytes of one channel's block.
    package var bytes: Int { scaleBytes + columns * bits / 8 }
    /// Bytes of a block of all 16 channels.
    package var panelBlockBytes: Int { 16 * bytes }

    /// Bytes of a panel.
    package func panelBytes(columns total: Int) -> Int {
        (total + columns - 1) / columns * panelBlockBytes
    }

    /// Bytes of weights, without the padding of incomplete blocks and panels.
    package func bytes(weights: Int) -> Int { weights * bytes / columns }

    /// The weight of input `column` and channel `lane` of a panel: what the kernels must agree with.
    package func weight(panel: UnsafeRawBufferPointer, lane: Int, column: Int) -> Float {
        let start = column / columns * panelBlockBytes
        let block = UnsafeRawBufferPointer(rebasing: panel[start..<start + panelBlockBytes])
        return unpack(block, lane, column % columns)
    }
}

extension WeightType {
    /// Its row of the table.
    package var layout: BlockLayout {
        switch self {
        case .f32: .f32
        case .bf16: .bf16
        case .q8: .q8
        case .q4: .q4
        }
    }
}

extension BlockLayout {
    /// `[16]` floats.
    fileprivate static let f32 = BlockLayout(
        code: .f32, element: .float32, columns: 1, scaleBytes: 0, quantisesActivations: false
    ) { block, lane, _ in block.loadUnaligned(fromByteOffset: lane * 4, as: Float.self) }

    /// `[16][2]` bfloats.
    fileprivate static let bf16 = BlockLayout(
        code: .bf16, element: .bfloat16, columns: 2, scaleBytes: 0, quantisesActivations: false
    ) { block, lane, column in Reference.bfloat(half(block, lane * 2 + column)) }

    /// 16 scales (f16), then `[8][16][4]` of value + 128.
    fileprivate static let q8 = BlockLayout(
        code: .q8, element: .integer(bits: 8), columns: 32, scaleBytes: 2,
        quantisesActivations: true
    ) { block, lane, column in
        let byte = block[32 + column / 4 * 64 + lane * 4 + column % 4]
        return Reference.half(half(block, lane)) * Float(Int(byte) - 128)
    }

    /// 16 scales (f16), then `[4][16][4]` of value + 8, whose low nibbles are the even groups of four inputs and
    /// whose high nibbles are the odd ones.
    fileprivate static let q4 = BlockLayout(
        code: .q4, element: .integer(bits: 4), columns: 32, scaleBytes: 2,
        quantisesActivations: true
    ) { block, lane, column in
        let byte = block[32 + column / 8 * 64 + lane * 4 + column % 4]
        let nibble = column / 4 % 2 == 0 ? byte & 15 : byte >> 4
        return Reference.half(half(block, lane)) * Float(Int(nibble) - 8)
    }

    private static func half(_ block: UnsafeRawBufferPointer, _ index: Int) -> UInt16 {
        block.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)
    }
}
