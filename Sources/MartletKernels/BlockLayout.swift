// How packed weights lie in memory: one row for each type, and whatever needs to know it asks here.

package import CMartletKernels

/// The layout of the weights of one type. A panel is 16 output channels, its lanes; a block of it is some
/// consecutive inputs of all 16: their scales, one after another, then their numbers. Some types begin a panel with
/// the units that scales are counted in.
package struct BlockLayout: Sendable {
    /// What a weight is stored as.
    package enum Element: Sendable, Hashable {
        /// A float of 32 bits.
        case float32
        /// The upper half of one.
        case bfloat16
        /// A float of 16 bits.
        case float16
        /// An integer of `bits` bits, stored with half its range added; the weight is it times its block's scale.
        case integer(bits: Int)
        /// An integer of `bits` bits from zero on; the weight is it times its block's scale, plus the block's
        /// minimum, which are bytes in units of the channel.
        case ranged(bits: Int)
        /// An integer of `bits` bits as a file stores it, with the file's own scales and minima.
        case stored(bits: Int)
    }

    /// The kernels' name of the type.
    package let code: mk_weight
    /// What a weight is stored as.
    package let element: Element
    /// Inputs of a block.
    package let columns: Int
    /// Bytes of one channel's scale, and minimum, in a block; 0 for floats.
    package let scaleBytes: Int
    /// Bytes at the start of a panel.
    package var headerBytes: Int {
        if case .ranged = element { Int(MK_LANES) * 2 * MemoryLayout<Float>.stride } else { 0 }
    }
    /// Bytes before each group of blocks of a panel.
    package var groupBytes = 0
    /// Blocks of such a group.
    package var groupBlocks = 8
    /// Whether products take activations quantised in blocks of 32.
    package let quantisesActivations: Bool
    /// The weight of a lane and an input of the panel, whose block begins at `start`.
    private let unpack:
        @Sendable (_ panel: UnsafeRawBufferPointer, _ start: Int, _ lane: Int, _ column: Int) ->
            Float

    /// Bits of a weight, without its part of the scale.
    package var bits: Int {
        switch element {
        case .float32: 32
        case .bfloat16, .float16: 16
        case .integer(let bits), .ranged(let bits), .stored(let bits): bits
        }
    }

    /// Bytes of one channel's block.
    package var bytes: Int { scaleBytes + columns * bits / 8 }
    /// Bytes of a block of all 16 channels.
    package var panelBlockBytes: Int { 16 * bytes }

    /// Bytes of a panel.
    package func panelBytes(columns total: Int) -> Int {
        let blocks = (total + columns - 1) / columns
        return headerBytes + blocks * panelBlockBytes + (blocks + groupBlocks - 1) / groupBlocks
            * groupBytes
    }

    /// Bytes of weights, without the padding of incomplete blocks and panels.
    package func bytes(weights: Int) -> Int {
        weights * bytes / columns + weights / (groupBlocks * columns) * groupBytes / 16
    }

    /// The weight of input `column` and channel `lane` of a panel: what the kernels must agree with.
    package func weight(panel: UnsafeRawBufferPointer, lane: Int, column: Int) -> Float {
        let block = column / columns
        return unpack(
            panel, headerBytes + block * panelBlockBytes + (block / groupBlocks + 1) * groupBytes,
            lane,
            column)
    }
}

extension WeightType {
    /// Its row of the table.
    package var layout: BlockLayout {
        switch self {
        case .f32: .f32
        case .bf16: .bf16
        case .q8: .q8
        case .q6: .ranged(.q6, bits: 6)
        case .q5: .ranged(.q5, bits: 5)
        case .q4: .ranged(.q4, bits: 4)
        case .q4Plain: .q4Plain
        case .q41: .pairs(.q4_1, bits: 4)
        case .q50: .q50
        case .q51: .pairs(.q5_1, bits: 5)
        case .q4K: .kQuant(.q4_k, bits: 4)
        case .q5K: .kQuant(.q5_k, bits: 5)
        case .q6K: .q6K
        case .mxfp4: .mxfp4
        case .wide: .wide
        case .f16: .f16
        case .int4: .zeroPoints(.int4, groupBlocks: 4)
        case .int4x32: .zeroPoints(.int4_32, groupBlocks: 1)
        case .fp8: .fp8
        }
    }
}

extension BlockLayout {
    /// `[16]` floats.
    fileprivate static let f32 = BlockLayout(
        code: .f32, element: .float32, columns: 1, scaleBytes: 0, quantisesActivations: false
    ) { panel, start, lane, _ in
        panel.loadUnaligned(fromByteOffset: start + lane * 4, as: Float.self)
    }

    /// `[16][2]` bfloats.
    fileprivate static let bf16 = BlockLayout(
        code: .bf16, element: .bfloat16, columns: 2, scaleBytes: 0, quantisesActivations: false
    ) { panel, start, lane, column in
        Reference.bfloat(half(panel, start, lane * 2 + column % 2))
    }

    /// `[16]` floats of 16 bits.
    fileprivate static let f16 = BlockLayout(
        code: .f16, element: .float16, columns: 1, scaleBytes: 0, quantisesActivations: false
    ) { panel, start, lane, _ in
        Reference.half(half(panel, start, lane))
    }

    /// Before each group of blocks 16 scales (f32) and 16 zero points (bytes); of a block integers from zero on.
    fileprivate static func zeroPoints(_ code: mk_weight, groupBlocks: Int) -> BlockLayout {
        BlockLayout(
            code: code, element: .stored(bits: 4), columns: 32, scaleBytes: 0, groupBytes: 80,
            groupBlocks: groupBlocks, quantisesActivations: true
        ) { panel, start, lane, column in
            let group = start - column / 32 % groupBlocks * 256 - 80
            let scale = panel.loadUnaligned(fromByteOffset: group + lane * 4, as: Float.self)
            let zero = Int(panel[group + 64 + lane])
            return scale * Float(Int(nibble(panel, start, lane, column)) - zero)
        }
    }

    /// Before each 128 inputs 16 scales (f32), then `[16]` floats of 8 bits.
    fileprivate static let fp8 = BlockLayout(
        code: .fp8, element: .stored(bits: 8), columns: 1, scaleBytes: 0, groupBytes: 64,
        groupBlocks: 128, quantisesActivations: false
    ) { panel, start, lane, column in
        let group = start - column % 128 * 16 - 64
        let scale = panel.loadUnaligned(fromByteOffset: group + lane * 4, as: Float.self)
        return scale * Reference.e4m3(panel[start + lane])
    }

    /// 16 scales (f16), then `[8][16][4]` of value + 128.
    fileprivate static let q8 = BlockLayout(
        code: .q8, element: .integer(bits: 8), columns: 32, scaleBytes: 2,
        quantisesActivations: true
    ) { panel, start, lane, column in
        let byte = panel[start + 32 + column % 32 / 4 * 64 + lane * 4 + column % 4]
        return Reference.half(half(panel, start, lane)) * Float(Int(byte) - 128)
    }

    /// 16 scales (f16), then `[4][16][4]` of value + 8, whose low nibbles are the even groups of four inputs and
    /// whose high nibbles are the odd ones.
    fileprivate static let q4Plain = BlockLayout(
        code: .q4Plain, element: .integer(bits: 4), columns: 32, scaleBytes: 2,
        quantisesActivations: true
    ) { panel, start, lane, column in
        let scale = Reference.half(half(panel, start, lane))
        return scale * Float(Int(nibble(panel, start + 32, lane, column)) - 8)
    }

    /// A panel begins with 16 units of scales and 16 units of minima (floats). Of a block: 16 scales (bytes), 16
    /// minima (signed bytes), the integers' low four bits like q4-plain's, and 64 bytes for each higher bit: a byte
    /// has the bits of its eight, or four, groups of four inputs.
    fileprivate static func ranged(_ code: mk_weight, bits: Int) -> BlockLayout {
        BlockLayout(
            code: code, element: .ranged(bits: bits), columns: 32, scaleBytes: 2,
            quantisesActivations: true
        ) { panel, start, lane, column in
            let value = integer(panel, start + 32, lane, column, bits: bits)
            let scale = Float(panel[start + lane])
            let minimum = Float(Int8(bitPattern: panel[start + 16 + lane]))
            let unit = panel.loadUnaligned(fromByteOffset: lane * 4, as: Float.self)
            let least = panel.loadUnaligned(fromByteOffset: 64 + lane * 4, as: Float.self)
            return unit * scale * Float(value) + least * minimum
        }
    }

    /// 16 scales and 16 minima (f16), then integers from zero on, as in ``ranged(_:bits:)``.
    fileprivate static func pairs(_ code: mk_weight, bits: Int) -> BlockLayout {
        BlockLayout(
            code: code, element: .stored(bits: bits), columns: 32, scaleBytes: 4,
            quantisesActivations: true
        ) { panel, start, lane, column in
            let value = integer(panel, start + 64, lane, column, bits: bits)
            let scale = Reference.half(half(panel, start, lane))
            return scale * Float(value) + Reference.half(half(panel, start + 32, lane))
        }
    }

    /// 16 scales (f16), then integers of five bits with 16 added.
    fileprivate static let q50 = BlockLayout(
        code: .q5_0, element: .stored(bits: 5), columns: 32, scaleBytes: 2,
        quantisesActivations: true
    ) { panel, start, lane, column in
        let value = integer(panel, start + 32, lane, column, bits: 5) - 16
        return Reference.half(half(panel, start, lane)) * Float(value)
    }

    /// Before each eight blocks 16 units of scales and 16 of minima (f16). Of a block: 16 scales, 16 minima (bytes, to
    /// be subtracted), integers from zero on.
    fileprivate static func kQuant(_ code: mk_weight, bits: Int) -> BlockLayout {
        BlockLayout(
            code: code, element: .stored(bits: bits), columns: 32, scaleBytes: 2, groupBytes: 64,
            quantisesActivations: true
        ) { panel, start, lane, column in
            let units = start - column % 256 / 32 * (32 * 16 * bits / 8 + 32) - 64
            let value = integer(panel, start + 32, lane, column, bits: bits)
            let scale = Reference.half(half(panel, units, lane)) * Float(panel[start + lane])
            let minimum =
                Reference.half(half(panel, units + 32, lane)) * Float(panel[start + 16 + lane])
            return scale * Float(value) - minimum
        }
    }

    /// Before each eight blocks 16 units (f16). Of a block: 16 scales of its first 16 inputs, 16 of its others (signed
    /// bytes), integers of six bits with 32 added.
    fileprivate static let q6K = BlockLayout(
        code: .q6_k, element: .stored(bits: 6), columns: 32, scaleBytes: 2, groupBytes: 32,
        quantisesActivations: true
    ) { panel, start, lane, column in
        let units = start - column % 256 / 32 * (32 + 384) - 32
        let value = integer(panel, start + 32, lane, column, bits: 6) - 32
        let scale = Int8(bitPattern: panel[start + column % 32 / 16 * 16 + lane])
        return Reference.half(half(panel, units, lane)) * Float(scale) * Float(value)
    }

    /// 16 exponents with 128 added, then places in the table of E2M1's weights, which are doubled.
    fileprivate static let mxfp4 = BlockLayout(
        code: .mxfp4, element: .stored(bits: 4), columns: 32, scaleBytes: 1,
        quantisesActivations: true
    ) { panel, start, lane, column in
        let code = Int(nibble(panel, start + 16, lane, column))
        let magnitude = [0, 1, 2, 3, 4, 6, 8, 12][code & 7]
        let scale = Float(sign: .plus, exponent: Int(panel[start + lane]) - 128, significand: 1)
        return scale * Float(code < 8 ? magnitude : -magnitude)
    }

    /// 16 scales of the first 16 inputs, 16 of the others, their minima likewise (f32), then bytes of value + 128.
    fileprivate static let wide = BlockLayout(
        code: .wide, element: .stored(bits: 8), columns: 32, scaleBytes: 16,
        quantisesActivations: true
    ) { panel, start, lane, column in
        let byte = panel[start + 256 + column % 32 / 4 * 64 + lane * 4 + column % 4]
        let place = start + column % 32 / 16 * 64 + lane * 4
        let scale = panel.loadUnaligned(fromByteOffset: place, as: Float.self)
        let minimum = panel.loadUnaligned(fromByteOffset: place + 128, as: Float.self)
        return scale * Float(Int(byte) - 128) + minimum
    }

    /// An integer of four to six bits whose block's begin at `start`.
    private static func integer(
        _ panel: UnsafeRawBufferPointer, _ start: Int, _ lane: Int, _ column: Int, bits: Int
    ) -> Int {
        let high = bits - 4
        let value = Int(nibble(panel, start, lane, column))
        guard high > 0 else { return value }
        let (group, groups) = (column % 32 / 4, 8 / high)
        let byte = panel[start + 256 + group / groups * 64 + lane * 4 + column % 4]
        return value | (Int(byte) >> (group % groups * high) & (1 << high - 1)) << 4
    }

    private static func nibble(
        _ panel: UnsafeRawBufferPointer, _ start: Int, _ lane: Int, _ column: Int
    ) -> UInt8 {
        let byte = panel[start + column % 32 / 8 * 64 + lane * 4 + column % 4]
        return column / 4 % 2 == 0 ? byte & 15 : byte >> 4
    }

    private static func half(
        _ panel: UnsafeRawBufferPointer, _ start: Int, _ index: Int
    ) -> UInt16 {
        panel.loadUnaligned(fromByteOffset: start + index * 2, as: UInt16.self)
    }
}
