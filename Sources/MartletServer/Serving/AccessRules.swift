/// Who may ask: keys, and pages of other origins.

import MartletJSON

/// Keys of requests.
struct KeyRule: Sendable {
    private let keys: [(key: String, tenant: String)]

    init(_ configuration: ServerConfiguration) { keys = configuration.keys }

    /// The tenant of a request's key, or why it has none. All keys are compared, whichever is right, and each takes the
    /// same time for keys of its length.
    func tenant(of request: ServerRequest) -> (tenant: String, refusal: WireError?) {
        guard !keys.isEmpty else { return ("", nil) }
        let bearer = request.header("authorization").flatMap { value -> String? in
            let parts = value.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
            return String(parts[1])
        }
        guard let given = bearer ?? request.header("x-api-key") ?? request.header("api-key") else {
            return (
                "",
                WireError(
                    .authentication,
                    "No key: send one as 'Authorization: Bearer KEY' or as 'x-api-key: KEY'.",
                    code: "invalid_api_key")
            )
        }
        var found: String?
        for (key, tenant) in keys where Self.isSame(Array(key.utf8), Array(given.utf8)) {
            found = tenant
        }
        guard let found else {
            return (
                "", WireError(.authentication, "Invalid API Key.", code: "invalid_api_key")
            )
        }
        return (found, nil)
    }

    /// Whether two keys are the same, in a time that depends on the given one's length alone.
    static func isSame(_ key: [UInt8], _ given: [UInt8]) -> Bool {
        var difference = key.count ^ given.count
        for (index, byte) in given.enumerated() {
            let other = key.isEmpty ? 0 : key[index % key.count]
            difference |= Int(byte ^ other)
        }
        return difference == 0 && !key.isEmpty
    }
}

/// Pages of other origins that may read answers.
struct OriginRule: Sendable {
    private let origins: [String]

    init(_ configuration: ServerConfiguration) { origins = configuration.origins }

    /// The headers that let a page read the answer; none where its origin is not allowed.
    func headers(for request: ServerRequest) -> [(name: String, value: String)] {
        guard let origin = request.header("origin"), allows(origin),
            origin.utf8.allSatisfy({ (33...126).contains($0) })
        else { return [] }
        var headers = [
            ("access-control-allow-origin", origin),
            ("access-control-allow-credentials", "true"), ("vary", "Origin"),
            ("access-control-expose-headers", "x-request-id, martlet-ignored, retry-after"),
        ]
        if request.method == "OPTIONS" {
            headers += [
                ("access-control-allow-methods", "GET, POST, DELETE, OPTIONS"),
                ("access-control-allow-headers", "*"), ("access-control-max-age", "600"),
            ]
        }
        return headers.map { (name: $0.0, value: $0.1) }
    }

    private func allows(_ origin: String) -> Bool {
        origins.contains { rule in
            rule == "*" || rule == origin || (rule == "localhost" && Self.isLocal(origin))
        }
    }

    /// Whether an origin is this machine, on any port.
    static func isLocal(_ origin: String) -> Bool {
        for scheme in ["http://", "https://"] where origin.hasPrefix(scheme) {
            var host = origin.dropFirst(scheme.count)
            if host.hasPrefix("[") {
                return host == "[::1]" || host.hasPrefix("[::1]:")
            }
            if let colon = host.firstIndex(of: ":") { host = host[..<colon] }
            return host == "localhost" || host == "127.0.0.1"
        }
        return false
    }
}
