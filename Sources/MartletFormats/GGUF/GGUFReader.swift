/// Reads the little-endian fields of a GGUF file, each checked against the bytes that are left.

/// A place in a file's bytes that moves on with each field.
///
/// It reads no byte that ``left`` does not say is there.
struct GGUFReader {
    private let mapped: MappedFile
    private var bytes: UnsafeRawBufferPointer { mapped.bytes }
    private var file: String { mapped.path }
    /// The next byte.
    private(set) var offset: Int

    init(_ file: MappedFile, at offset: Int = 0) {
        mapped = file
        self.offset = offset
    }

    /// Bytes after the next field's start.
    var left: Int { bytes.count - offset }

    private func truncated(_ part: String, needs: UInt64) -> FormatError {
        .malformedFile(
            file: file, part: part, got: "\(max(0, left)) bytes at \(offset)",
            expected: "\(needs) bytes, so the file is cut short or its lengths are wrong")
    }

    /// An integer of any width.
    mutating func integer<T: FixedWidthInteger>(
        _ type: T.Type = T.self, _ part: @autoclosure () -> String
    ) throws(FormatError) -> T {
        let size = MemoryLayout<T>.size
        guard left >= size else { throw truncated(part(), needs: UInt64(size)) }
        let value = bytes.loadUnaligned(fromByteOffset: offset, as: T.self)
        offset += size
        return T(littleEndian: value)
    }

    /// A count or length that `each` bytes of the file follow for.
    mutating func count(
        _ part: @autoclosure () -> String, each: Int
    ) throws(FormatError) -> Int {
        let value = try integer(UInt64.self, part())
        guard value <= UInt64(max(0, left) / each) else {
            throw .malformedFile(
                file: file, part: part(), got: "\(value)",
                expected: "at most the \(left) bytes that follow, \(each) for each")
        }
        return Int(value)
    }

    /// A string: its length, then its bytes.
    mutating func string(_ part: @autoclosure () -> String) throws(FormatError) -> ArraySlice<UInt8>
    {
        let length = try count("length of \(part())", each: 1)
        let result = [UInt8](bytes[offset..<offset + length])
        offset += length
        return result[...]
    }

    /// Passes a string.
    private mutating func skipString(_ part: @autoclosure () -> String) throws(FormatError) {
        offset += try count("length of \(part())", each: 1)
    }

    mutating func type(of part: @autoclosure () -> String) throws(FormatError) -> GGUFValueType {
        let code = try integer(UInt32.self, "type of \(part())")
        guard let type = GGUFValueType(rawValue: code) else {
            throw .malformedFile(
                file: file, part: "type of \(part())", got: "\(code)",
                expected: "one of 0 to \(GGUFValueType.allCases.count - 1)")
        }
        return type
    }

    mutating func value(
        _ type: GGUFValueType, of part: @autoclosure () -> String
    ) throws(FormatError) -> GGUFValue {
        switch type {
        case .uint8: return .unsigned(UInt64(try integer(UInt8.self, part())))
        case .uint16: return .unsigned(UInt64(try integer(UInt16.self, part())))
        case .uint32: return .unsigned(UInt64(try integer(UInt32.self, part())))
        case .uint64: return .unsigned(try integer(UInt64.self, part()))
        case .int8: return .signed(Int64(Int8(bitPattern: try integer(UInt8.self, part()))))
        case .int16: return .signed(Int64(Int16(bitPattern: try integer(UInt16.self, part()))))
        case .int32: return .signed(Int64(Int32(bitPattern: try integer(UInt32.self, part()))))
        case .int64: return .signed(Int64(bitPattern: try integer(UInt64.self, part())))
        case .float32: return .float(Double(Float(bitPattern: try integer(UInt32.self, part()))))
        case .float64: return .float(Double(bitPattern: try integer(UInt64.self, part())))
        case .bool: return .bool(try integer(UInt8.self, part()) != 0)
        case .string: return .string(try string(part()))
        case .array: return .array(try array(part()))
        }
    }

    private mutating func array(
        _ part: @autoclosure () -> String
    ) throws(FormatError) -> GGUFArray {
        let element = try type(of: "the elements of \(part())")
        guard element != .array else {
            throw .malformedFile(
                file: file, part: part(), got: "an array of arrays",
                expected: "an array of numbers, truth values or strings")
        }
        // A string has at least its length.
        let count = try count("length of \(part())", each: element.byteCount ?? 8)
        let start = offset
        if let size = element.byteCount {
            offset += count * size
        } else {
            for _ in 0..<count { try skipString("a string of \(part())") }
        }
        return GGUFArray(type: element, count: count, file: mapped, range: start..<offset)
    }
}
