// The bytes of packed weights.

extension Reference {
    /// Bytes of a panel of 16 channels.
    package static func panelBytes(_ type: WeightType, columns: Int) -> Int {
        switch type {
        case .f32: columns * 16 * 4
        case .bf16: (columns + 1) / 2 * 2 * 16 * 2
        case .q8: (columns + 31) / 32 * (16 * 2 + 16 * 32)
        case .q4: (columns + 31) / 32 * (16 * 2 + 16 * 16)
        }
    }

    /// The weight of input `column` and channel `lane` of a panel.
    ///
    /// - f32: `[column][16]`.
    /// - bf16: `[column / 2][16][2]`.
    /// - q8: blocks of 32 inputs: 16 scales (f16), then `[8][16][4]` of value + 128.
    /// - q4: blocks of 32 inputs: 16 scales (f16), then `[4][16][4]` of value + 8, whose low nibbles
    ///   are the even groups of four inputs and whose high nibbles are the odd ones.
    package static func weight(
        _ type: WeightType, panel: UnsafeRawBufferPointer, lane: Int, column: Int
    ) -> Float {
        func half(_ offset: Int) -> UInt16 {
            panel.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
        }
        switch type {
        case .f32:
            return panel.loadUnaligned(fromByteOffset: (column * 16 + lane) * 4, as: Float.self)
        case .bf16:
            return bfloat(half((column / 2 * 32 + lane * 2 + column % 2) * 2))
        case .q8:
            let block = column / 32 * 544
            let group = column % 32 / 4
            let byte = panel[block + 32 + group * 64 + lane * 4 + column % 4]
            return Reference.half(half(block + lane * 2)) * Float(Int(byte) - 128)
        case .q4:
            let block = column / 32 * 288
            let group = column % 32 / 4
            let byte = panel[block + 32 + group / 2 * 64 + lane * 4 + column % 4]
            let nibble = group % 2 == 0 ? byte & 15 : byte >> 4
            return Reference.half(half(block + lane * 2)) * Float(Int(nibble) - 8)
        }
    }
}
