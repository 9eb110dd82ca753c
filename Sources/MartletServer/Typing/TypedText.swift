/// A text that somebody is writing.

import MartletJSON

/// A text with edits at places that count as browsers and editors count: in units of UTF-16.
struct TypedText: Sendable {
    private var units: [UInt16] = []

    /// The text. Half a pair, which an edit may leave, is a replacement character.
    var text: String { String(decoding: units, as: UTF16.self) }
    /// Its length in units.
    var count: Int { units.count }

    /// Replaces all of it.
    mutating func set(_ text: String) { units = Array(text.utf16) }

    /// Adds to its end.
    mutating func append(_ text: String) { units += text.utf16 }

    /// Replaces a part. Throws where the text does not reach so far.
    mutating func edit(at start: Int, deleting count: Int, inserting text: String) throws(WireError)
    {
        guard start <= units.count, count <= units.count - start else {
            throw .field(
                "start", got: "\(start) with delete \(count)",
                expected: "a part of the text, which has \(units.count) units of UTF-16")
        }
        units.replaceSubrange(start..<(start + count), with: text.utf16)
    }
}
