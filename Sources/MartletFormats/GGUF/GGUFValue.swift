/// The values of a GGUF file's metadata.

/// One value, as it is stored.
package enum GGUFValue: Sendable {
    case unsigned(UInt64)
    case signed(Int64)
    case float(Double)
    case bool(Bool)
    /// Bytes, because old files hold some that are not UTF-8.
    case string(ArraySlice<UInt8>)
    case array(GGUFArray)

    /// The integer, where it is one that an Int holds.
    package var int: Int? {
        switch self {
        case .unsigned(let value): Int(exactly: value)
        case .signed(let value): Int(exactly: value)
        default: nil
        }
    }

    /// The number, of any type.
    package var double: Double? {
        switch self {
        case .unsigned(let value): Double(value)
        case .signed(let value): Double(value)
        case .float(let value): value
        default: nil
        }
    }

    /// The truth value.
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// The text; bytes that are no UTF-8 become replacement characters.
    package var text: String? {
        if case .string(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
    }

    /// The elements, where it is an array.
    package var array: GGUFArray? { if case .array(let array) = self { array } else { nil } }

    /// What errors call it.
    var summary: String {
        switch self {
        case .unsigned(let value): "\(value)"
        case .signed(let value): "\(value)"
        case .float(let value): "\(value)"
        case .bool(let value): "\(value)"
        case .string: "a string"
        case .array(let array): "an array of \(array.count)"
        }
    }
}

/// An array of one type, kept as the bytes of the file; its lengths were checked when the file was opened.
package struct GGUFArray: Sendable {
    let type: GGUFValueType
    /// How many elements there are.
    package let count: Int
    let file: MappedFile
    let range: Range<Int>

    /// All elements.
    package func values() -> [GGUFValue] {
        var reader = GGUFReader(file, at: range.lowerBound)
        var values: [GGUFValue] = []
        values.reserveCapacity(count)
        for _ in 0..<count {
            // Checked when the file was opened; a file that was cut since reads as zeros, which are values too.
            guard let value = try? reader.value(type, of: "an array") else { break }
            values.append(value)
        }
        return values
    }

    /// The elements as integers; nil when they are of another type.
    package func integers() -> [Int]? {
        let values = values().compactMap(\.int)
        return values.count == count ? values : nil
    }

    /// The elements' bytes, as they are stored.
    package func bytes() -> [UInt8] {
        withExtendedLifetime(file) { Array(UnsafeRawBufferPointer(rebasing: file.bytes[range])) }
    }

    /// The elements as numbers; nil when they are of another type.
    package func floats() -> [Float]? {
        let values = values().compactMap { $0.double.map { Float($0) } }
        return values.count == count ? values : nil
    }

    /// The elements as the bytes of strings; nil when they are of another type.
    package func strings() -> [ArraySlice<UInt8>]? {
        guard type == .string else { return nil }
        return values().compactMap { if case .string(let bytes) = $0 { bytes } else { nil } }
    }

    /// The elements as truth values; nil when they are of another type.
    package func bools() -> [Bool]? {
        let values = values().compactMap(\.bool)
        return values.count == count ? values : nil
    }
}

/// The types of values, by their numbers in the file.
package enum GGUFValueType: UInt32, Sendable, CaseIterable {
    case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64,
        float64

    /// Bytes of a value; nil where they vary.
    var byteCount: Int? {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        case .string, .array: nil
        }
    }
}
