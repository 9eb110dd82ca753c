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
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Credentials", "true"), ("Vary", "Origin"),
            (
                "Access-Control-Expose-Headers",
                "x-request-id, martlet-ignored, retry-after, \(PromptAffinity.header)"
            ),
        ]
        if request.method == "OPTIONS" {
            headers += [
                ("Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS"),
                // The star stands for all but the first.
                (
                    "Access-Control-Allow-Headers",
                    "Authorization, Content-Type, X-Api-Key, Api-Key, \(PromptAffinity.header), *"
                ),
                ("Access-Control-Max-Age", "600"),
            ]
        }
        return headers.map { (name: $0.0, value: $0.1) }
    }

    fileprivate func allows(_ origin: String) -> Bool {
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

/// Keeps web pages away from a server without keys, where nothing else tells them from its users.
struct PageRule: Sendable {
    private let origins: OriginRule
    /// Names of this server; nil for any.
    private let hosts: Set<String>?
    private let asksForKeys: Bool

    init(_ configuration: ServerConfiguration) {
        origins = OriginRule(configuration)
        asksForKeys = !configuration.keys.isEmpty
        hosts =
            configuration.isOpen
            ? nil
            : Set(["localhost", "127.0.0.1", "::1"] + configuration.hosts.map(Self.name))
    }

    /// Why a request is not answered: it came to a name that is not the server's, as after DNS rebinding, or from a page of
    /// another origin. Nil where it is.
    func refusal(of request: ServerRequest) -> WireError? {
        guard !asksForKeys else { return nil }
        let asked = request.headers.filter { $0.name == "host" }.map(\.value)
        if let hosts, let other = asked.first(where: { !hosts.contains(Self.name($0)) }) {
            return WireError(
                .permission,
                "host: '\(other.prefix(80))' is no name of this server; ask for localhost, or start it with --host, "
                    + "--open or --api-key.", code: "host_not_allowed")
        }
        // Who only asks what is allowed runs nothing; the answer's headers tell a browser.
        guard request.method != "OPTIONS" else { return nil }
        let pages = request.headers.filter { $0.name == "origin" }.map(\.value)
        if let other = pages.first(where: { !isSame($0, asked) && !origins.allows($0) }) {
            return WireError(
                .permission,
                "origin: pages of '\(other.prefix(80))' may not ask; start the server with --origin to let them.",
                code: "origin_not_allowed")
        }
        return nil
    }

    /// Whether an origin is what was asked for.
    private func isSame(_ origin: String, _ asked: [String]) -> Bool {
        let origin = origin.lowercased()
        return asked.contains { host in
            let host = host.lowercased()
            return !host.isEmpty && (origin == "http://" + host || origin == "https://" + host)
        }
    }

    /// A host without its port, in small letters.
    private static func name(_ host: String) -> String {
        let host = host.lowercased()
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
            return String(host[host.index(after: host.startIndex)..<end])
        }
        let parts = host.split(separator: ":", omittingEmptySubsequences: false)
        // More than one colon are those of an address.
        return parts.count == 2 ? String(parts[0]) : host
    }
}
