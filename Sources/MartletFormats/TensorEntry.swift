/// One stored tensor: its name, type and shape, and where its bytes lie in a mapped file.

public import MartletKernels

/// A tensor in a weight file, checked when the file was opened: its bytes are inside the file and
/// fit its shape.
public struct TensorEntry: Sendable {
    /// The name in the file.
    public let name: String
    /// The element type.
    public let dtype: DType
    /// The lengths of the dimensions, slowest first; empty for a single number.
    public let shape: [Int]
    /// The file that holds it; the entry keeps it mapped.
    public let file: MappedFile
    /// Byte offsets in the file.
    public let range: Range<Int>
    /// What makes numbers of 8-bit integers, when they have scales.
    var blocks: BlockIntegers?
    /// How quantised weights lie in the bytes, which then are of type U8; nil for plain numbers.
    public internal(set) var stored: StoredBlocks?
    /// What makes numbers of the codes of a quantised matrix, whose first tensor the bytes are; of type U8 then.
    package internal(set) var grouped: GroupedWeights?
    /// How the rows follow one another.
    package var rowOrder: RowOrder?
    /// Added to each stored number, where formats store weights about different centres.
    package var term: Float = 0
    /// How far apart elements lie that do not follow one another; nil where they do.
    package internal(set) var strides: ElementStrides?
    /// Where the scales of blocks lie that are stored apart from their codes.
    var split: SplitBlocks?
    /// What an adapter adds to the elements.
    var update: LowRankUpdate?

    init(name: String, dtype: DType, shape: [Int], file: MappedFile, range: Range<Int>) {
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.file = file
        self.range = range
    }

    /// Whether an adapter adds to its elements.
    package var isAdapted: Bool { update != nil }

    /// Whether its rows lie as they are, so that a part of them can stand for itself.
    package var isWhole: Bool {
        blocks == nil && grouped == nil && update == nil && rowOrder == nil && strides == nil
            && split == nil
    }

    /// Whether its bytes are all that it says: no scales and no adapter belong to them.
    package var isPlain: Bool {
        holdsNumbers && rowOrder == nil && strides == nil
    }

    /// Whether its elements are numbers that are stored as they are, in whichever order of rows.
    package var holdsNumbers: Bool {
        blocks == nil && update == nil && stored == nil && grouped == nil && term == 0
    }

    /// The number of elements: the product of the shape.
    public var elementCount: Int {
        if let grouped { return grouped.rows * grouped.columns }
        if strides != nil || split != nil { return shape.reduce(1, *) }
        return stored.map { range.count / $0.byteCount * $0.columns } ?? range.count
            / dtype.byteCount
    }

    /// The number of stored bytes.
    public var byteCount: Int {
        if strides != nil { return elementCount * dtype.byteCount }
        if let stored, split != nil { return elementCount / stored.columns * stored.byteCount }
        return range.count + (grouped?.parts.reduce(0) { $0 + $1.range.count } ?? 0)
    }

    /// The stored little-endian bytes, valid while this entry or its file lives.
    ///
    /// The address need not be a multiple of the element's size: files may pack tensors without
    /// padding.
    public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: file.bytes[range])
    }

    /// Throws when a file that holds it was cut short or written since it was opened; see ``MappedFile/checkIntact()``.
    public func checkIntact() throws(FormatError) {
        try file.checkIntact()
        if let scales = blocks?.file, scales !== file { try scales.checkIntact() }
        for part in grouped?.parts ?? [] where part.file !== file { try part.file.checkIntact() }
        if let split, split.file !== file { try split.file.checkIntact() }
    }

    /// Lets the pages of this tensor go; see ``MappedFile/releaseResident(_:)``.
    public func releaseResident() {
        file.releaseResident(range)
        blocks?.releaseResident()
        for part in grouped?.parts ?? [] { part.file.releaseResident(part.range) }
        if let split { split.file.releaseResident(split.scales) }
    }

    /// Throws unless the tensor has this shape, one of these types and at least one element. Integers with
    /// scales, and blocks, pass where F32 does.
    ///
    /// - Throws: ``FormatError/shapeMismatch(file:tensor:got:expected:)``,
    ///   ``FormatError/dtypeMismatch(file:tensor:got:expected:)`` or
    ///   ``FormatError/emptyTensor(file:tensor:shape:)``.
    public func check(
        shape expected: [Int]? = nil, dtypes: [DType] = TensorEntry.floatTypes
    ) throws(FormatError) {
        let isScaled = blocks != nil || stored != nil || grouped != nil
        guard dtypes.contains(dtype) || (isScaled && dtypes.contains(.f32)) else {
            throw FormatError.dtypeMismatch(
                file: file.path, tensor: name, got: dtype, expected: dtypes)
        }
        if let expected, expected != shape {
            throw FormatError.shapeMismatch(
                file: file.path, tensor: name, got: shape, expected: expected)
        }
        guard !range.isEmpty else {
            throw FormatError.emptyTensor(file: file.path, tensor: name, shape: shape)
        }
    }

    /// The same tensor under another name, with its rows in another order and `term` added to each number.
    ///
    /// - Parameter shape: another shape of as many elements; nil for its own.
    package func renamed(
        _ name: String, shape: [Int]? = nil, rowOrder: RowOrder?, term: Float = 0
    ) -> TensorEntry {
        precondition(
            shape.map { $0.reduce(1, *) == self.shape.reduce(1, *) } ?? true,
            "renamed: \(self.name) of shape \(self.shape) as \(shape ?? [])")
        var entry = TensorEntry(
            name: name, dtype: dtype, shape: shape ?? self.shape, file: file, range: range)
        entry.stored = stored
        entry.blocks = blocks
        entry.grouped = grouped
        entry.update = update
        entry.strides = strides
        entry.split = split
        entry.rowOrder = rowOrder
        entry.term = term
        return entry
    }

    /// The name of its element type, or of its blocks.
    public var typeName: String { stored?.description ?? grouped?.name ?? dtype.rawValue }

    /// Where the blocks of a row begin, in the order that ``rowOrder`` says: rows are those of the last dimension.
    ///
    /// - Parameter room: as many bytes as a row's blocks have, to which they are brought where the file has them in parts.
    package func rowStart(
        _ row: Int, room: UnsafeMutablePointer<UInt8>
    ) -> UnsafePointer<UInt8>? {
        let place = rowOrder?.stored(row) ?? row
        if let split {
            split.copy(row: place, codes: bytes, into: room)
            return UnsafePointer(room)
        }
        let width = range.count / max(1, elementCount / max(1, shape.last ?? 1))
        return bytes.baseAddress.map {
            ($0 + place * width).assumingMemoryBound(to: UInt8.self)
        }
    }

    /// The types that ``copyFloats(of:into:)`` converts.
    public static let floatTypes: [DType] = [.f32, .f16, .bf16]
}

/// In which order a file has the rows of a matrix, or the elements of a vector.
package enum RowOrder: Sendable, Hashable {
    /// The halves of what turns of each head, the first `turned` of its rows, are interleaved: row 0, row t / 2, row 1,
    /// row t / 2 + 1 and so on. Formats whose rotary positions turn neighbours store queries and keys so; here positions
    /// turn a row of the first half with one of the second.
    case interleaved(headRows: Int, turned: Int)
    /// The parts of each head one after another, where all heads' first parts come first here, then all second ones.
    case byHead(heads: Int, parts: Int, headRows: Int)

    /// Interleaved heads of an even number of rows, all of which turn.
    package init(headRows: Int) { self = .interleaved(headRows: headRows, turned: headRows) }

    /// The row that the file has at a place: the inverse of ``stored(_:)``.
    package func row(storedAt place: Int) -> Int {
        switch self {
        case .byHead(let heads, let parts, let rows):
            return RowOrder.byHead(heads: parts, parts: heads, headRows: rows).stored(place)
        case .interleaved(let headRows, let turned):
            let (head, row) = place.quotientAndRemainder(dividingBy: headRows)
            guard row < turned else { return place }
            return head * headRows + row / 2 + (row % 2 == 0 ? 0 : turned / 2)
        }
    }

    /// Where the file has a row.
    package func stored(_ row: Int) -> Int {
        switch self {
        case .byHead(let heads, let parts, let rows):
            let (block, place) = row.quotientAndRemainder(dividingBy: rows)
            let (part, head) = block.quotientAndRemainder(dividingBy: heads)
            return (head * parts + part) * rows + place
        case .interleaved(let headRows, let turned):
            let (head, place) = row.quotientAndRemainder(dividingBy: headRows)
            guard place < turned else { return row }
            let half = turned / 2
            return head * headRows + (place < half ? 2 * place : 2 * (place - half) + 1)
        }
    }
}
