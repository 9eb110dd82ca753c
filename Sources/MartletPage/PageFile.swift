/// The files of the server's page, which lie inside of the program: by path, with what HTTP says of them.

import CMartletPage

/// A file of the page.
public struct PageFile: Sendable {
    /// Its path on the server, such as `/view/chart.js`; the document is `/`.
    public let path: String
    /// What it is, for the header `Content-Type`.
    public let contentType: String
    /// A text that changes with the file, for the headers `ETag` and `If-None-Match`.
    public let tag: String
    /// Its content.
    public let bytes: [UInt8]

    /// All files, by their paths.
    public static let all: [String: PageFile] = {
        let files = (0..<mp_file_count()).map { PageFile(mp_file_at($0)) }
        return Dictionary(files.map { ($0.path, $0) }) { first, _ in first }
    }()

    /// What a page of this server may load and reach: scripts, styles and connections of its own server, nothing else. For
    /// the header `Content-Security-Policy`.
    public static let securityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    /// The headers that the file is sent with. A browser asks again with the tag: a new version of the server has a new page.
    public var headers: [(name: String, value: String)] {
        [
            ("content-type", contentType), ("etag", tag), ("cache-control", "no-cache"),
            ("content-security-policy", Self.securityPolicy), ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
        ]
    }

    private init(_ file: mp_file) {
        let name = String(cString: file.path)
        path = name == "index.html" ? "/" : "/" + name
        contentType = Self.contentType(of: name)
        bytes = Array(UnsafeBufferPointer(start: file.bytes, count: file.count))
        tag = "\"" + String(Self.hash(bytes), radix: 16) + "\""
    }

    private static func contentType(of name: String) -> String {
        switch name.split(separator: ".").last {
        case "html": "text/html; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "js": "text/javascript; charset=utf-8"
        case "svg": "image/svg+xml"
        default: "application/octet-stream"
        }
    }

    /// FNV-1a over 64 bits: equal files have equal tags, and nobody gains by making two that are equal.
    private static func hash(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
