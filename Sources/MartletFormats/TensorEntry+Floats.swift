/// Stored elements as `Float`, converted by bits in plain Swift.
///
/// `Float(Float16)` calls a library routine for each element, and `Float16` does not exist
/// everywhere.

import MartletKernels

extension TensorEntry {
    /// Converts the elements in `elements` (row-major positions) to floats; exact for every value
    /// of the three types; integers with scales are rounded once, and so are blocks.
    ///
    /// - Parameters:
    ///   - elements: positions inside `0..<elementCount`; all of them when nil. Whoever reads a tensor by parts calls
    ///     ``checkIntact()`` after the last.
    ///   - destination: as many floats as there are elements.
    /// - Throws: ``FormatError/dtypeMismatch(file:tensor:got:expected:)`` unless the type is F32,
    ///   F16 or BF16, or I8 with scales; when all were read, ``FormatError/inputOutput(path:operation:reason:)`` for a
    ///   file that was changed meanwhile.
    public func copyFloats(
        of elements: Range<Int>? = nil, into destination: UnsafeMutableBufferPointer<Float>
    ) throws(FormatError) {
        let isWhole = elements == nil
        let elements = elements ?? 0..<elementCount
        precondition(
            elements.lowerBound >= 0 && elements.upperBound <= elementCount,
            "copyFloats of \(name): got elements \(elements), expected inside 0..<\(elementCount)")
        precondition(
            destination.count == elements.count,
            "copyFloats of \(name): got room for \(destination.count), expected \(elements.count)")
        try checkIsFloat()
        if let update {
            var entry = self
            entry.update = nil
            try entry.copyFloats(of: elements, into: destination)
            update.add(to: destination, first: elements.lowerBound)
            if isWhole { try checkIntact() }
            return
        }
        if term != 0 {
            var entry = self
            entry.term = 0
            try entry.copyFloats(of: elements, into: destination)
            for index in destination.indices { destination[index] += term }
            if isWhole { try checkIntact() }
            return
        }
        if let rowOrder {
            var entry = self
            entry.rowOrder = nil
            // A vector's elements are its rows.
            let width = shape.count > 1 ? shape.last ?? 1 : 1
            try elements.forEachRow(of: width) { (row, columns, done) throws(FormatError) in
                let start = rowOrder.stored(row) * width + columns.lowerBound
                try entry.copyFloats(
                    of: start..<start + columns.count,
                    into: UnsafeMutableBufferPointer(
                        rebasing: destination[done..<done + columns.count]))
            }
            if isWhole { try checkIntact() }
            return
        }
        if let grouped {
            withExtendedLifetime(file) { grouped.copyFloats(of: elements, into: destination) }
            if isWhole { try checkIntact() }
            return
        }
        if let strides {
            gather(elements, strides, into: destination)
            if isWhole { try checkIntact() }
            return
        }
        if let stored, split != nil {
            copyRows(elements, of: stored, into: destination)
            if isWhole { try checkIntact() }
            return
        }
        if let stored {
            withExtendedLifetime(file) { stored.read(elements, of: bytes, into: destination) }
            if isWhole { try checkIntact() }
            return
        }
        let size = dtype.byteCount
        let source = UnsafeRawBufferPointer(
            rebasing: bytes[elements.lowerBound * size..<elements.upperBound * size])
        withExtendedLifetime(file) {
            if let blocks {
                return blocks.copy(source, first: elements.lowerBound, into: destination)
            }
            switch dtype {
            case .f32:
                UnsafeMutableRawBufferPointer(destination).copyMemory(from: source)
            case .bf16:
                for index in 0..<destination.count {
                    let bits = source.loadUnaligned(fromByteOffset: index &* 2, as: UInt16.self)
                    destination[index] = Float(bitPattern: UInt32(bits) << 16)
                }
            default:
                for index in 0..<destination.count {
                    let bits = source.loadUnaligned(fromByteOffset: index &* 2, as: UInt16.self)
                    destination[index] = TensorEntry.float(halfBits: bits)
                }
            }
        }
        if isWhole { try checkIntact() }
    }

    /// Converts elements that lie apart.
    private func gather(
        _ elements: Range<Int>, _ strides: ElementStrides,
        into destination: UnsafeMutableBufferPointer<Float>
    ) {
        let width = shape.count > 1 ? shape.last ?? 1 : 1
        let (bytes, size) = (bytes, dtype.byteCount)
        withExtendedLifetime(file) {
            var (row, column) = elements.lowerBound.quotientAndRemainder(dividingBy: width)
            for index in destination.indices {
                let offset = (row * strides.row + column * strides.column) * size
                switch dtype {
                case .f32:
                    destination[index] = bytes.loadUnaligned(fromByteOffset: offset, as: Float.self)
                case .bf16:
                    let bits = bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
                    destination[index] = Float(bitPattern: UInt32(bits) << 16)
                default:
                    destination[index] = TensorEntry.float(
                        halfBits: bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
                }
                column += 1
                if column == width { (row, column) = (row + 1, 0) }
            }
        }
    }

    /// Converts elements of blocks that are brought together row by row.
    private func copyRows(
        _ elements: Range<Int>, of stored: StoredBlocks,
        into destination: UnsafeMutableBufferPointer<Float>
    ) {
        let width = shape.last ?? 1
        let size = width / stored.columns * stored.byteCount
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: size) { room in
            guard let base = room.baseAddress else { return }
            elements.forEachRow(of: width) { row, columns, done in
                split?.copy(row: row, codes: bytes, into: base)
                stored.read(
                    columns, of: UnsafeRawBufferPointer(room),
                    into: UnsafeMutableBufferPointer(
                        rebasing: destination[done..<done + columns.count]))
            }
        }
    }

    /// All elements as floats, or one row of the last dimension.
    ///
    /// - Parameter row: which row, counting all leading dimensions as one; the whole tensor when
    ///   nil.
    /// - Throws: ``FormatError/dtypeMismatch(file:tensor:got:expected:)`` unless the type is F32,
    ///   F16 or BF16.
    public func floats(row: Int? = nil) throws(FormatError) -> [Float] {
        try checkIsFloat()
        var elements = 0..<elementCount
        if let row {
            let width = shape.last ?? 1
            precondition(
                row >= 0 && width > 0 && row < elementCount / width,
                "floats of \(name): got row \(row), expected one of shape \(shape)")
            elements = row * width..<(row + 1) * width
        }
        var failure: FormatError?
        let values = [Float](unsafeUninitializedCapacity: elements.count) { buffer, count in
            do throws(FormatError) {
                try copyFloats(
                    of: elements,
                    into: UnsafeMutableBufferPointer(rebasing: buffer[..<elements.count]))
                count = elements.count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        try checkIntact()
        return values
    }

    private func checkIsFloat() throws(FormatError) {
        guard
            TensorEntry.floatTypes.contains(dtype) || blocks != nil || stored != nil
                || grouped != nil
        else {
            throw FormatError.dtypeMismatch(
                file: file.path, tensor: name, got: dtype, expected: TensorEntry.floatTypes)
        }
    }

    /// The value of IEEE 754 half-precision bits; NaNs keep their payload.
    static func float(halfBits bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10) & 0x1F
        let fraction = UInt32(bits & 0x3FF)
        switch exponent {
        case 0:
            // Subnormal: fraction · 2⁻²⁴, exact and without a subnormal float on the way.
            let magnitude = Float(fraction) * 0x1p-24
            return Float(bitPattern: magnitude.bitPattern | sign)
        case 0x1F:
            return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
        default:
            return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }
}
