/// Writing GGUF files, version 3.

import MartletKernels

/// A tensor to write into a GGUF file.
package struct GGUFTensorToWrite {
    /// The name in the file.
    package let name: String
    /// How it is stored.
    package let type: GGUFTensorType
    /// The lengths of the dimensions, slowest first.
    package let shape: [Int]
    /// Hands the tensor's bytes, in order and in pieces of any size, to the function it is given.
    package let deliver: (_ sink: (UnsafeRawBufferPointer) throws -> Void) throws -> Void

    /// A tensor whose bytes are made while it is written.
    package init(
        name: String, type: GGUFTensorType, shape: [Int],
        deliver: @escaping (_ sink: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) {
        self.name = name
        self.type = type
        self.shape = shape
        self.deliver = deliver
    }
}

/// A value to write into a file's metadata.
package enum GGUFValueToWrite: Sendable {
    case uint32(UInt32)
    case int32(Int32)
    case float32(Float)
    case bool(Bool)
    case string(String)
    case strings([ArraySlice<UInt8>])
    case floats([Float])
    case integers([Int32])
    case bools([Bool])
    case bytes([UInt8])
}

extension GGUFValueToWrite {
    /// A copy of a value that was read; nil for one of a type that is not written.
    package init?(_ value: GGUFValue) {
        switch value {
        case .unsigned, .signed:
            guard let number = value.int else { return nil }
            if let number = UInt32(exactly: number) {
                self = .uint32(number)
            } else if let number = Int32(exactly: number) {
                self = .int32(number)
            } else {
                return nil
            }
        case .float(let number): self = .float32(Float(number))
        case .bool(let isOn): self = .bool(isOn)
        case .string: self = .string(value.text ?? "")
        case .array(let array):
            if let strings = array.strings() {
                self = .strings(strings)
            } else if array.type == .uint8
                || array.type == .int8 && array.bytes().allSatisfy({ $0 < 128 })
            {
                // Readers look for bytes where they wrote bytes.
                self = .bytes(array.bytes())
            } else if let integers = array.integers() {
                let numbers = integers.compactMap { Int32(exactly: $0) }
                guard numbers.count == integers.count else { return nil }
                self = .integers(numbers)
            } else if let bools = array.bools() {
                self = .bools(bools)
            } else if let floats = array.floats() {
                self = .floats(floats)
            } else {
                return nil
            }
        }
    }
}

/// Writes a model as one GGUF file.
package enum GGUFWriter {
    /// What tensors begin at a multiple of.
    private static let alignment = 32

    /// Writes a file at `path` atomically; see ``AtomicFile``.
    ///
    /// - Throws: ``FormatError`` when a tensor does not fit its type, when a source delivers too few or too many bytes or
    ///   when writing fails; or what a source throws.
    package static func write(
        _ tensors: [GGUFTensorToWrite], metadata: [(key: String, value: GGUFValueToWrite)],
        to path: String
    ) throws {
        var header = Array("GGUF".utf8)
        append(UInt32(3), to: &header)
        append(UInt64(tensors.count), to: &header)
        append(UInt64(metadata.count), to: &header)
        for (key, value) in metadata {
            append(Array(key.utf8)[...], to: &header)
            append(value, to: &header)
        }
        var sizes: [Int] = []
        var offset = 0
        for tensor in tensors {
            let size = try tensor.type.bytes(tensor.shape) { field, got, expected in
                .malformedTensor(
                    file: path, tensor: tensor.name, field: field + " to write", got: got,
                    expected: expected)
            }
            append(Array(tensor.name.utf8)[...], to: &header)
            append(UInt32(tensor.shape.count), to: &header)
            for length in tensor.shape.reversed() { append(UInt64(length), to: &header) }
            append(tensor.type.code, to: &header)
            append(UInt64(offset), to: &header)
            sizes.append(size)
            offset = aligned(offset + size)
        }
        try AtomicFile.write(to: path) { file in
            try file.write(header)
            try pad(&file)
            for (tensor, size) in zip(tensors, sizes) {
                var delivered = 0
                try tensor.deliver { bytes in
                    delivered += bytes.count
                    // Checked before it is written, so that a runaway source does not fill the disk.
                    guard delivered <= size else { return }
                    try file.write(bytes)
                }
                guard delivered == size else {
                    throw FormatError.malformedTensor(
                        file: path, tensor: tensor.name, field: "data to write",
                        got: "\(delivered) bytes", expected: "\(size)")
                }
                try pad(&file)
            }
        }
    }

    private static func aligned(_ offset: Int) -> Int {
        (offset + alignment - 1) / alignment * alignment
    }

    private static func pad(_ file: inout AtomicFile) throws(FormatError) {
        try file.write([UInt8](repeating: 0, count: aligned(file.count) - file.count))
    }

    private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
    }

    private static func append(_ text: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
        append(UInt64(text.count), to: &bytes)
        bytes += text
    }

    private static func append(_ value: GGUFValueToWrite, to bytes: inout [UInt8]) {
        func type(_ type: GGUFValueType) { append(type.rawValue, to: &bytes) }
        func list(of element: GGUFValueType, _ count: Int) {
            type(.array)
            type(element)
            append(UInt64(count), to: &bytes)
        }
        switch value {
        case .uint32(let number):
            type(.uint32)
            append(number, to: &bytes)
        case .int32(let number):
            type(.int32)
            append(number, to: &bytes)
        case .float32(let number):
            type(.float32)
            append(number.bitPattern, to: &bytes)
        case .bool(let isOn):
            type(.bool)
            bytes.append(isOn ? 1 : 0)
        case .string(let text):
            type(.string)
            append(Array(text.utf8)[...], to: &bytes)
        case .strings(let texts):
            list(of: .string, texts.count)
            for text in texts { append(text, to: &bytes) }
        case .floats(let numbers):
            list(of: .float32, numbers.count)
            for number in numbers { append(number.bitPattern, to: &bytes) }
        case .integers(let numbers):
            list(of: .int32, numbers.count)
            for number in numbers { append(number, to: &bytes) }
        case .bools(let bools):
            list(of: .bool, bools.count)
            for isOn in bools { append(UInt8(isOn ? 1 : 0), to: &bytes) }
        case .bytes(let content):
            list(of: .uint8, content.count)
            bytes += content
        }
    }
}
