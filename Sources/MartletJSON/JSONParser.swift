/// The one pass over JSON text that makes the nodes of a ``JSONDocument``: strict, bounds-checked, linear.
///
/// The text is a span handed down from call to call, so that every read is checked in release too.

struct JSONParser {
    typealias Node = JSONDocument.Node

    let file: String
    let maximumValues: Int
    /// The first byte that cannot be part of UTF-8; none when it is the length of the text.
    private let firstInvalid: Int
    var position = 0
    private var valueCount = 0
    private(set) var nodes: [Node] = []
    private(set) var strings: [UInt8] = []

    init(_ bytes: Span<UInt8>, file: String, maximumValues: Int) {
        self.file = file
        self.maximumValues = maximumValues
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes)
            firstInvalid = bytes.count
        } catch {
            firstInvalid = error.byteOffsets.lowerBound
        }
        // More would be a waste for texts of few and long strings.
        nodes.reserveCapacity(bytes.count / 12 + 16)
        strings.reserveCapacity(bytes.count / 2 + 16)
    }

    mutating func parseDocument(
        _ bytes: Span<UInt8>, allowsByteOrderMark: Bool
    ) throws(JSONError) {
        if allowsByteOrderMark, bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB,
            bytes[2] == 0xBF
        {
            position = 3
        }
        try parseValue(bytes, depth: 0)
        skipSpace(bytes)
        if position < bytes.count { throw error(bytes, expected: "the end of the text") }
    }

    private mutating func parseValue(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) {
        skipSpace(bytes)
        guard position < bytes.count else { throw error(bytes, expected: "a value") }
        valueCount += 1
        guard valueCount <= maximumValues else {
            throw error(
                got: "more than \(maximumValues) values", expected: "at most that many")
        }
        switch bytes[position] {
        case UInt8(ascii: "\""):
            try parseString(bytes)
        case UInt8(ascii: "{"):
            try parseObject(bytes, depth: depth + 1)
        case UInt8(ascii: "["):
            try parseArray(bytes, depth: depth + 1)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            switch try parseNumber(bytes) {
            case .integer(let value): append(.integer, Int64(value))
            case .number(let value): append(.number, Int64(bitPattern: value.bitPattern))
            }
        case UInt8(ascii: "t"):
            try parseLiteral(bytes, "true")
            append(.bool, 1)
        case UInt8(ascii: "f"):
            try parseLiteral(bytes, "false")
            append(.bool, 0)
        case UInt8(ascii: "n"):
            try parseLiteral(bytes, "null")
            append(.null, 0)
        default:
            throw error(bytes, expected: "a value")
        }
    }

    private mutating func append(_ kind: JSONDocument.Kind, _ payload: Int64) {
        nodes.append(Node(kind: kind, count: 0, position: 0, payload: payload))
    }

    private mutating func parseObject(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) {
        try checkDepth(depth)
        let index = nodes.count
        append(.object, Int64(position))
        position += 1
        skipSpace(bytes)
        if take(bytes, UInt8(ascii: "}")) { return close(index, count: 0) }
        var count: Int32 = 0
        while true {
            skipSpace(bytes)
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                throw error(bytes, expected: "a key in quotes")
            }
            try parseString(bytes)
            skipSpace(bytes)
            guard take(bytes, UInt8(ascii: ":")) else { throw error(bytes, expected: "':'") }
            try parseValue(bytes, depth: depth)
            count += 1
            skipSpace(bytes)
            if take(bytes, UInt8(ascii: ",")) { continue }
            guard take(bytes, UInt8(ascii: "}")) else {
                throw error(bytes, expected: "',' or '}'")
            }
            return close(index, count: count)
        }
    }

    private mutating func parseArray(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) {
        try checkDepth(depth)
        let index = nodes.count
        append(.array, 0)
        position += 1
        skipSpace(bytes)
        if take(bytes, UInt8(ascii: "]")) { return close(index, count: 0) }
        var count: Int32 = 0
        while true {
            try parseValue(bytes, depth: depth)
            count += 1
            skipSpace(bytes)
            if take(bytes, UInt8(ascii: ",")) { continue }
            guard take(bytes, UInt8(ascii: "]")) else {
                throw error(bytes, expected: "',' or ']'")
            }
            return close(index, count: count)
        }
    }

    /// Notes what an object or array holds, once all of it is there.
    private mutating func close(_ index: Int, count: Int32) {
        nodes[index].count = count
        nodes[index].position = Int32(nodes.count)
    }

    private func checkDepth(_ depth: Int) throws(JSONError) {
        guard depth <= JSONValue.maximumDepth else {
            throw error(
                got: "nesting deeper than \(JSONValue.maximumDepth)", expected: "at most that")
        }
    }

    private mutating func parseLiteral(
        _ bytes: Span<UInt8>, _ literal: StaticString
    ) throws(JSONError) {
        for offset in 0..<literal.utf8CodeUnitCount {
            guard position < bytes.count, bytes[position] == literal.utf8Start[offset] else {
                throw error(bytes, expected: "\(literal)")
            }
            position += 1
        }
    }

    // MARK: Strings

    private mutating func parseString(_ bytes: Span<UInt8>) throws(JSONError) {
        position += 1
        let start = position
        let first = strings.count
        while true {
            // A local count: one in the parser would be stored at every byte.
            var end = position
            while end < bytes.count {
                let byte = bytes[end]
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
                end += 1
            }
            bytes.extracting(position..<end).withUnsafeBufferPointer {
                strings.append(contentsOf: $0)
            }
            position = end
            guard end < bytes.count else { throw error(bytes, expected: "'\"'") }
            switch bytes[position] {
            case UInt8(ascii: "\""):
                // The quotes are ASCII, so what is wrong between them is wrong in the string.
                guard !(start..<position).contains(firstInvalid) else {
                    position = start
                    throw error(got: "a string that is not UTF-8", expected: "UTF-8")
                }
                position += 1
                nodes.append(
                    Node(
                        kind: .string, count: Int32(strings.count - first),
                        position: Int32(first), payload: 0))
                return
            case UInt8(ascii: "\\"):
                position += 1
                try parseEscape(bytes)
            default:
                throw error(
                    bytes, expected: "an escape, since control characters must be escaped")
            }
        }
    }

    private mutating func parseEscape(_ bytes: Span<UInt8>) throws(JSONError) {
        guard position < bytes.count else { throw error(bytes, expected: "an escape") }
        let byte = bytes[position]
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): strings.append(byte)
        case UInt8(ascii: "b"): strings.append(0x08)
        case UInt8(ascii: "f"): strings.append(0x0C)
        case UInt8(ascii: "n"): strings.append(0x0A)
        case UInt8(ascii: "r"): strings.append(0x0D)
        case UInt8(ascii: "t"): strings.append(0x09)
        case UInt8(ascii: "u"):
            position += 1
            try parseUnicodeEscape(bytes)
            return
        default: throw error(bytes, expected: "one of \"\\/bfnrtu after a backslash")
        }
        position += 1
    }

    private mutating func parseUnicodeEscape(_ bytes: Span<UInt8>) throws(JSONError) {
        let start = position
        var code = try parseHexadecimal(bytes)
        if code & 0xFC00 == 0xD800, take(bytes, UInt8(ascii: "\\")), take(bytes, UInt8(ascii: "u"))
        {
            let low = try parseHexadecimal(bytes)
            if low & 0xFC00 == 0xDC00 { code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00) }
        }
        guard let scalar = Unicode.Scalar(code) else {
            position = start
            throw error(got: "half of a surrogate pair", expected: "both halves")
        }
        if scalar.isASCII {
            strings.append(UInt8(truncatingIfNeeded: code))
        } else {
            strings.append(contentsOf: UTF8.encode(scalar).unsafelyUnwrapped)
        }
    }

    private mutating func parseHexadecimal(_ bytes: Span<UInt8>) throws(JSONError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count, let digit = Self.hexadecimal(bytes[position]) else {
                throw error(bytes, expected: "four hexadecimal digits")
            }
            code = code << 4 | digit
            position += 1
        }
        return code
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    // MARK: Bytes

    private mutating func skipSpace(_ bytes: Span<UInt8>) {
        var end = position
        while end < bytes.count {
            let byte = bytes[end]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { break }
            end += 1
        }
        position = end
    }

    mutating func take(_ bytes: Span<UInt8>, _ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private func found(_ bytes: Span<UInt8>, at offset: Int) -> String {
        guard offset < bytes.count else { return "the end of the text" }
        let byte = bytes[offset]
        if (0x21...0x7E).contains(byte) { return "'\(Character(Unicode.Scalar(byte)))'" }
        return "byte 0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            + (offset == firstInvalid ? ", which is not UTF-8" : "")
    }

    func error(_ bytes: Span<UInt8>, expected: String) -> JSONError {
        error(got: found(bytes, at: position), expected: expected)
    }

    func error(got: String, expected: String) -> JSONError {
        JSONError(file: file, offset: position, got: got, expected: expected)
    }
}
