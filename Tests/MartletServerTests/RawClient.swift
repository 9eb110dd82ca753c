/// A client on a bare socket, and servers that listen for it.

import Foundation
import Martlet
import MartletServer

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A client that blocks, for a thread of its own.
struct RawClient {
    /// Nobody listens.
    struct Refused: Error {}

    let descriptor: Int32

    init(port: Int) throws {
        #if canImport(Glibc)
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Refused() }
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Self.send(descriptor, $0.baseAddress! + done, bytes.count - done)
            }
            guard count > 0 else { return }
            done += count
        }
    }

    /// Writes without a signal where the server has closed the connection.
    private static func send(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.send(descriptor, bytes, count, Int32(MSG_NOSIGNAL))
        #else
            Darwin.send(descriptor, bytes, count, 0)
        #endif
    }

    /// Reads until the text holds a mark, or the connection ends. What comes behind the mark is left unread only where
    /// the text is read `exactly`.
    func read(until mark: String? = nil, exactly: Bool = false) -> String {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: exactly ? 1 : 4096)
        while true {
            if let mark, String(decoding: bytes, as: UTF8.self).contains(mark) { break }
            let count = recv(descriptor, &part, part.count, 0)
            guard count > 0 else { break }
            bytes += part[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads so many bytes; nil where the connection ends before.
    func read(count: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: max(1, count))
        while bytes.count < count {
            let got = recv(descriptor, &part, count - bytes.count, 0)
            guard got > 0 else { return nil }
            bytes += part[..<got]
        }
        return bytes
    }

    /// Says that nothing more is sent.
    func finishSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    func end() { _ = close(descriptor) }
}

/// Runs what blocks on a thread of its own, so that the server keeps Swift's threads.
func onThread<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Swift.Result { try body() }) }.start()
    }
}

/// A server that listens, with what it answers from.
#if Server
    struct ListeningServer {
        let listener: Listener
        let port: Int
        let server: TestServer

        init(
            limits: ConnectionLimits = ConnectionLimits(), mostConnections: Int = 16_384,
            _ change: (inout ServerConfiguration) -> Void = { _ in }
        ) async throws {
            server = try await TestServer("random:tiny", change)
            listener = Listener(
                server.server, mostConnections: mostConnections, limits: limits)
            port = try await listener.listen(hosts: ["127.0.0.1"], port: 0)
        }

        /// What a client reads that sends these bytes, until the connection ends.
        func answer(to bytes: [UInt8], finishes: Bool = false) async throws -> String {
            let port = port
            return try await onThread {
                let client = try RawClient(port: port)
                defer { client.end() }
                client.send(bytes)
                if finishes { client.finishSending() }
                return client.read()
            }
        }

        func answer(to text: String) async throws -> String {
            try await answer(to: Array(text.utf8))
        }

        /// A request with a body.
        static func request(_ path: String, _ body: String, _ more: String = "") -> String {
            "POST \(path) HTTP/1.1\r\nHost: localhost:1\r\nContent-Length: \(body.utf8.count)\r\n\(more)\r\n\(body)"
        }
    }
#endif
