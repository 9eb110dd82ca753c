/// A GGUF file: a header, metadata, a list of tensors, and their bytes.
///
/// Nothing in the file is believed before it was compared with the file's size. The layout is that of ggml's
/// `docs/gguf.md`, versions 2 and 3, little-endian.

import MartletKernels

/// An open GGUF file, mapped into memory and checked as a whole.
package final class GGUFFile: Sendable {
    /// The mapped file.
    package let file: MappedFile
    /// The version of the format.
    package let version: UInt32
    /// The keys and values in the order of the file.
    package let metadata: [(key: String, value: GGUFValue)]
    /// The tensors in the order of the file, which is that of their bytes.
    package let entries: [TensorEntry]
    /// What the bytes of tensors begin at a multiple of.
    package let alignment: Int
    private let keys: [String: Int]

    private static let magic: [UInt8] = Array("GGUF".utf8)
    /// Tensors have at most so many dimensions, and names so many bytes, as in ggml.
    private static let limits = (dimensions: 4, name: 64)

    /// Maps the file at `path` and checks all that its header says.
    ///
    /// - Throws: ``FormatError`` naming the file, the part, what was found and what was expected.
    package convenience init(path: String) throws(FormatError) {
        try self.init(file: try MappedFile(path: path))
    }

    /// Checks a mapped file.
    ///
    /// - Throws: ``FormatError`` naming the file, the part, what was found and what was expected.
    package init(file: MappedFile) throws(FormatError) {
        let header = try Header(file)
        try file.checkIntact()
        self.file = file
        version = header.version
        metadata = header.metadata
        entries = header.entries
        alignment = header.alignment
        keys = header.keys
    }

    /// The value of a key; nil when the file has none.
    package subscript(key: String) -> GGUFValue? { keys[key].map { metadata[$0].value } }

    /// Whether a file begins as GGUF files do.
    package static func isGGUF(_ path: String) -> Bool {
        guard let file = try? MappedFile(path: path) else { return false }
        return isGGUF(file)
    }

    /// Whether a mapped file begins as GGUF files do.
    static func isGGUF(_ file: MappedFile) -> Bool { file.bytes.starts(with: magic) }

    /// What is read before the tensors' bytes.
    private struct Header {
        var version: UInt32 = 0
        var metadata: [(key: String, value: GGUFValue)] = []
        var keys: [String: Int] = [:]
        var entries: [TensorEntry] = []
        var alignment = 32

        init(_ file: MappedFile) throws(FormatError) {
            var reader = GGUFReader(file)
            let (tensorCount, keyCount) = try readStart(&reader, file)
            for _ in 0..<keyCount {
                let key = try GGUFFile.name(reader.string("a key"), "key", file)
                let type = try reader.type(of: "key \(quoted(key))")
                let value = try reader.value(type, of: "key \(quoted(key))")
                guard keys.updateValue(metadata.count, forKey: key) == nil else {
                    throw .malformedFile(
                        file: file.path, part: "key \(quoted(key))", got: "there twice",
                        expected: "once")
                }
                metadata.append((key, value))
            }
            if let value = keys["general.alignment"].map({ metadata[$0].value }) {
                guard let number = value.int, number > 0, number <= 1 << 20,
                    number & (number - 1) == 0
                else {
                    throw .malformedFile(
                        file: file.path, part: "key 'general.alignment'", got: value.summary,
                        expected: "a power of two")
                }
                alignment = number
            }
            var tensors: [(name: String, type: UInt32, shape: [Int], offset: UInt64)] = []
            tensors.reserveCapacity(tensorCount)
            for _ in 0..<tensorCount { tensors.append(try readTensor(&reader, file)) }
            try place(tensors, after: reader.offset, file)
        }

        private mutating func readStart(
            _ reader: inout GGUFReader, _ file: MappedFile
        ) throws(FormatError) -> (tensors: Int, keys: Int) {
            guard file.bytes.starts(with: GGUFFile.magic) else {
                throw .malformedFile(
                    file: file.path, part: "beginning",
                    got: file.count < 4 ? "\(file.count) bytes" : "other bytes",
                    expected: "GGUF, as every file of this format begins")
            }
            _ = try reader.integer(UInt32.self, "beginning")
            version = try reader.integer(UInt32.self, "version")
            guard version == 2 || version == 3 else {
                let isSwapped = version & 0xFFFF == 0 && version != 0
                throw .unsupportedFormat(
                    path: file.path,
                    got: isSwapped
                        ? "GGUF whose numbers are big-endian" : "GGUF of version \(version)",
                    advice: isSwapped
                        ? "take the file for little-endian machines" : "take version 2 or 3")
            }
            // A tensor takes at least 24 bytes, a key at least 13.
            let tensors = try reader.count("number of tensors", each: 24)
            return (tensors, try reader.count("number of keys", each: 13))
        }

        private func readTensor(
            _ reader: inout GGUFReader, _ file: MappedFile
        ) throws(FormatError) -> (name: String, type: UInt32, shape: [Int], offset: UInt64) {
            let name = try GGUFFile.name(reader.string("a tensor's name"), "tensor", file)
            func malformed(_ field: String, _ got: String, _ expected: String) -> FormatError {
                .malformedTensor(
                    file: file.path, tensor: name, field: field, got: got, expected: expected)
            }
            guard name.utf8.count < GGUFFile.limits.name else {
                throw malformed(
                    "name", "\(name.utf8.count) bytes", "fewer than \(GGUFFile.limits.name)")
            }
            let count = try reader.integer(UInt32.self, "dimensions of \(quoted(name))")
            guard count <= GGUFFile.limits.dimensions else {
                throw malformed(
                    "shape", "\(count) dimensions", "at most \(GGUFFile.limits.dimensions)")
            }
            // Fastest first in the file; slowest first here.
            var shape: [Int] = []
            for _ in 0..<count {
                let length = try reader.integer(UInt64.self, "shape of \(quoted(name))")
                guard let length = Int(exactly: length) else {
                    throw malformed("shape", "\(length)", "lengths that fit in 63 bits")
                }
                shape.insert(length, at: 0)
            }
            let type = try reader.integer(UInt32.self, "type of \(quoted(name))")
            return (name, type, shape, try reader.integer(UInt64.self, "offset of \(quoted(name))"))
        }

        /// Checks that the tensors' bytes follow one another, each at the next multiple of the alignment.
        private mutating func place(
            _ tensors: [(name: String, type: UInt32, shape: [Int], offset: UInt64)], after end: Int,
            _ file: MappedFile
        ) throws(FormatError) {
            func aligned(_ offset: Int) -> Int { (offset + alignment - 1) / alignment * alignment }
            let start = aligned(end)
            var names: Set<String> = []
            var next = 0
            for tensor in tensors {
                func malformed(_ field: String, _ got: String, _ expected: String) -> FormatError {
                    .malformedTensor(
                        file: file.path, tensor: tensor.name, field: field, got: got,
                        expected: expected)
                }
                guard names.insert(tensor.name).inserted else {
                    throw malformed("name", "there twice", "a name of its own")
                }
                let type = try GGUFTensorType(tensor.type, tensor: tensor.name, file: file.path)
                let bytes = try type.bytes(tensor.shape, malformed)
                guard tensor.offset == UInt64(next) else {
                    throw malformed(
                        "offset", "\(tensor.offset)",
                        "\(next), where the tensor before it ends, padded to \(alignment)")
                }
                let available = max(0, file.count - start)
                guard next <= available, bytes <= available - next else {
                    throw malformed(
                        "size", "\(bytes) bytes at \(next)",
                        "at most the \(available) bytes after the header")
                }
                var entry = TensorEntry(
                    name: tensor.name, dtype: type.dtype, shape: tensor.shape, file: file,
                    range: start + next..<start + next + bytes)
                entry.stored = type.blocks
                entries.append(entry)
                next = aligned(next + bytes)
            }
        }
    }

    private static func name(
        _ bytes: ArraySlice<UInt8>, _ kind: String, _ file: MappedFile
    ) throws(FormatError) -> String {
        guard !bytes.isEmpty, let name = String(validating: bytes, as: UTF8.self) else {
            throw .malformedFile(
                file: file.path, part: "name of a \(kind)",
                got: bytes.isEmpty ? "nothing" : "bytes that are not UTF-8", expected: "a name")
        }
        return name
    }
}
