/// A safetensors file: eight bytes of header length, a JSON header, and the tensors' bytes without
/// gaps.
///
/// Nothing in the file is believed before it was compared with the file's size.

import MartletKernels
import MartletJSON

/// An open safetensors file, mapped into memory and checked as a whole.
///
/// The checks are those of the format: every tensor's bytes lie in the file, fit its type and
/// shape, and together they fill the rest of the file without holes or overlaps.
package final class SafetensorsFile: Sendable {
    /// The mapped file.
    package let file: MappedFile
    /// The tensors in the order of their bytes in the file.
    package let entries: [TensorEntry]
    /// The strings of the header's `__metadata__`.
    package let metadata: [String: String]
    private let positions: [String: Int]

    /// A longer header is refused, as in the reference implementation.
    package static let maximumHeaderBytes = 100_000_000
    /// Tensors with more dimensions are refused; no framework makes them.
    package static let maximumRank = 64

    static let metadataKey = "__metadata__"

    /// Maps the file at `path` and checks its header.
    ///
    /// - Throws: ``FormatError`` naming the file, the tensor, what was found and what was expected.
    package convenience init(path: String) throws(FormatError) {
        try self.init(file: try MappedFile(path: path))
    }

    /// Checks the header of a mapped file.
    ///
    /// - Throws: ``FormatError`` naming the file, the tensor, what was found and what was expected.
    package init(file: MappedFile) throws(FormatError) {
        let header = try SafetensorsHeader(file: file)
        var positions: [String: Int] = [:]
        positions.reserveCapacity(header.entries.count)
        for (position, entry) in header.entries.enumerated() {
            // The header's keys differ by bytes; here names that only differ in their Unicode form
            // are one.
            guard positions.updateValue(position, forKey: entry.name) == nil else {
                throw FormatError.malformedTensor(
                    file: file.path, tensor: entry.name, field: "name", got: "there twice",
                    expected: "a name of its own")
            }
        }
        self.file = file
        self.entries = header.entries
        self.metadata = header.metadata
        self.positions = positions
    }

    /// The path given when it was opened.
    package var path: String { file.path }

    /// The tensor called `name`; nil when the file has none.
    package subscript(name: String) -> TensorEntry? {
        positions[name].map { entries[$0] }
    }
}

/// The header while it is read; its tensors sorted by their bytes.
struct SafetensorsHeader {
    private(set) var entries: [TensorEntry] = []
    private(set) var metadata: [String: String] = [:]
    private let file: MappedFile
    /// Where the tensors' bytes begin in the file.
    private let dataStart: Int

    /// A header of 100 MB may describe this many values; a million tensors need eight million.
    private static let maximumValues = 8_000_000

    init(file: MappedFile) throws(FormatError) {
        self.file = file
        guard file.count >= 8 else {
            throw FormatError.malformedFile(
                file: file.path, part: "size", got: "\(file.count) bytes",
                expected: "at least the 8 bytes of the header length")
        }
        let length = UInt64(littleEndian: file.bytes.loadUnaligned(as: UInt64.self))
        let limit = min(file.count - 8, SafetensorsFile.maximumHeaderBytes)
        guard length <= UInt64(limit) else {
            throw FormatError.malformedFile(
                file: file.path, part: "header length", got: "\(length)",
                expected: limit == SafetensorsFile.maximumHeaderBytes
                    ? "at most \(limit)" : "at most the \(limit) bytes that follow it")
        }
        self.dataStart = 8 + Int(length)
        let end = dataStart
        let path = file.path
        let result = file.withSpan { (bytes: Span<UInt8>) -> Result<JSONValue, FormatError> in
            let header = bytes.extracting(8..<end)
            guard !header.isEmpty, header[0] == UInt8(ascii: "{") else {
                return .failure(
                    FormatError.malformedFile(
                        file: path, part: "first byte of the header",
                        got: header.isEmpty ? "missing" : "\(header[0])", expected: "'{'"))
            }
            do throws(JSONError) {
                return .success(
                    try JSONValue.parse(
                        header, file: path + " (header)",
                        maximumValues: SafetensorsHeader.maximumValues))
            } catch { return .failure(FormatError(error)) }
        }
        try file.checkIntact()
        let root = try result.get()
        // The first byte was '{'.
        let object = root.objectValue ?? JSONObject()
        entries.reserveCapacity(object.count)
        for member in object.members {
            if member.key == SafetensorsFile.metadataKey {
                try readMetadata(member.value)
            } else {
                entries.append(try readTensor(member.key, member.value))
            }
        }
        try checkLayout()
    }

    private mutating func readMetadata(_ value: JSONValue) throws(FormatError) {
        guard let object = value.objectValue else {
            throw FormatError.malformedFile(
                file: file.path, part: SafetensorsFile.metadataKey, got: value.summary,
                expected: "an object of strings")
        }
        for member in object.members {
            guard let text = member.value.stringValue else {
                throw FormatError.malformedFile(
                    file: file.path, part: "\(quoted(member.key)) of __metadata__",
                    got: member.value.summary, expected: "a string")
            }
            metadata[member.key] = text
        }
    }

    private func readTensor(
        _ name: String, _ value: JSONValue
    ) throws(FormatError) -> TensorEntry {
        func malformed(_ field: String, _ got: String, _ expected: String) -> FormatError {
            .malformedTensor(
                file: file.path, tensor: name, field: field, got: got, expected: expected)
        }
        guard let fields = value.objectValue else {
            throw malformed("entry", value.summary, "an object")
        }
        guard let typeName = fields["dtype"]?.stringValue else {
            throw malformed("dtype", fields["dtype"]?.summary ?? "missing", "a string")
        }
        guard let dtype = DType(rawValue: typeName) else {
            throw FormatError.unsupportedDType(
                file: file.path, tensor: name, got: quoted(typeName))
        }
        let shape = try SafetensorsHeader.shape(fields["shape"], malformed)
        var byteCount = dtype.byteCount
        for length in shape {
            let (product, overflow) = byteCount.multipliedReportingOverflow(by: length)
            guard !overflow else {
                throw malformed("shape", "\(shape)", "a product that fits in 64 bits")
            }
            byteCount = product
        }
        let offsets = fields["data_offsets"]
        guard let pair = offsets?.arrayValue, pair.count == 2,
            case .integer(let begin) = pair[0], case .integer(let end) = pair[1]
        else {
            throw malformed("data_offsets", offsets?.summary ?? "missing", "two integers")
        }
        let available = file.count - dataStart
        guard 0 <= begin, begin <= end, end <= available else {
            throw malformed(
                "data_offsets", "[\(begin), \(end)]",
                "begin <= end, both in 0...\(available) (the bytes after the header)")
        }
        guard end - begin == byteCount else {
            throw malformed(
                "data_offsets", "[\(begin), \(end)] (\(end - begin) bytes)",
                "\(byteCount) bytes for \(dtype.rawValue) of shape \(shape)")
        }
        return TensorEntry(
            name: name, dtype: dtype, shape: shape, file: file,
            range: dataStart + begin..<dataStart + end)
    }

    private static func shape(
        _ value: JSONValue?, _ malformed: (String, String, String) -> FormatError
    ) throws(FormatError) -> [Int] {
        guard let elements = value?.arrayValue else {
            throw malformed("shape", value?.summary ?? "missing", "an array of lengths")
        }
        guard elements.count <= SafetensorsFile.maximumRank else {
            throw malformed(
                "shape", "\(elements.count) dimensions",
                "at most \(SafetensorsFile.maximumRank)")
        }
        var shape: [Int] = []
        for element in elements {
            guard case .integer(let length) = element, length >= 0 else {
                throw malformed("shape", value?.summary ?? "missing", "lengths of 0 or more")
            }
            shape.append(length)
        }
        return shape
    }

    /// Sorts the tensors by their bytes and checks that these fill the file: no holes, no overlaps,
    /// nothing left over.
    private mutating func checkLayout() throws(FormatError) {
        entries.sort {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }
        var end = dataStart
        for entry in entries {
            guard entry.range.lowerBound == end else {
                let relation = entry.range.lowerBound < end ? "an overlap" : "a hole"
                throw FormatError.malformedTensor(
                    file: file.path, tensor: entry.name, field: "data_offsets",
                    got: "\(relation), beginning at \(entry.range.lowerBound - dataStart)",
                    expected: "to begin at \(end - dataStart), where the tensor before it ends")
            }
            end = entry.range.upperBound
        }
        guard end == file.count else {
            throw FormatError.malformedFile(
                file: file.path, part: "size", got: "\(file.count) bytes",
                expected: "\(end) bytes, where the last tensor ends")
        }
    }
}
