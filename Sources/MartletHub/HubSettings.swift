/// What the environment says of hubs: places, the endpoint, the token, and whether requests are wanted.

import Foundation
import MartletFormats

/// The settings of hub and cache, by the names that every tool of the hub reads.
package struct HubSettings: Sendable {
    /// The address of the hub, without a slash at its end.
    package var endpoint: String
    /// The folder of the cache.
    package var cache: String
    /// What proves to the hub who asks.
    package var token: String?
    /// No request is to be made.
    package var isOffline: Bool
    /// Seconds without a byte after which a question is given up.
    package var questionTimeout: Double
    /// Seconds without a byte after which a download is tried again.
    package var downloadTimeout: Double
    /// Snapshots hold links; otherwise they hold the files themselves.
    package var usesLinks: Bool

    /// Reads an environment.
    ///
    /// - Parameters:
    ///   - environment: names and values.
    ///   - home: the user's folder.
    /// - Throws: ``HubError/badSetting(name:got:expected:)``.
    package init(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        home: String = NSHomeDirectory()
    ) throws(HubError) {
        func value(_ names: String...) -> String? {
            names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        func isTrue(_ names: String...) -> Bool {
            guard
                let text = names.lazy.compactMap({ environment[$0] }).first(where: { !$0.isEmpty })
            else { return false }
            return ["1", "ON", "YES", "TRUE"].contains(text.uppercased())
        }
        func place(_ text: String) -> String { Self.expanded(text, environment, home) }
        func seconds(_ name: String) throws(HubError) -> Double {
            guard let text = value(name) else { return 10 }
            guard let number = Double(text), (0.01...86_400).contains(number) else {
                throw .badSetting(name: name, got: quoted(text), expected: "seconds above 0")
            }
            return number
        }
        let caches = value("XDG_CACHE_HOME").map(place) ?? home + "/.cache"
        let hub = value("HF_HOME").map(place) ?? caches + "/huggingface"
        cache = value("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE").map(place) ?? hub + "/hub"
        var endpoint = value("HF_ENDPOINT") ?? "https://huggingface.co"
        while endpoint.hasSuffix("/") { endpoint.removeLast() }
        guard Origin(endpoint) != nil else {
            throw .badSetting(
                name: "HF_ENDPOINT", got: quoted(endpoint),
                expected: "an address such as https://huggingface.co")
        }
        self.endpoint = endpoint
        isOffline = isTrue("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
        questionTimeout = try seconds("HF_HUB_ETAG_TIMEOUT")
        downloadTimeout = try seconds("HF_HUB_DOWNLOAD_TIMEOUT")
        usesLinks = !isTrue("HF_HUB_DISABLE_SYMLINKS")
        token = nil
        if let text = value("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN") {
            token = try Self.checked(text, "HF_TOKEN")
        } else if !isTrue("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
            let path = value("HF_TOKEN_PATH").map(place) ?? hub + "/token"
            if let data = try? Data(contentsOf: URL(filePath: path)), data.count < 1 << 16 {
                token = try Self.checked(String(decoding: data, as: UTF8.self), path)
            }
        }
    }

    /// A token becomes a line of a request: what is not printable would end that line.
    private static func checked(_ text: String, _ name: String) throws(HubError) -> String? {
        let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), token.utf8.count < 4096 else {
            // What it says is a secret.
            throw .badSetting(
                name: printable(name), got: "no token",
                expected: "letters, digits and signs in one line")
        }
        return token.isEmpty ? nil : token
    }

    /// `~` is the user's folder; `$NAME` and `${NAME}` are variables, as Python expands them.
    private static func expanded(
        _ text: String, _ environment: [String: String], _ home: String
    ) -> String {
        var text = text
        if text == "~" || text.hasPrefix("~/") { text = home + text.dropFirst() }
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            let after = rest[rest.index(after: dollar)...]
            let isBraced = after.first == "{"
            let start = isBraced ? after.dropFirst() : after
            let name = start.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            var end = name.endIndex
            let isClosed = !isBraced || (end < rest.endIndex && rest[end] == "}")
            if isBraced, isClosed { end = rest.index(after: end) }
            if isClosed, !name.isEmpty, let value = environment[String(name)] {
                result += value
            } else {
                result += rest[dollar..<end]
            }
            rest = rest[end...]
        }
        return result + rest
    }
}

/// Whom an address belongs to: a token goes to no other.
package struct Origin: Hashable, Sendable {
    let scheme: String
    let host: String
    let port: Int

    /// The origin of an address; nil when it is not one of HTTP.
    package init?(_ address: String) {
        guard let url = URL(string: address), let scheme = url.scheme?.lowercased(),
            let host = url.host(percentEncoded: false)?.lowercased(), !host.isEmpty,
            scheme == "https" || scheme == "http", url.user == nil
        else { return nil }
        self.scheme = scheme
        self.host = host
        port = url.port ?? (scheme == "https" ? 443 : 80)
    }
}
