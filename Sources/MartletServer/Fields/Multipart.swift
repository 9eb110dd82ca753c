/// Bodies of several parts, as forms send files (RFC 7578). Nothing of them is believed.

/// The parts of a body.
struct Multipart: Sendable {
    /// One field of a form.
    struct Part: Sendable {
        let name: String
        /// The name that a file had; nil where the part is no file.
        let fileName: String?
        /// Where its bytes stand in the body.
        let content: Range<Int>
    }

    let parts: [Part]
    private let body: [UInt8]

    /// The most parts.
    private static let mostParts = 64
    /// The most bytes of a part's headers.
    private static let longestHead = 8192

    /// Reads the body of a request. Throws where it is no form, or does not end as it should.
    init(_ request: ServerRequest) throws(WireError) {
        let boundary = try Self.boundary(request.header("content-type") ?? "")
        body = request.body
        parts = try Self.read(body, boundary)
    }

    /// The bytes of a part.
    func bytes(_ part: Part) -> [UInt8] { Array(body[part.content]) }

    /// The text of a field; nil where there is none.
    func text(_ name: String) throws(WireError) -> String? {
        guard let part = parts.first(where: { $0.name == name }) else { return nil }
        guard part.content.count <= Self.longestHead,
            let text = String(validating: body[part.content], as: UTF8.self)
        else {
            throw .field(
                name, got: "\(part.content.count) bytes",
                expected: "a text in UTF-8 of at most \(Self.longestHead) bytes")
        }
        return text
    }

    // MARK: Reading

    private static func wrong(_ what: String) -> WireError {
        WireError(
            .invalidRequest,
            "the body is no form of several parts: \(what); send multipart/form-data.",
            code: "invalid_multipart")
    }

    private static func boundary(_ type: String) throws(WireError) -> [UInt8] {
        let pieces = Self.parameters(type)
        guard pieces.first?.name.lowercased() == "multipart/form-data" else {
            throw wrong("its content-type is '\(type.prefix(80))'")
        }
        guard let text = pieces.first(where: { $0.name.lowercased() == "boundary" })?.value,
            (1...70).contains(text.utf8.count), text.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else { throw wrong("its content-type names no boundary of 1 to 70 letters") }
        return Array(text.utf8)
    }

    private static func read(_ body: [UInt8], _ boundary: [UInt8]) throws(WireError) -> [Part] {
        let line = Array("\r\n--".utf8) + boundary
        // The first boundary needs no line break before it.
        var place: Int
        if body.starts(with: line.dropFirst(2)) {
            place = line.count - 2
        } else if let found = find(line, in: body, from: 0) {
            place = found + line.count
        } else {
            throw wrong("its boundary is nowhere in it")
        }
        var parts: [Part] = []
        while true {
            if body[place...].starts(with: Array("--".utf8)) { return parts }
            while place < body.count, body[place] == 0x20 || body[place] == 0x09 { place += 1 }
            guard body[place...].starts(with: [0x0D, 0x0A]) else {
                throw wrong("a boundary at byte \(place) is followed by something else")
            }
            guard parts.count < mostParts else {
                throw wrong("it has more than \(mostParts) parts")
            }
            // The line break that ends the boundary may be the one that ends an empty head.
            guard
                let end = find(
                    Array("\r\n\r\n".utf8), in: body, from: place, to: place + longestHead)
            else {
                throw wrong(
                    "the headers of part \(parts.count + 1) do not end within \(longestHead) bytes")
            }
            let head = end > place ? body[(place + 2)..<end] : []
            let start = end + 4
            guard let close = find(line, in: body, from: end + 2) else {
                throw wrong("part \(parts.count + 1) does not end")
            }
            parts.append(
                try part(head, content: start..<max(start, close), number: parts.count + 1))
            place = close + line.count
        }
    }

    private static func part(
        _ head: ArraySlice<UInt8>, content: Range<Int>, number: Int
    ) throws(WireError) -> Part {
        guard let text = String(validating: head, as: UTF8.self) else {
            throw wrong("the headers of part \(number) are no text in UTF-8")
        }
        for line in text.split(separator: "\r\n") {
            let sides = line.split(separator: ":", maxSplits: 1)
            guard sides.count == 2, sides[0].lowercased() == "content-disposition" else { continue }
            let pieces = parameters(String(sides[1]))
            guard pieces.first?.name.lowercased() == "form-data",
                let name = pieces.dropFirst().first(where: { $0.name.lowercased() == "name" })
            else { break }
            let file = pieces.dropFirst().first { $0.name.lowercased() == "filename" }
            return Part(name: name.value, fileName: file?.value, content: content)
        }
        throw wrong("part \(number) has no name")
    }

    /// `first; name=value; name="quoted value"`, where a value may have backslashes before quotes.
    private static func parameters(_ text: String) -> [(name: String, value: String)] {
        var found: [(name: String, value: String)] = []
        var (name, value) = ("", "")
        var (isValue, isQuoted, isEscaped) = (false, false, false)
        func trimmed(_ text: String) -> String {
            String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        for character in text + ";" {
            if isEscaped {
                value.append(character)
                isEscaped = false
            } else if isQuoted {
                switch character {
                case "\\": isEscaped = true
                case "\"": isQuoted = false
                default: value.append(character)
                }
            } else if character == ";" {
                found.append((trimmed(name), isValue ? trimmed(value) : ""))
                (name, value, isValue) = ("", "", false)
            } else if isValue {
                if character == "\"" { isQuoted = true } else { value.append(character) }
            } else if character == "=" {
                isValue = true
            } else {
                name.append(character)
            }
        }
        return found
    }

    /// Where a text begins in bytes before `end`; nil where it is not there.
    private static func find(
        _ text: [UInt8], in bytes: [UInt8], from start: Int, to end: Int? = nil
    ) -> Int? {
        let end = min(end ?? bytes.count, bytes.count)
        return bytes.withUnsafeBufferPointer { bytes in
            text.withUnsafeBufferPointer { text in
                var place = start
                while place + text.count <= end {
                    var same = 0
                    while same < text.count, bytes[place + same] == text[same] { same += 1 }
                    if same == text.count { return place }
                    place += 1
                }
                return nil
            }
        }
    }
}
