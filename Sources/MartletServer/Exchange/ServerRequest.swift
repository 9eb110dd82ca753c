/// One request as it came, and the names of what stands in it.

/// A request over HTTP, whole: nothing of it is read yet.
package struct ServerRequest: Sendable {
    /// `GET`, `POST` and the like.
    package var method: String
    /// The path, without the question mark and what follows it, percent signs resolved.
    package var path: String
    /// What follows the question mark, by name.
    package var query: [String: String]
    /// Headers in their order, names in small letters.
    package var headers: [(name: String, value: String)]
    /// The body.
    package var body: [UInt8]
    /// Whether the body is larger than is read; then ``body`` is empty.
    package var isTooLarge = false

    /// Describes a request; `target` is a path with an optional query.
    package init(
        _ method: String, _ target: String, headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        self.method = method
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = Self.decoded(parts.first.map(String.init) ?? "/")
        var query: [String: String] = [:]
        for pair in (parts.count > 1 ? parts[1] : "").split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query[Self.decoded(String(sides[0]))] =
                sides.count > 1 ? Self.decoded(String(sides[1])) : ""
        }
        self.query = query
        self.headers = headers.map { (name: $0.name.lowercased(), value: $0.value) }
        self.body = body
    }

    /// The first header of this name, in small letters.
    package func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }

    /// A text with its percent signs resolved; as it is where they are malformed.
    private static func decoded(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%") {
                guard index + 2 < bytes.count,
                    let value = UInt8(
                        String(decoding: bytes[(index + 1)...(index + 2)], as: UTF8.self), radix: 16
                    )
                else { return text }
                result.append(value)
                index += 3
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(validating: result, as: UTF8.self) ?? text
    }
}
