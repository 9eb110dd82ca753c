/// Weights that a file stores as codes with a scale, and a zero point, for each group of inputs; knows no format's names.

package import MartletKernels

/// The bytes of a stored tensor that others make numbers of; its shape was checked.
struct StoredPart: Sendable {
    let file: MappedFile
    let range: Range<Int>
    let dtype: DType
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: file.bytes[range]) }
}

/// The numbers behind one quantised matrix `[rows][columns]`: a weight is its group's scale times what its code stands
/// for, an integer less the group's zero point or a float of 8 bits. Immutable.
package final class GroupedWeights: Sendable {
    /// What codes are.
    enum Codes: Sendable {
        /// Integers packed into words.
        case integers(PackedIntegers)
        /// Signed bytes, row after row.
        case bytes(StoredPart)
        /// Floats of 8 bits (E4M3), row after row.
        case floats(StoredPart)
    }

    /// What is subtracted from integers.
    enum ZeroPoints: Sendable {
        case constant(UInt8)
        case integers(PackedIntegers)
        /// Signed bytes, of each row's groups, to which half the range of codes is added.
        case bytes(StoredPart)
    }

    /// The format and the bits, as output names them.
    package let name: String
    let rows: Int
    let columns: Int
    let bits: Int
    let codes: Codes
    let zeroPoints: ZeroPoints
    let scales: ScaleGrid
    /// Consecutive columns of a group.
    let groupColumns: Int
    /// The group of each column, where groups are not consecutive columns.
    let groupOfColumn: [Int32]?
    private var groupCount: Int { (columns + groupColumns - 1) / groupColumns }

    init(
        name: String, rows: Int, columns: Int, bits: Int, codes: Codes, zeroPoints: ZeroPoints,
        scales: ScaleGrid, groupColumns: Int, groupOfColumn: [Int32]? = nil
    ) {
        self.name = name
        self.rows = rows
        self.columns = columns
        self.bits = bits
        self.codes = codes
        self.zeroPoints = zeroPoints
        self.scales = scales
        self.groupColumns = groupColumns
        self.groupOfColumn = groupOfColumn
    }

    /// The stored tensors besides the codes.
    var parts: [StoredPart] {
        switch zeroPoints {
        case .constant: [scales.entry]
        case .integers(let integers): [scales.entry, integers.entry]
        case .bytes(let entry): [scales.entry, entry]
        }
    }

    /// What panels that hold these numbers exactly are packed as; nil where no layout has such groups.
    package var weightType: WeightType? {
        guard groupOfColumn == nil else { return nil }
        let candidates: [WeightType] =
            switch (codes, bits) {
            case (.floats, _): [.fp8]
            case (_, 4): [.int4, .int4x32]
            default: [.wide]
            }
        return candidates.first {
            groupColumns >= columns || groupColumns % ($0.groupColumns ?? 1) == 0
        }
    }

    /// The group of a column.
    private func group(_ column: Int) -> Int {
        groupOfColumn.map { Int($0[column]) } ?? column / groupColumns
    }

    private func zeroPoint(_ row: Int, _ group: Int) -> UInt8 {
        switch zeroPoints {
        case .constant(let value): value
        case .integers(let integers): integers.value(row, group)
        case .bytes(let entry): entry.bytes[row * groupCount + group] &+ UInt8(1 << (bits - 1))
        }
    }

    /// Writes the codes of a row; integers from zero on.
    private func copyCodes(_ row: Int, _ out: UnsafeMutablePointer<UInt8>) {
        switch codes {
        case .integers(let integers): integers.copyRow(row, count: columns, out)
        case .floats(let entry), .bytes(let entry):
            let bytes = entry.bytes
            let start = row * columns
            if case .floats = codes {
                for column in 0..<columns { out[column] = bytes[start + column] }
            } else {
                for column in 0..<columns { out[column] = bytes[start + column] ^ 0x80 }
            }
        }
    }

    /// Writes rows as panels take them, each group as often as a panel's groups need it.
    package func copy(rows: Range<Int>, groupColumns width: Int, into out: GroupedRows) {
        for (place, row) in rows.enumerated() {
            let to = out.from(place)
            copyCodes(row, to.codes)
            for group in 0..<to.groups {
                let own = min(group * width, columns - 1) / groupColumns
                to.scales[group] = scales.value(row, own)
                to.zeros[group] = zeroPoint(row, own)
            }
        }
    }

    private static let e4m3 = (0...255).map { Reference.e4m3(UInt8($0)) }

    /// Floats of the elements, each product rounded once.
    func copyFloats(of elements: Range<Int>, into out: UnsafeMutableBufferPointer<Float>) {
        guard columns > 0 else { return }
        let isFloat = if case .floats = codes { true } else { false }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: columns) { line in
            guard let codes = line.baseAddress else { return }
            elements.forEachRow(of: columns) { row, part, done in
                copyCodes(row, codes)
                var (last, scale, zero) = (-1, Float(0), Float(0))
                var place = done
                for column in part {
                    let group = group(column)
                    if group != last {
                        (last, scale) = (group, scales.value(row, group))
                        zero = Float(zeroPoint(row, group))
                    }
                    let code = codes[column]
                    out[place] = scale * (isFloat ? Self.e4m3[Int(code)] : Float(code) - zero)
                    place += 1
                }
            }
        }
    }
}

/// Integers of 4 or 8 bits, several in each little-endian word of 32.
struct PackedIntegers: Sendable {
    let entry: StoredPart
    let bits: Int
    /// Whether the integers of a word belong to consecutive rows; to consecutive columns else.
    let isAlongRows: Bool
    /// Words from a row, and a column, to the next; of whole words along the direction of packing.
    let rowStride: Int
    let columnStride: Int
    /// Which of a word's places each integer has.
    var places = [0, 1, 2, 3, 4, 5, 6, 7]
    /// What is added to each word as it is read.
    var term: UInt32 = 0

    private var count: Int { 32 / bits }

    private func word(_ index: Int) -> UInt32 {
        UInt32(littleEndian: entry.bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
            &+ term
    }

    func value(_ row: Int, _ column: Int) -> UInt8 {
        let (along, across) = isAlongRows ? (row, column) : (column, row)
        let (word, place) = along.quotientAndRemainder(dividingBy: count)
        let index =
            isAlongRows
            ? word * rowStride + across * columnStride : across * rowStride + word * columnStride
        let shift = places[place] * bits
        return UInt8(truncatingIfNeeded: self.word(index) >> UInt32(shift) & (1 << bits - 1))
    }

    /// Writes `columns` integers of a row.
    func copyRow(_ row: Int, count columns: Int, _ out: UnsafeMutablePointer<UInt8>) {
        let mask: UInt32 = bits == 4 ? 15 : 255
        if isAlongRows {
            let first = row / count * rowStride
            let shift = UInt32(places[row % count] * bits)
            for column in 0..<columns {
                out[column] = UInt8(
                    truncatingIfNeeded: word(first &+ column &* columnStride) >> shift & mask)
            }
            return
        }
        var column = 0
        while column < columns {
            let word = word(row &* rowStride &+ column / count &* columnStride)
            for place in 0..<min(count, columns - column) {
                out[column &+ place] = UInt8(
                    truncatingIfNeeded: word >> UInt32(places[place] &* bits) & mask)
            }
            column += count
        }
    }
}

/// One scale for each block of rows and each group of columns.
struct ScaleGrid: Sendable {
    /// F32, F16 or BF16.
    let entry: StoredPart
    /// Rows that share scales.
    let rowBlock: Int
    /// Scales from a block of rows, and a group, to the next; 0 where all share one.
    let rowStride: Int
    let groupStride: Int

    func value(_ row: Int, _ group: Int) -> Float {
        let index = row / rowBlock * rowStride + group * groupStride
        let bytes = entry.bytes
        switch entry.dtype {
        case .f32:
            return Float(
                bitPattern: UInt32(
                    littleEndian: bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)))
        case .bf16:
            let bits = UInt16(
                littleEndian: bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
            return Float(bitPattern: UInt32(bits) << 16)
        default:
            let bits = UInt16(
                littleEndian: bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
            return Half(bits: bits).float
        }
    }
}
