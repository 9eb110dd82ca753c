/// A path that a server answers at, with what its documentation says of it.

/// One row of the table of endpoints.
package struct Endpoint: Sendable {
    /// What runs for a request.
    package typealias Handler = @Sendable (Exchange, Service) async throws(WireError) -> Void
    /// Reads what a request asks of the model, without running anything.
    typealias Reader = @Sendable (Exchange, Service) throws(WireError) -> [AnswerRequest]

    /// `GET`, `POST` and the like.
    package let method: String
    /// The path; a part `{name}` stands for any text without a slash.
    package let path: String
    /// Other paths with the same meaning.
    package let aliases: [String]
    /// Whose shape its errors have.
    package let shape: WireShape
    /// Whether it needs no key.
    package let isPublic: Bool
    /// What it does, in one sentence.
    package let summary: String
    /// The type of its body.
    package let bodyType: String
    /// The fields that its body takes, in words, by name.
    package let fields: [String: String]
    /// What runs.
    package let handle: Handler
    /// What its requests ask of the model; nil where they cannot be part of a batch.
    let asks: Reader?

    init(
        _ method: String, _ path: String, aliases: [String] = [], shape: WireShape,
        isPublic: Bool = false, summary: String, bodyType: String = "application/json",
        fields: [String: String] = [:],
        asks: Reader? = nil, handle: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.aliases = aliases
        self.shape = shape
        self.isPublic = isPublic
        self.summary = summary
        self.bodyType = bodyType
        self.fields = fields
        self.asks = asks
        self.handle = handle
    }

    /// The value of each `{name}` where a path is one of the endpoint's; nil where it is another.
    func match(_ path: String) -> [String: String]? {
        for pattern in [self.path] + aliases {
            if let found = Self.match(pattern, path) { return found }
        }
        return nil
    }

    private static func match(_ pattern: String, _ path: String) -> [String: String]? {
        guard pattern.contains("{") else { return pattern == path ? [:] : nil }
        let wanted = pattern.split(separator: "/", omittingEmptySubsequences: false)
        let got = path.split(separator: "/", omittingEmptySubsequences: false)
        // The name of a model may hold slashes: the last part takes the rest.
        guard got.count == wanted.count || (got.count > wanted.count && wanted.last?.first == "{")
        else { return nil }
        var found: [String: String] = [:]
        for (index, part) in wanted.enumerated() {
            let isLast = index == wanted.count - 1
            let text = isLast ? got[index...].joined(separator: "/") : String(got[index])
            if part.first == "{" {
                guard !text.isEmpty else { return nil }
                found[String(part.dropFirst().dropLast())] = text
            } else if part != text {
                return nil
            }
        }
        return found
    }
}
