/// The server on a socket: HTTP as clients speak it.

import Foundation
import Martlet
import MartletJSON
import MartletServer
import Testing

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

    func send(_ text: String) {
        let bytes = Array(text.utf8)
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

    /// Reads until the text holds a mark, or the connection ends.
    func read(until mark: String? = nil) -> String {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        while true {
            if let mark, String(decoding: bytes, as: UTF8.self).contains(mark) { break }
            let count = recv(descriptor, &part, part.count, 0)
            guard count > 0 else { break }
            bytes += part[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

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

@Suite(.serialized) struct NetworkTests {
    private static func listening(
        limits: ConnectionLimits = ConnectionLimits(),
        _ change: (inout ServerConfiguration) -> Void = { _ in }
    ) async throws -> (listener: Listener, port: Int, server: TestServer) {
        let server = try await TestServer("random:tiny", change)
        let listener = Listener(server.server, limits: limits)
        return (listener, try listener.listen(hosts: ["127.0.0.1"], port: 0), server)
    }

    private static func request(_ path: String, _ body: String, _ more: String = "") -> String {
        "POST \(path) HTTP/1.1\r\nHost: localhost:1\r\nContent-Length: \(body.utf8.count)\r\n\(more)\r\n\(body)"
    }

    @Test func connectionsAreKeptAndAnswersFollowEachOther() async throws {
        let (listener, port, _) = try await Self.listening()
        let text = try await onThread {
            let client = try RawClient(port: port)
            defer { client.end() }
            // Two requests in one piece, the second one the last.
            client.send(
                "GET /health HTTP/1.1\r\nHost: localhost:1\r\n\r\nGET /v1/models HTTP/1.1\r\nConnection: close\r\n\r\n"
            )
            return client.read()
        }
        let first = try #require(text.range(of: "{\"status\":\"ok\"}"))
        let second = try #require(text.range(of: "\"object\":\"list\""))
        #expect(first.upperBound < second.lowerBound)
        #expect(text.components(separatedBy: "HTTP/1.1 200 OK").count == 3)
        #expect(text.contains("connection: keep-alive"))
        #expect(text.contains("connection: close"))
        await listener.stop(within: .seconds(5))
        #expect(listener.connectionCount == 0)
    }

    @Test func streamsComeInChunks() async throws {
        let (listener, port, _) = try await Self.listening()
        let text = try await onThread {
            let client = try RawClient(port: port)
            defer { client.end() }
            client.send(
                Self.request(
                    "/v1/completions", #"{"prompt": "Hello", "max_tokens": 3, "stream": true}"#,
                    "Expect: 100-continue\r\nConnection: close\r\n"))
            return client.read()
        }
        #expect(text.contains("transfer-encoding: chunked"))
        #expect(text.contains("data: [DONE]"))
        #expect(text.hasSuffix("\r\n0\r\n\r\n"))
        await listener.stop(within: .seconds(5))
    }

    @Test func strangersAreAnsweredOrShutOut() async throws {
        let (listener, port, _) = try await Self.listening { $0.bodyLimit = 1000 }
        for (sent, expected) in [
            ("nonsense\r\n\r\n", "HTTP/1.1 400"), ("GET / HTTP/1.1\n\n", "HTTP/1.1 400"),
            ("POST /v1/completions HTTP/1.1\r\nContent-Length: 99999\r\n\r\n", "HTTP/1.1 413"),
            (Self.request("/v1/completions", "{", "Connection: close\r\n"), "HTTP/1.1 400"),
            ("HEAD /health HTTP/1.0\r\n\r\n", "HTTP/1.1 200"),
        ] {
            let text = try await onThread {
                let client = try RawClient(port: port)
                defer { client.end() }
                client.send(sent)
                return client.read()
            }
            #expect(text.hasPrefix(expected), "\(sent.debugDescription): \(text)")
        }
        await listener.stop(within: .seconds(5))
    }

    @Test func aClosedConnectionEndsItsAnswer() async throws {
        let (listener, port, server) = try await Self.listening()
        try await onThread {
            let client = try RawClient(port: port)
            client.send(
                Self.request(
                    "/v1/completions",
                    #"{"prompt": "Hello", "max_tokens": 100000, "temperature": 1.0, "stream": true}"#
                ))
            _ = client.read(until: "data: ")
            client.end()
        }
        var running = 1
        for _ in 0..<500 where running > 0 {
            try await Task.sleep(for: .milliseconds(10))
            let slots = try await server.send("GET", "/slots").json()
            running = slots.arrayValue?.filter { $0["is_processing"] == true }.count ?? 0
        }
        #expect(running == 0)
        await listener.stop(within: .seconds(5))
        #expect(listener.connectionCount == 0)
    }

    /// Bytes that a client sends do not count as bytes that it takes, before its last request or after.
    @Test(arguments: ["", "Connection: close\r\n"])
    func whoNeverReadsIsShutOut(header: String) async throws {
        var limits = ConnectionLimits()
        limits.write = .milliseconds(300)
        limits.sweep = .milliseconds(50)
        let (listener, port, _) = try await Self.listening(limits: limits)
        let client = try RawClient(port: port)
        defer { client.end() }
        let ask = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n"
        // More than the system keeps for a client.
        client.send(String(repeating: ask + "\r\n", count: 1500) + ask + header + "\r\n")
        for _ in 0..<200 where listener.connectionCount == 0 {
            try await Task.sleep(for: .milliseconds(5))
        }
        for _ in 0..<400 where listener.connectionCount > 0 {
            client.send("\r\n")
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(listener.connectionCount == 0)
        await listener.stop(within: .zero)
    }

    @Test func aShortageIsToldFromNothingToTake() {
        for code in [EMFILE, ENFILE, ENOBUFS, ENOMEM] { #expect(Socket.isShortage(code)) }
        for code in [EAGAIN, EWOULDBLOCK, EINTR, ECONNABORTED] { #expect(!Socket.isShortage(code)) }
    }

    @Test func answersMayEndWhenTheServerDoes() async throws {
        let (listener, port, server) = try await Self.listening()
        async let answered = onThread {
            let client = try RawClient(port: port)
            defer { client.end() }
            client.send(
                Self.request(
                    "/v1/completions",
                    #"{"prompt": "Hello", "max_tokens": 60, "temperature": 1.0, "stream": true}"#))
            return client.read()
        }
        // The answer is under way.
        for _ in 0..<500 where server.service.openAnswers == 0 {
            try await Task.sleep(for: .milliseconds(2))
        }
        await listener.stop(within: .seconds(20))
        #expect(try await answered.contains("data: [DONE]"))
        #expect(await server.send("GET", "/health").status == 503)
        #expect(throws: RawClient.Refused.self) { try RawClient(port: port) }
    }
}
