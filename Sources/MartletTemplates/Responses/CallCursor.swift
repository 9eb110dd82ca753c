/// Reading a call from text that may not be complete.

import MartletJSON

/// A place in text that is read forward.
struct CallCursor {
    let bytes: [UInt8]
    private(set) var offset: Int
    /// Whether no more text comes.
    let isFinal: Bool
    /// What was read of calls that are not complete.
    var progress = CallProgress()
    /// The furthest place that was looked at.
    private var seen = 0
    /// Behind the last byte that was looked at.
    var reach: Int { max(seen, offset) }

    init(_ bytes: [UInt8], from offset: Int, isFinal: Bool) {
        self.bytes = bytes
        self.offset = offset
        self.isFinal = isFinal
    }

    /// Why reading stopped.
    enum Stop: Error {
        /// More text is needed to tell.
        case incomplete
        /// It is no call.
        case malformed
    }

    private var atEnd: Stop { isFinal ? .malformed : .incomplete }

    var isAtEnd: Bool { offset == bytes.count }
    var byte: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    mutating func skipSpace() {
        while let width = PythonSpace.width(in: bytes[...], at: offset) { offset += width }
    }

    /// Whether a text stands here; what may still become it is incomplete.
    func stands(_ text: String) throws(Stop) -> Bool {
        let rest = bytes[offset...]
        if rest.starts(with: text.utf8) { return true }
        if !isFinal, text.utf8.starts(with: rest) { throw .incomplete }
        return false
    }

    /// Goes past a text, when it stands here.
    mutating func skip(_ text: String) throws(Stop) -> Bool {
        guard try stands(text) else { return false }
        offset += text.utf8.count
        return true
    }

    /// Goes past a text.
    mutating func expect(_ text: String) throws(Stop) {
        guard try skip(text) else { throw .malformed }
    }

    /// Goes past the one of some texts that stands here.
    mutating func skip(anyOf texts: [String]) throws(Stop) -> Bool {
        for text in texts {
            if try skip(text) { return true }
        }
        return false
    }

    /// The text before the first of some marks, which is gone past where it is wanted.
    mutating func text(
        until marks: [String], consumesMark: Bool = true, limit: Int = .max
    ) throws(Stop) -> String {
        var at = offset
        while at < bytes.count, at - offset < limit {
            for mark in marks
            where mark.utf8.first == bytes[at] && bytes[at...].starts(with: mark.utf8) {
                let text = String(decoding: bytes[offset..<at], as: UTF8.self)
                offset = at + (consumesMark ? mark.utf8.count : 0)
                return text
            }
            at += 1
        }
        seen = max(seen, at)
        throw at < bytes.count ? .malformed : atEnd
    }

    /// The text that is there before a mark which is not: without what may become the mark.
    func text(before mark: String) -> String {
        var end = bytes.count
        for count in stride(from: min(mark.utf8.count - 1, end - offset), to: 0, by: -1)
        where mark.utf8.starts(with: bytes[(end - count)...]) {
            end -= count
            break
        }
        return String(decoding: bytes[offset..<end], as: UTF8.self)
    }

    /// A name: no space and no sign of another language.
    mutating func name(until marks: [String], consumesMark: Bool = true) throws(Stop) -> String {
        let text = try text(until: marks, consumesMark: consumesMark, limit: 512).trimmedSpace
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && !"<>{}\"'".utf8.contains($0) })
        else { throw .malformed }
        return text
    }

    /// A name of letters, digits, `_`, `-` and `.`, as long as it goes.
    mutating func identifier() throws(Stop) -> String {
        let start = offset
        while let byte, Self.isNamePart(byte) { offset += 1 }
        guard offset > start else { throw isAtEnd ? atEnd : .malformed }
        if isAtEnd, !isFinal { throw .incomplete }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// Some bytes of ASCII.
    mutating func take(_ count: Int) throws(Stop) -> String {
        guard bytes.count - offset >= count else { throw atEnd }
        offset += count
        return String(decoding: bytes[(offset - count)..<offset], as: UTF8.self)
    }

    /// All that is left.
    mutating func rest() throws(Stop) -> String {
        guard isFinal, !isAtEnd else { throw atEnd }
        defer { offset = bytes.count }
        return String(decoding: bytes[offset...], as: UTF8.self)
    }

    /// An object or an array of JSON.
    mutating func json() throws(Stop) -> JSONValue {
        guard let first = byte else { throw atEnd }
        guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else { throw .malformed }
        guard let end = JSONPrefix.end(of: bytes[offset...]) else {
            seen = bytes.count
            throw atEnd
        }
        seen = end
        guard let value = try? JSONValue.parse(Array(bytes[offset..<end])) else { throw .malformed }
        offset = end
        return value
    }
}

extension String {
    /// Without white space at its ends.
    var trimmedSpace: String { TemplateText(self).trimmed(nil).string }
}
