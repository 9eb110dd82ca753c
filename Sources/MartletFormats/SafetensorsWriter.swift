/// Writing safetensors in the layout of the reference implementation, byte for byte.

package import MartletKernels
import MartletJSON

/// A tensor to write: what it is, and a function that delivers its bytes in pieces.
package struct TensorToWrite {
    /// The name in the file.
    package let name: String
    /// The element type.
    package let dtype: DType
    /// The lengths of the dimensions, slowest first.
    package let shape: [Int]
    /// Hands the tensor's little-endian bytes, in order and in pieces of any size, to the function
    /// it is given.
    package let deliver: (_ sink: (UnsafeRawBufferPointer) throws -> Void) throws -> Void

    /// A tensor whose bytes are made while it is written.
    ///
    /// - Parameters:
    ///   - name: the name in the file.
    ///   - dtype: the element type.
    ///   - shape: the lengths of the dimensions, slowest first.
    ///   - deliver: hands exactly the tensor's bytes to the function it is given.
    package init(
        name: String, dtype: DType, shape: [Int],
        deliver: @escaping (_ sink: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) {
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.deliver = deliver
    }

    /// An F32 tensor with these values, row-major.
    package init(name: String, shape: [Int], floats: [Float]) {
        self.init(name: name, dtype: .f32, shape: shape) { sink in
            try floats.withUnsafeBytes(sink)
        }
    }

    /// A tensor with these stored bytes.
    package init(name: String, dtype: DType, shape: [Int], bytes: [UInt8]) {
        self.init(name: name, dtype: dtype, shape: shape) { sink in
            try bytes.withUnsafeBytes(sink)
        }
    }

    /// A copy of a stored tensor, by default under its own name.
    package init(_ entry: TensorEntry, name: String? = nil) {
        self.init(name: name ?? entry.name, dtype: entry.dtype, shape: entry.shape) { sink in
            try withExtendedLifetime(entry.file) {
                // A write of memory that is gone fails with an address, which tells nobody anything.
                do { try sink(entry.bytes) } catch {
                    try entry.checkIntact()
                    throw error
                }
                try entry.checkIntact()
            }
        }
    }
}

/// Writes tensors as one safetensors file.
package enum SafetensorsWriter {
    /// Writes a file at `path` atomically; see ``AtomicFile``.
    ///
    /// Tensors are laid out as the reference implementation does: widest element types first, then
    /// by the bytes of the name, so that every tensor is aligned; the header is padded with spaces
    /// to a multiple of 8 bytes.
    /// - Parameters:
    ///   - tensors: the tensors, with distinct names.
    ///   - metadata: strings for the header's `__metadata__`, which is left out when there are
    ///     none.
    ///   - path: the final name.
    /// - Throws: ``FormatError`` when a name or shape cannot be written, when a source delivers too
    ///   few or too many bytes or when writing fails; or what a source throws.
    package static func write(
        _ tensors: [TensorToWrite], metadata: [(key: String, value: String)] = [],
        to path: String
    ) throws {
        let ordered = tensors.sorted(by: precedes)
        let header = try header(ordered, metadata: metadata, path: path)
        try AtomicFile.write(to: path) { file in
            try write(ordered, header, path: path) { try file.write($0) }
        }
    }

    /// The content of a file of small tensors; throws as writing does, and names it as `path`.
    package static func content(of tensors: [TensorToWrite], path: String) throws -> [UInt8] {
        let ordered = tensors.sorted(by: precedes)
        var content: [UInt8] = []
        try write(ordered, header(ordered, metadata: [], path: path), path: path) {
            content += $0
        }
        return content
    }

    /// Hands a file's bytes to `sink`.
    private static func write(
        _ tensors: [TensorToWrite], _ header: [UInt8], path: String,
        to sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var length = UInt64(header.count).littleEndian
        try withUnsafeBytes(of: &length) { try sink($0) }
        try header.withUnsafeBytes(sink)
        for tensor in tensors {
            let expected = try byteCount(tensor, path: path)
            var delivered = 0
            try tensor.deliver { bytes in
                delivered += bytes.count
                // Checked before it is written, so that a runaway source does not fill the disk.
                guard delivered <= expected else { return }
                try sink(bytes)
            }
            guard delivered == expected else {
                throw FormatError.malformedTensor(
                    file: path, tensor: tensor.name, field: "data to write",
                    got: "\(delivered) bytes",
                    expected: "\(expected) for \(tensor.dtype.rawValue) of shape \(tensor.shape)")
            }
        }
    }

    /// The bytes that a tensor of this type and shape takes.
    static func byteCount(_ tensor: TensorToWrite, path: String) throws(FormatError) -> Int {
        var count = tensor.dtype.byteCount
        for length in tensor.shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: length)
            guard length >= 0, !overflow, tensor.shape.count <= SafetensorsFile.maximumRank else {
                throw FormatError.malformedTensor(
                    file: path, tensor: tensor.name, field: "shape to write",
                    got: "\(tensor.shape)",
                    expected: "at most \(SafetensorsFile.maximumRank) lengths of 0 or more whose "
                        + "product fits in 64 bits")
            }
            count = product
        }
        return count
    }

    /// The reference implementation's order of types, the widest first.
    private static let typeOrder: [DType] = [
        .u64, .i64, .f64, .f32, .u32, .i32, .bf16, .f16, .u16, .i16, .i8, .u8, .f8e4m3, .bool,
    ]

    static func precedes(_ left: TensorToWrite, _ right: TensorToWrite) -> Bool {
        let leftRank = typeOrder.firstIndex(of: left.dtype) ?? 0
        let rightRank = typeOrder.firstIndex(of: right.dtype) ?? 0
        if leftRank != rightRank { return leftRank < rightRank }
        return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }

    private static func header(
        _ tensors: [TensorToWrite], metadata: [(key: String, value: String)], path: String
    ) throws(FormatError) -> [UInt8] {
        var members: [JSONObject.Member] = []
        if !metadata.isEmpty {
            let strings = JSONObject(metadata.map { .init(key: $0.key, value: .string($0.value)) })
            members.append(.init(key: SafetensorsFile.metadataKey, value: .object(strings)))
        }
        var names: Set<String> = []
        var end = 0
        for tensor in tensors {
            guard tensor.name != SafetensorsFile.metadataKey, names.insert(tensor.name).inserted
            else {
                throw FormatError.malformedTensor(
                    file: path, tensor: tensor.name, field: "name to write",
                    got: "reserved or there twice", expected: "a name of its own")
            }
            let begin = end
            let (sum, overflow) = begin.addingReportingOverflow(
                try byteCount(tensor, path: path))
            guard !overflow else {
                throw FormatError.malformedFile(
                    file: path, part: "size to write", got: "more than 64 bits can hold",
                    expected: "less")
            }
            end = sum
            let fields = JSONObject([
                .init(key: "dtype", value: .string(tensor.dtype.rawValue)),
                .init(key: "shape", value: .array(tensor.shape.map { .integer($0) })),
                .init(key: "data_offsets", value: .array([.integer(begin), .integer(end)])),
            ])
            members.append(.init(key: tensor.name, value: .object(fields)))
        }
        var header = JSONValue.object(JSONObject(members)).serialized()
        header += repeatElement(UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
        guard header.count <= SafetensorsFile.maximumHeaderBytes else {
            throw FormatError.malformedFile(
                file: path, part: "header to write", got: "\(header.count) bytes",
                expected: "at most \(SafetensorsFile.maximumHeaderBytes)")
        }
        return header
    }
}
