/// Writes one answer to a connection, in HTTP/1.1.

import Synchronization

/// The way back of one request.
final class ConnectionSink: ResponseSink {
    private struct State {
        /// A head that waits for its body, so that both go in one piece.
        var head: [UInt8]?
        var isChunked = false
        var hasBegun = false
    }

    private let connection: any ByteChannel
    private let isOld: Bool
    private let hasBody: Bool
    private let keepsConnection: Bool
    private let state = Mutex(State())

    init(
        _ connection: any ByteChannel, isOld: Bool, hasBody: Bool, keepsConnection: Bool
    ) {
        self.connection = connection
        self.isOld = isOld
        self.hasBody = hasBody
        self.keepsConnection = keepsConnection
    }

    func begin(status: Int, headers: [(name: String, value: String)]) async throws(WireError) {
        var text = "HTTP/1.1 \(status) \(StatusPhrase.of(status))\r\nserver: martlet\r\n"
        var hasLength = false
        for header in headers {
            text += "\(header.name): \(Self.oneLine(header.value))\r\n"
            if header.name == "content-length" { hasLength = true }
        }
        let isChunked = !hasLength && !isOld && hasBody
        if isChunked { text += "transfer-encoding: chunked\r\n" }
        // Without a length or chunks the end of the connection is the end of the answer.
        let keeps = keepsConnection && (hasLength || isChunked)
        text += "connection: \(keeps ? "keep-alive" : "close")\r\n\r\n"
        if !keeps { connection.endAfterAnswer() }
        let bytes = Array(text.utf8)
        state.withLock { state in
            state.hasBegun = true
            state.isChunked = isChunked
            if hasLength { state.head = bytes }
        }
        if !hasLength { try await connection.write(bytes) }
    }

    func write(_ bytes: [UInt8]) async throws(WireError) {
        let (head, isChunked) = state.withLock { state in
            defer { state.head = nil }
            return (state.head ?? [], state.isChunked)
        }
        guard hasBody else { return try await connection.write(head) }
        // An empty chunk would be the last one.
        guard !bytes.isEmpty || !head.isEmpty else { return }
        guard isChunked else { return try await connection.write(head + bytes) }
        try await connection.write(
            Array((String(bytes.count, radix: 16) + "\r\n").utf8) + bytes + [13, 10])
    }

    /// Ends the answer. One that has not begun, because nobody reads it, ends the connection.
    func finish() {
        let (hasBegun, head, isChunked) = state.withLock { state in
            (state.hasBegun, state.head, state.isChunked)
        }
        guard hasBegun else { return connection.close() }
        if let head { connection.send(head) }
        if isChunked { connection.send(Array("0\r\n\r\n".utf8)) }
    }

    /// A value that cannot begin another header.
    private static func oneLine(_ value: String) -> String {
        value.utf8.contains { $0 < 32 || $0 == 127 }
            ? String(decoding: value.utf8.map { $0 < 32 || $0 == 127 ? 32 : $0 }, as: UTF8.self)
            : value
    }
}

/// The words beside a status.
enum StatusPhrase {
    static func of(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 204: "No Content"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 413: "Content Too Large"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        default: status < 500 ? "Refused" : "Failed"
        }
    }
}
