// The bytes of a page: 16 tokens, keys and values of one KV head.

extension Reference {
    /// Where a page's parts lie.
    ///
    /// Float codecs hold keys `[dimension][16]`, then values `[16][width]`, `width` being the
    /// dimension rounded up to 16. q8 holds keys `[dimension / 4][16][4]` and values
    /// `[4][width][4]` (last index: token) of value + 128, then key and value scales
    /// `[groups][16]` for groups of 64 dimensions. q4 packs two groups of four dimensions (keys) or
    /// tokens (values) into the nibbles of a byte, and each array of scales, now for groups of 32
    /// dimensions of a key and 64 of a value, is followed by its minima.
    package struct PageLayout {
        package let codec: CacheCodec
        package let dimension: Int
        package let width: Int
        package let keyGroup: Int
        package let valueGroup: Int
        package let values: Int
        package let keyScales: Int
        package let valueScales: Int
        package let byteCount: Int

        package init(_ codec: CacheCodec, dimension: Int) {
            func roundUp(_ x: Int, _ multiple: Int) -> Int {
                (x + multiple - 1) / multiple * multiple
            }
            func groups(_ size: Int) -> Int { (dimension + size - 1) / size }
            self.codec = codec
            self.dimension = dimension
            width = roundUp(dimension, 16)
            switch codec {
            case .f32, .f16, .bf16:
                let bytes = codec == .f32 ? 4 : 2
                (keyGroup, valueGroup) = (0, 0)
                values = roundUp(dimension * 16 * bytes, 64)
                (keyScales, valueScales) = (0, 0)
                byteCount = roundUp(values + 16 * width * bytes, 64)
            case .q8:
                (keyGroup, valueGroup) = (64, 64)
                values = roundUp(dimension, 4) * 16
                keyScales = values + 16 * width
                valueScales = keyScales + groups(64) * 16 * 2
                byteCount = roundUp(valueScales + groups(64) * 16 * 2, 64)
            case .q4:
                (keyGroup, valueGroup) = (32, 64)
                values = roundUp(dimension, 8) / 2 * 16
                keyScales = values + 16 * width / 2
                valueScales = keyScales + 2 * groups(32) * 16 * 2
                byteCount = roundUp(valueScales + 2 * groups(64) * 16 * 2, 64)
            }
        }

        /// Dimensions that share a scale; 0 for the float codecs.
        func groupSize(isValue: Bool) -> Int { isValue ? valueGroup : keyGroup }

        /// Scales of one token; 0 for the float codecs.
        func groupCount(isValue: Bool) -> Int {
            let size = groupSize(isValue: isValue)
            return size == 0 ? 0 : (dimension + size - 1) / size
        }

        /// Byte of a quantised element, and whether it is the high nibble (q4).
        func place(isValue: Bool, slot: Int, _ d: Int) -> (offset: Int, isHigh: Bool) {
            switch (codec, isValue) {
            case (.q4, false): (d / 8 * 64 + slot * 4 + d % 4, d / 4 % 2 == 1)
            case (.q4, true): (values + slot / 8 * width * 4 + d * 4 + slot % 4, slot / 4 % 2 == 1)
            case (_, false): (d / 4 * 64 + slot * 4 + d % 4, false)
            case (_, true): (values + slot / 4 * width * 4 + d * 4 + slot % 4, false)
            }
        }

        /// Offset of a float codec's element.
        func floatOffset(isValue: Bool, slot: Int, _ d: Int) -> Int {
            let bytes = codec == .f32 ? 4 : 2
            return isValue ? values + (slot * width + d) * bytes : (d * 16 + slot) * bytes
        }

        /// Offset of a group's scale; the minimum of q4 lies `groups * 32` bytes further.
        func scaleOffset(isValue: Bool, slot: Int, group: Int) -> Int {
            (isValue ? valueScales : keyScales) + (group * 16 + slot) * 2
        }
    }

    /// Half precision saturated at its largest finite values: pages hold no infinities.
    package static func finiteHalfBits(_ x: Float) -> UInt16 {
        halfBits(min(65504, max(-65504, x)))
    }

    /// The integers and f16 numbers that stand for one group of a quantised page.
    package struct PageGroup {
        package var scale: UInt16
        package var minimum: UInt16
        package var quants: [UInt8]
    }

    /// q8: the smallest f16 scale with scale * 127 >= max |x| near max |x| / 127; the integers are
    /// the nearest to x / scale (halves away from zero), stored + 128.
    package static func quantiseQ8(_ x: ArraySlice<Float>) -> PageGroup {
        let largest = x.reduce(0) { max($0, $1.magnitude) }
        var scale = finiteHalfBits(largest / 127)
        if half(scale) * 127 < largest, scale < 0x7BFF { scale += 1 }
        let inverse = half(scale) > 0 ? 1 / half(scale) : 0
        let quants = x.map { value in
            let quant = (value * inverse).rounded(.toNearestOrAwayFromZero)
            return UInt8(min(127, max(-127, quant)) + 128)
        }
        return PageGroup(scale: scale, minimum: 0, quants: quants)
    }

    /// q4: minimum = f16(min x), scale = f16((max x - minimum) / 15), nibble = the integer nearest
    /// to (x - minimum) / scale in 0...15.
    package static func quantiseQ4(_ x: ArraySlice<Float>) -> PageGroup {
        let lowest = x.min() ?? 0
        let highest = x.max() ?? 0
        let minimum = finiteHalfBits(lowest)
        let scale = finiteHalfBits(max(0, highest - half(minimum)) / 15)
        let inverse = half(scale) > 0 ? 1 / half(scale) : 0
        let quants = x.map { value in
            let nearest = ((value - half(minimum)) * inverse + 0.5).rounded(.down)
            return UInt8(min(15, max(0, nearest)))
        }
        return PageGroup(scale: scale, minimum: minimum, quants: quants)
    }

    /// Writes one token's key and value into `page`, leaving every other byte as it is.
    package static func append(
        _ codec: CacheCodec, page: inout [UInt8], dimension: Int, slot: Int, key: [Float],
        value: [Float]
    ) {
        let layout = PageLayout(codec, dimension: dimension)
        func store<T: FixedWidthInteger>(_ bits: T, at offset: Int) {
            withUnsafeBytes(of: bits.littleEndian) { bytes in
                for (i, byte) in bytes.enumerated() { page[offset + i] = byte }
            }
        }
        for (isValue, x) in [(false, key), (true, value)] {
            let (size, groups) = (
                layout.groupSize(isValue: isValue), layout.groupCount(isValue: isValue)
            )
            guard groups > 0 else {
                for d in 0..<dimension {
                    let offset = layout.floatOffset(isValue: isValue, slot: slot, d)
                    switch codec {
                    case .f16: store(finiteHalfBits(x[d]), at: offset)
                    case .bf16: store(bfloatBits(x[d]), at: offset)
                    default: store(x[d].bitPattern, at: offset)
                    }
                }
                continue
            }
            for group in 0..<groups {
                let from = group * size
                let part = x[from..<min(from + size, dimension)]
                let encoded = codec == .q8 ? quantiseQ8(part) : quantiseQ4(part)
                let at = layout.scaleOffset(isValue: isValue, slot: slot, group: group)
                store(encoded.scale, at: at)
                if codec == .q4 { store(encoded.minimum, at: at + groups * 32) }
                for (i, quant) in encoded.quants.enumerated() {
                    let (offset, isHigh) = layout.place(isValue: isValue, slot: slot, from + i)
                    if codec == .q8 {
                        page[offset] = quant
                    } else if isHigh {
                        page[offset] = page[offset] & 15 | quant << 4
                    } else {
                        page[offset] = page[offset] & 0xF0 | quant
                    }
                }
            }
        }
    }

    /// The decoded key and value of one slot.
    package static func read(
        _ codec: CacheCodec, page: [UInt8], dimension: Int, slot: Int
    ) -> (key: [Float], value: [Float]) {
        let layout = PageLayout(codec, dimension: dimension)
        func half16(_ offset: Int) -> UInt16 {
            UInt16(page[offset]) | UInt16(page[offset + 1]) << 8
        }
        func element(_ isValue: Bool, _ d: Int) -> Float {
            let groups = layout.groupCount(isValue: isValue)
            guard groups > 0 else {
                let offset = layout.floatOffset(isValue: isValue, slot: slot, d)
                switch codec {
                case .f16: return half(half16(offset))
                case .bf16: return bfloat(half16(offset))
                default:
                    return Float(
                        bitPattern: UInt32(half16(offset)) | UInt32(half16(offset + 2)) << 16)
                }
            }
            let at = layout.scaleOffset(
                isValue: isValue, slot: slot, group: d / layout.groupSize(isValue: isValue))
            let (offset, isHigh) = layout.place(isValue: isValue, slot: slot, d)
            if codec == .q8 { return half(half16(at)) * Float(Int(page[offset]) - 128) }
            let nibble = isHigh ? page[offset] >> 4 : page[offset] & 15
            return half(half16(at)) * Float(nibble) + half(half16(at + groups * 32))
        }
        return (
            (0..<dimension).map { element(false, $0) }, (0..<dimension).map { element(true, $0) }
        )
    }
}
