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
    /// What an adapter adds to the elements.
    var update: LowRankUpdate?

    init(name: String, dtype: DType, shape: [Int], file: MappedFile, range: Range<Int>) {
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.file = file
        self.range = range
    }

    /// Whether its bytes are all that it says: no scales and no adapter belong to them.
    package var isPlain: Bool { blocks == nil && update == nil }

    /// The number of elements: the product of the shape.
    public var elementCount: Int { range.count / dtype.byteCount }

    /// The number of stored bytes.
    public var byteCount: Int { range.count }

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
    }

    /// Lets the pages of this tensor go; see ``MappedFile/releaseResident(_:)``.
    public func releaseResident() {
        file.releaseResident(range)
    }

    /// Throws unless the tensor has this shape, one of these types and at least one element. Integers with
    /// scales pass where F32 does.
    ///
    /// - Throws: ``FormatError/shapeMismatch(file:tensor:got:expected:)``,
    ///   ``FormatError/dtypeMismatch(file:tensor:got:expected:)`` or
    ///   ``FormatError/emptyTensor(file:tensor:shape:)``.
    public func check(
        shape expected: [Int]? = nil, dtypes: [DType] = TensorEntry.floatTypes
    ) throws(FormatError) {
        guard dtypes.contains(dtype) || (blocks != nil && dtypes.contains(.f32)) else {
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

    /// The types that ``copyFloats(of:into:)`` converts.
    public static let floatTypes: [DType] = [.f32, .f16, .bf16]
}
