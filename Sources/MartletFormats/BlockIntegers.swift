/// Matrices stored as 8-bit integers with a scale for each block; knows no model.

import MartletKernels

/// The scales of a matrix of 8-bit integers: NAME (I8) stands with NAME.scale (F16), one scale for every 32
/// columns of a row. An element is its integer times its block's scale.
package struct BlockIntegers: Sendable {
    /// Columns that share a scale.
    package static let blockLength = 32

    let file: MappedFile
    private let range: Range<Int>
    private let columns: Int

    private static func scaleName(_ name: String) -> String { name + ".scale" }

    private static func scaleShape(_ shape: [Int]) -> [Int] {
        shape.dropLast() + [((shape.last ?? 0) + blockLength - 1) / blockLength]
    }

    /// Checks that `scale` belongs to `entry`.
    ///
    /// - Throws: ``FormatError`` when it has another shape or type.
    private init(_ entry: TensorEntry, scale: TensorEntry) throws(FormatError) {
        try scale.check(shape: Self.scaleShape(entry.shape), dtypes: [.f16])
        file = scale.file
        range = scale.range
        columns = entry.shape.last ?? 1
    }

    /// Lets the pages of the scales go.
    func releaseResident() { file.releaseResident(range) }

    /// Floats from integers.
    ///
    /// - Parameter first: the row-major place of the first element, which decides its block.
    func copy(
        _ integers: UnsafeRawBufferPointer, first: Int, into out: UnsafeMutableBufferPointer<Float>
    ) {
        let scales = UnsafeRawBufferPointer(rebasing: file.bytes[range])
        let blocks = (columns + Self.blockLength - 1) / Self.blockLength
        var done = 0
        while done < integers.count {
            let (row, column) = (first + done).quotientAndRemainder(dividingBy: columns)
            let block = column / Self.blockLength
            let bits = scales.loadUnaligned(
                fromByteOffset: 2 * (row * blocks + block), as: UInt16.self)
            let scale = TensorEntry.float(halfBits: UInt16(littleEndian: bits))
            let end =
                done
                + min(min((block + 1) * Self.blockLength, columns) - column, integers.count - done)
            for index in done..<end {
                out[index] = scale * Float(Int8(bitPattern: integers[index]))
            }
            done = end
        }
    }

    /// The entry with its scales, if it is one of integers that has some.
    static func attached(
        to entry: TensorEntry, find: (String) -> TensorEntry?
    ) throws(FormatError) -> TensorEntry {
        guard entry.dtype == .i8, !entry.shape.isEmpty, let scale = find(scaleName(entry.name))
        else { return entry }
        var entry = entry
        entry.blocks = try BlockIntegers(entry, scale: scale)
        return entry
    }

    /// A matrix as integers and scales, two tensors to write.
    ///
    /// A scale is the least half that is at least a 127th of the block's largest magnitude, so no integer is
    /// clipped and an element is off by at most half its scale.
    package static func tensors(
        name: String, shape: [Int], values: UnsafeBufferPointer<Float>
    ) -> [TensorToWrite] {
        let columns = shape.last ?? 1
        let rows = columns == 0 ? 0 : values.count / columns
        let blocks = (columns + blockLength - 1) / blockLength
        var integers = [UInt8](repeating: 0, count: values.count)
        var scales = [UInt8]()
        scales.reserveCapacity(2 * rows * blocks)
        for row in 0..<rows {
            for block in 0..<blocks {
                let start = row * columns + block * blockLength
                let end = min(start + blockLength, (row + 1) * columns)
                let largest = values[start..<end].reduce(Float(0)) { max($0, abs($1)) }
                var scale = Half(largest / 127)
                if scale.float * 127 < largest { scale = Half(bits: scale.bits + 1) }
                scales.append(UInt8(truncatingIfNeeded: scale.bits))
                scales.append(UInt8(truncatingIfNeeded: scale.bits >> 8))
                guard scale.float > 0, scale.float.isFinite else { continue }
                for index in start..<end {
                    let integer = (values[index] / scale.float).rounded(.toNearestOrEven)
                    integers[index] = UInt8(bitPattern: Int8(max(-127, min(127, integer))))
                }
            }
        }
        return [
            TensorToWrite(name: name, dtype: .i8, shape: shape, bytes: integers),
            TensorToWrite(
                name: scaleName(name), dtype: .f16, shape: scaleShape(shape), bytes: scales),
        ]
    }
}
