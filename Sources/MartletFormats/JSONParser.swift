/// The one pass over JSON text that makes a ``JSONValue``: strict, bounds-checked, linear.
///
/// The text is a span handed down from call to call, so that every read is checked in release too.

struct JSONParser {
    let file: String
    let maximumValues: Int
    var position = 0
    private var valueCount = 0
    /// Holds a string with escapes while it is decoded; kept, so that a vocabulary costs no
    /// allocation for each.
    private var scratch: [UInt8] = []

    init(file: String, maximumValues: Int) {
        self.file = file
        self.maximumValues = maximumValues
    }

    mutating func parseDocument(_ bytes: Span<UInt8>) throws(FormatError) -> JSONValue {
        let value = try parseValue(bytes, depth: 0)
        skipSpace(bytes)
        if position < bytes.count { throw error(bytes, expected: "the end of the text") }
        return value
    }

    private mutating func parseValue(
        _ bytes: Span<UInt8>, depth: Int
    ) throws(FormatError) -> JSONValue {
        skipSpace(bytes)
        guard position < bytes.count else { throw error(bytes, expected: "a value") }
        valueCount += 1
        guard valueCount <= maximumValues else {
            throw error(
                got: "more than \(maximumValues) values", expected: "at most that many")
        }
        switch bytes[position] {
        case UInt8(ascii: "\""):
            return .string(try parseString(bytes))
        case UInt8(ascii: "{"):
            return .object(try parseObject(bytes, depth: depth + 1))
        case UInt8(ascii: "["):
            return .array(try parseArray(bytes, depth: depth + 1))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return try parseNumber(bytes)
        case UInt8(ascii: "t"):
            try parseLiteral(bytes, "true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try parseLiteral(bytes, "false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try parseLiteral(bytes, "null")
            return .null
        default:
            throw error(bytes, expected: "a value")
        }
    }

    private mutating func parseObject(
        _ bytes: Span<UInt8>, depth: Int
    ) throws(FormatError) -> JSONObject {
        try checkDepth(depth)
        let start = position
        position += 1
        var members: [JSONObject.Member] = []
        skipSpace(bytes)
        if take(bytes, UInt8(ascii: "}")) { return JSONObject() }
        while true {
            skipSpace(bytes)
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                throw error(bytes, expected: "a key in quotes")
            }
            let key = try parseString(bytes)
            skipSpace(bytes)
            guard take(bytes, UInt8(ascii: ":")) else { throw error(bytes, expected: "':'") }
            members.append(.init(key: key, value: try parseValue(bytes, depth: depth)))
            skipSpace(bytes)
            if take(bytes, UInt8(ascii: ",")) { continue }
            guard take(bytes, UInt8(ascii: "}")) else {
                throw error(bytes, expected: "',' or '}'")
            }
            break
        }
        switch JSONObject.checked(members) {
        case .success(let object):
            return object
        case .failure(let duplicate):
            position = start
            throw error(
                got: "an object with the key \(quoted(duplicate.key)) twice",
                expected: "each key once")
        }
    }

    private mutating func parseArray(
        _ bytes: Span<UInt8>, depth: Int
    ) throws(FormatError) -> [JSONValue] {
        try checkDepth(depth)
        position += 1
        var elements: [JSONValue] = []
        skipSpace(bytes)
        if take(bytes, UInt8(ascii: "]")) { return elements }
        while true {
            elements.append(try parseValue(bytes, depth: depth))
            skipSpace(bytes)
            if take(bytes, UInt8(ascii: ",")) { continue }
            guard take(bytes, UInt8(ascii: "]")) else {
                throw error(bytes, expected: "',' or ']'")
            }
            return elements
        }
    }

    private func checkDepth(_ depth: Int) throws(FormatError) {
        guard depth <= JSONValue.maximumDepth else {
            throw error(
                got: "nesting deeper than \(JSONValue.maximumDepth)", expected: "at most that")
        }
    }

    private mutating func parseLiteral(
        _ bytes: Span<UInt8>, _ literal: StaticString
    ) throws(FormatError) {
        let start = position
        for offset in 0..<literal.utf8CodeUnitCount {
            guard position < bytes.count, bytes[position] == literal.utf8Start[offset] else {
                position = min(position, bytes.count)
                let failed = position
                position = start
                throw FormatError.malformedJSON(
                    file: file, offset: failed, got: found(bytes, at: failed),
                    expected: "\(literal)")
            }
            position += 1
        }
    }

    // MARK: Strings

    private mutating func parseString(_ bytes: Span<UInt8>) throws(FormatError) -> String {
        let start = position + 1
        let count = bytes.count
        var end = start
        while end < count {
            let byte = bytes[end]
            if byte == UInt8(ascii: "\"") {
                position = end + 1
                return try makeString(bytes.extracting(start..<end), at: start)
            }
            if byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            end += 1
        }
        scratch.removeAll(keepingCapacity: true)
        position = start
        return try parseEscapedString(bytes)
    }

    private mutating func parseEscapedString(_ bytes: Span<UInt8>) throws(FormatError) -> String {
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                let decoded = scratch
                return try makeString(decoded.span, at: start)
            case UInt8(ascii: "\\"):
                position += 1
                try parseEscape(bytes)
            case 0..<0x20:
                throw error(bytes, expected: "an escape, since control characters must be escaped")
            default:
                scratch.append(byte)
                position += 1
            }
        }
        throw error(bytes, expected: "'\"'")
    }

    private mutating func parseEscape(_ bytes: Span<UInt8>) throws(FormatError) {
        guard position < bytes.count else { throw error(bytes, expected: "an escape") }
        let byte = bytes[position]
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): scratch.append(byte)
        case UInt8(ascii: "b"): scratch.append(0x08)
        case UInt8(ascii: "f"): scratch.append(0x0C)
        case UInt8(ascii: "n"): scratch.append(0x0A)
        case UInt8(ascii: "r"): scratch.append(0x0D)
        case UInt8(ascii: "t"): scratch.append(0x09)
        case UInt8(ascii: "u"):
            position += 1
            try parseUnicodeEscape(bytes)
            return
        default: throw error(bytes, expected: "one of \"\\/bfnrtu after a backslash")
        }
        position += 1
    }

    private mutating func parseUnicodeEscape(_ bytes: Span<UInt8>) throws(FormatError) {
        let start = position
        var code = UInt32(try parseHexadecimal(bytes))
        if code & 0xFC00 == 0xD800, take(bytes, UInt8(ascii: "\\")), take(bytes, UInt8(ascii: "u"))
        {
            let low = UInt32(try parseHexadecimal(bytes))
            if low & 0xFC00 == 0xDC00 { code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00) }
        }
        guard let scalar = Unicode.Scalar(code) else {
            position = start
            throw error(got: "half of a surrogate pair", expected: "both halves")
        }
        scratch.append(contentsOf: UTF8.encode(scalar).unsafelyUnwrapped)
    }

    private mutating func parseHexadecimal(_ bytes: Span<UInt8>) throws(FormatError) -> UInt16 {
        var code: UInt16 = 0
        for _ in 0..<4 {
            guard position < bytes.count,
                let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue
            else { throw error(bytes, expected: "four hexadecimal digits") }
            code = code << 4 | UInt16(digit)
            position += 1
        }
        return code
    }

    private func makeString(_ bytes: Span<UInt8>, at offset: Int) throws(FormatError) -> String {
        let text = bytes.withUnsafeBufferPointer { String(validating: $0, as: UTF8.self) }
        guard let text else {
            throw FormatError.malformedJSON(
                file: file, offset: offset, got: "a string that is not UTF-8", expected: "UTF-8")
        }
        return text
    }

    // MARK: Bytes

    private mutating func skipSpace(_ bytes: Span<UInt8>) {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
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
    }

    func error(_ bytes: Span<UInt8>, expected: String) -> FormatError {
        error(got: found(bytes, at: position), expected: expected)
    }

    func error(got: String, expected: String) -> FormatError {
        .malformedJSON(file: file, offset: position, got: got, expected: expected)
    }
}
