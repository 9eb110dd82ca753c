// A JSON text parsed into one flat array of nodes, for files with hundreds of thousands of strings.

/// A parsed JSON text.
///
/// Strings keep their exact scalars: `String` keys would merge canonically equivalent tokens. One
/// array of nodes and one of bytes replace a tree of objects, so a vocabulary costs two allocations.
struct JSONDocument: Sendable {
    enum Kind: UInt8 {
        case null, bool, number, string, array, object
    }

    struct Node {
        var kind: Kind
        /// Strings: bytes in `text`. Containers: children, a key counting as one.
        var count: Int32
        /// Strings: where the bytes begin in `text`. Containers: the node after the last descendant.
        var position: Int32
        /// Numbers, and 1 or 0 for booleans.
        var number: Double
    }

    static let maximumDepth = 64

    private(set) var nodes: [Node] = []
    private(set) var text: [UInt8] = []

    /// Parses a whole file; errors name the file and the byte offset.
    init(parsing bytes: [UInt8], file: String) throws(TokenizerError) {
        guard bytes.count <= Int(Int32.max) / 4 else {
            throw .malformed(
                file: file,
                reason: "it has \(bytes.count) bytes, expected at most \(Int(Int32.max) / 4)")
        }
        if let offset = UTF8Text.firstInvalidOffset(bytes) {
            throw .malformed(
                file: file, reason: "byte \(offset) is not valid UTF-8, expected JSON in UTF-8")
        }
        let (parser, failure) = bytes.withUnsafeBufferPointer { input in
            var parser = Parser(input: input)
            do throws(Failure) {
                try parser.parseDocument()
                return (parser, Failure?.none)
            } catch {
                return (parser, error)
            }
        }
        nodes = parser.nodes
        text = parser.text
        if let failure {
            throw .malformed(
                file: file,
                reason: "its JSON breaks at byte \(failure.offset): expected \(failure.expected)")
        }
    }

    /// The outermost value.
    var root: JSONValue { JSONValue(index: 0) }

    struct Failure: Error {
        var offset: Int
        var expected: String
    }
}

extension JSONDocument {
    private struct Parser {
        let input: UnsafeBufferPointer<UInt8>
        var nodes: [Node] = []
        var text: [UInt8] = []
        var position = 0

        init(input: UnsafeBufferPointer<UInt8>) {
            self.input = input
            nodes.reserveCapacity(input.count / 12 + 16)
            text.reserveCapacity(input.count / 2 + 16)
        }

        mutating func parseDocument() throws(Failure) {
            // Some editors write a byte order mark.
            if input.count >= 3, input[0] == 0xEF, input[1] == 0xBB, input[2] == 0xBF {
                position = 3
            }
            try parseValue(depth: 0)
            skipSpace()
            guard position == input.count else { throw fail("the end of the file") }
        }

        func fail(_ expected: String) -> Failure {
            Failure(offset: position, expected: expected)
        }

        mutating func skipSpace() {
            while position < input.count {
                switch input[position] {
                case 0x20, 0x09, 0x0A, 0x0D: position += 1
                default: return
                }
            }
        }

        mutating func parseValue(depth: Int) throws(Failure) {
            guard depth < JSONDocument.maximumDepth else {
                throw fail("at most \(JSONDocument.maximumDepth) nested values")
            }
            skipSpace()
            guard position < input.count else { throw fail("a value") }
            switch input[position] {
            case UInt8(ascii: "{"):
                try parseContainer(object: true, depth: depth)
            case UInt8(ascii: "["):
                try parseContainer(object: false, depth: depth)
            case UInt8(ascii: "\""):
                try parseString()
            case UInt8(ascii: "t"):
                try parseWord("true", .bool, 1)
            case UInt8(ascii: "f"):
                try parseWord("false", .bool, 0)
            case UInt8(ascii: "n"):
                try parseWord("null", .null, 0)
            case UInt8(ascii: "-"), 0x30...0x39:
                try parseNumber()
            default:
                throw fail("a value")
            }
        }

        mutating func parseWord(_ word: StaticString, _ kind: Kind, _ number: Double)
            throws(Failure)
        {
            for index in 0..<word.utf8CodeUnitCount {
                guard position < input.count, input[position] == word.utf8Start[index] else {
                    throw fail("'\(word)'")
                }
                position += 1
            }
            nodes.append(Node(kind: kind, count: 0, position: 0, number: number))
        }

        mutating func parseContainer(object: Bool, depth: Int) throws(Failure) {
            let closing = object ? UInt8(ascii: "}") : UInt8(ascii: "]")
            let index = nodes.count
            nodes.append(Node(kind: object ? .object : .array, count: 0, position: 0, number: 0))
            position += 1
            var count: Int32 = 0
            skipSpace()
            if position < input.count, input[position] == closing {
                position += 1
            } else {
                while true {
                    if object {
                        skipSpace()
                        guard position < input.count, input[position] == UInt8(ascii: "\"") else {
                            throw fail("a key in quotes")
                        }
                        try parseString()
                        skipSpace()
                        guard position < input.count, input[position] == UInt8(ascii: ":") else {
                            throw fail("':' after the key")
                        }
                        position += 1
                    }
                    try parseValue(depth: depth + 1)
                    count += 1
                    skipSpace()
                    guard position < input.count else {
                        throw fail(object ? "',' or '}'" : "',' or ']'")
                    }
                    let byte = input[position]
                    guard byte == UInt8(ascii: ",") || byte == closing else {
                        throw fail(object ? "',' or '}'" : "',' or ']'")
                    }
                    position += 1
                    if byte == closing { break }
                }
            }
            nodes[index].count = count
            nodes[index].position = Int32(nodes.count)
        }

        mutating func parseNumber() throws(Failure) {
            let start = position
            while position < input.count {
                switch input[position] {
                case 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
                    UInt8(ascii: "e"), UInt8(ascii: "E"):
                    position += 1
                    continue
                default: break
                }
                break
            }
            // Ids are short runs of digits; only the rare others are worth a String.
            var value = 0.0
            if position - start <= 15, input[start..<position].allSatisfy({ $0 & 0xF0 == 0x30 }) {
                var integer = 0
                for index in start..<position { integer = integer * 10 + Int(input[index] & 0x0F) }
                value = Double(integer)
            } else {
                guard position - start <= 64,
                    let parsed = Double(String(decoding: input[start..<position], as: UTF8.self))
                else {
                    position = start
                    throw fail("a number")
                }
                value = parsed
            }
            nodes.append(Node(kind: .number, count: 0, position: 0, number: value))
        }

        mutating func parseString() throws(Failure) {
            position += 1
            let start = text.count
            while true {
                let runStart = position
                while position < input.count, input[position] != UInt8(ascii: "\""),
                    input[position] != UInt8(ascii: "\\"), input[position] >= 0x20
                {
                    position += 1
                }
                text.append(contentsOf: input[runStart..<position])
                guard position < input.count else { throw fail("a closing quote") }
                switch input[position] {
                case UInt8(ascii: "\""):
                    position += 1
                    nodes.append(
                        Node(
                            kind: .string, count: Int32(text.count - start),
                            position: Int32(start), number: 0))
                    return
                case UInt8(ascii: "\\"):
                    try parseEscape()
                default:
                    throw fail("no bare control character in a string")
                }
            }
        }

        mutating func parseEscape() throws(Failure) {
            position += 1
            guard position < input.count else { throw fail("an escape") }
            let byte = input[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"):
                var code = try parseHex()
                if code & 0xFC00 == 0xD800 {
                    guard position + 1 < input.count, input[position] == UInt8(ascii: "\\"),
                        input[position + 1] == UInt8(ascii: "u")
                    else { throw fail("the second half of a surrogate pair") }
                    position += 2
                    let low = try parseHex()
                    guard low & 0xFC00 == 0xDC00 else {
                        throw fail("the second half of a surrogate pair")
                    }
                    code = 0x10000 + ((code & 0x3FF) << 10) + (low & 0x3FF)
                }
                guard let scalar = Unicode.Scalar(code) else { throw fail("a Unicode scalar") }
                text.append(contentsOf: UTF8Text.bytes(of: scalar))
            default:
                position -= 1
                throw fail("one of the escapes of JSON")
            }
        }

        mutating func parseHex() throws(Failure) -> UInt32 {
            var value: UInt32 = 0
            for _ in 0..<4 {
                guard position < input.count,
                    let digit = Character(Unicode.Scalar(input[position])).hexDigitValue
                else { throw fail("four hexadecimal digits") }
                value = value << 4 | UInt32(digit)
                position += 1
            }
            return value
        }
    }
}
