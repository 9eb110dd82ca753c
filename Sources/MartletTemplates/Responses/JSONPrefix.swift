/// The beginning of a text in JSON, before all of it is there.

import MartletJSON

enum JSONPrefix {
    /// Behind the value that begins at a place; nil where its end is not there. Nothing but brackets and quotes is looked at.
    static func end(of bytes: ArraySlice<UInt8>) -> Int? {
        guard let first = bytes.first else { return nil }
        if first == UInt8(ascii: "\"") { return endOfText(bytes) }
        guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else {
            return bytes.firstIndex(where: isDelimiter)
        }
        var (at, depth) = (bytes.startIndex, 0)
        while at < bytes.endIndex {
            switch bytes[at] {
            case UInt8(ascii: "\""):
                guard let end = endOfText(bytes[at...]) else { return nil }
                at = end
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 { return at + 1 }
            default: break
            }
            at += 1
        }
        return nil
    }

    /// Behind the text in quotes that begins at a place.
    private static func endOfText(_ bytes: ArraySlice<UInt8>) -> Int? {
        var at = bytes.startIndex + 1
        while at < bytes.endIndex {
            if bytes[at] == UInt8(ascii: "\"") { return at + 1 }
            at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1
        }
        return nil
    }

    private static func isDelimiter(_ byte: UInt8) -> Bool {
        byte <= 0x20 || ",:]}".utf8.contains(byte)
    }

    /// How a value will be written as JSON without white space, as far as that is certain.
    static func written(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        var (at, depth) = (bytes.startIndex, 0)
        while at < bytes.endIndex {
            let byte = bytes[at]
            switch byte {
            case 0x09, 0x0A, 0x0D, 0x20: at += 1
            case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ","), UInt8(ascii: ":"):
                if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") { depth += 1 }
                output.append(byte)
                at += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                output.append(byte)
                at += 1
                depth -= 1
            default:
                guard let end = end(of: bytes[at...]) else {
                    if byte == UInt8(ascii: "\"") { output += beginning(ofText: bytes[at...]) }
                    return output
                }
                guard let value = try? JSONValue.parse(Array(bytes[at..<end])) else {
                    return output
                }
                output += value.serialized()
                at = end
            }
            if depth <= 0 { return output }
        }
        return output
    }

    /// A text in quotes without its end, up to an escape that is not complete.
    private static func beginning(ofText bytes: ArraySlice<UInt8>) -> [UInt8] {
        var (at, certain) = (bytes.startIndex + 1, bytes.startIndex + 1)
        while at < bytes.endIndex {
            if bytes[at] == UInt8(ascii: "\\") {
                guard at + 1 < bytes.endIndex else { break }
                let isCode = bytes[at + 1] == UInt8(ascii: "u")
                let digits = bytes[at...].dropFirst(2).prefix(isCode ? 4 : 0)
                guard digits.count == (isCode ? 4 : 0) else { break }
                at += 2 + digits.count
                // The first half of a pair says nothing without the second.
                let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16) ?? 0
                if (0xD800..<0xDC00).contains(code) { continue }
            } else {
                at += 1
            }
            certain = at
        }
        guard let value = try? JSONValue.parse(Array(bytes[..<certain]) + [UInt8(ascii: "\"")])
        else { return [] }
        return value.serialized().dropLast()
    }
}
