/// A JSON text parsed into one flat array of nodes, for files with hundreds of thousands of strings.

/// A parsed JSON text (RFC 8259, strictly: no comments, no trailing commas, no lone surrogates).
///
/// One array of nodes and one of bytes replace a tree of objects, so a vocabulary costs two allocations. Strings are
/// bytes: `String` keys would merge canonically equivalent tokens. A key may occur twice in an object here;
/// ``JSONValue`` refuses that.
package struct JSONDocument: Sendable {
    package enum Kind: UInt8, Sendable {
        case null, bool, integer, number, string, array, object
    }

    struct Node {
        var kind: Kind
        /// Strings: bytes in `strings`. Objects and arrays: members or elements.
        var count: Int32
        /// Strings: where the bytes begin in `strings`. Objects and arrays: the node after the last descendant.
        var position: Int32
        /// Integers: the value. Numbers: the bits of the double. Booleans: 1 or 0. Objects: the byte of the text
        /// at which they begin.
        var payload: Int64
    }

    /// The name that errors give to the text.
    let file: String
    /// Values in the order of the text; a member of an object is a string and the value after it.
    let nodes: [Node]
    /// The bytes of all strings, escapes decoded; valid UTF-8 within each string.
    let strings: [UInt8]

    /// Parses a text. Takes time linear in it.
    ///
    /// - Parameters:
    ///   - bytes: the text in UTF-8, with nothing but white space around the value.
    ///   - file: the name that errors give to the text.
    ///   - maximumValues: how many values the text may hold.
    ///   - allowsByteOrderMark: whether the text may begin with a byte order mark, as some editors write it.
    package init(
        _ bytes: Span<UInt8>, file: String,
        maximumValues: Int = JSONValue.defaultMaximumValues, allowsByteOrderMark: Bool = false
    ) throws(JSONError) {
        guard bytes.count <= Int(Int32.max) else {
            throw JSONError(
                file: file, offset: 0, got: "a text of \(bytes.count) bytes",
                expected: "at most \(Int32.max)")
        }
        var parser = JSONParser(bytes, file: file, maximumValues: maximumValues)
        try parser.parseDocument(bytes, allowsByteOrderMark: allowsByteOrderMark)
        self.file = file
        nodes = parser.nodes
        strings = parser.strings
    }

    /// The outermost value.
    package var root: JSONNode { JSONNode(index: 0) }
}

/// A value of a ``JSONDocument``, by the index of its node.
package struct JSONNode: Sendable {
    let index: Int
}
