/// A small HTTP server on loopback: a thread for each connection, and answers that may break off, stall or drip.

import Foundation
import Synchronization

/// What a client asked.
struct ServedRequest: Sendable {
    let method: String
    /// The path as it was sent, quoted, without what follows `?`.
    let path: String
    let query: String
    let headers: [String: String]

    /// The bytes that a `Range` asks for, of a content of `count` bytes.
    func range(of count: Int) -> Range<Int>? {
        guard let text = headers["range"], text.hasPrefix("bytes=") else { return nil }
        let ends = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Int(ends[0]) else { return nil }
        return first..<min(count, (Int(ends[1]) ?? count - 1) + 1)
    }
}

/// What the server says.
struct ServedAnswer: Sendable {
    var status = 200
    var headers: [(String, String)] = []
    var body: [UInt8] = []
    /// The connection closes after so many bytes of the body.
    var cutAfter: Int?
    /// Nothing more comes after so many bytes of the body.
    var stallAfter: Int?
    /// So many bytes at once, with pauses.
    var drip: (bytes: Int, seconds: Double)?
    /// Announces more than there is, or nothing.
    var length: Int?

    static func json(_ text: String) -> ServedAnswer {
        ServedAnswer(headers: [("Content-Type", "application/json")], body: Array(text.utf8))
    }

    static func error(_ status: Int, _ code: String? = nil) -> ServedAnswer {
        ServedAnswer(
            status: status, headers: code.map { [("X-Error-Code", $0)] } ?? [],
            body: Array(#"{"error": "no"}"#.utf8))
    }
}

/// Listens on a port of its own until it is stopped.
final class LoopbackServer: Sendable {
    let port: Int
    private let listener: Int32
    private let isStopped = Mutex(false)
    private let answer: @Sendable (ServedRequest) -> ServedAnswer
    private let log = Mutex<[ServedRequest]>([])
    private let sent = Mutex(0)

    init(_ answer: @escaping @Sendable (ServedRequest) -> ServedAnswer) throws {
        self.answer = answer
        #if canImport(Darwin)
            let stream = SOCK_STREAM
        #else
            let stream = Int32(SOCK_STREAM.rawValue)
        #endif
        listener = socket(AF_INET, stream, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        guard isBound else { throw POSIXError(.EADDRNOTAVAIL) }
        Thread.detachNewThread { self.accept() }
    }

    deinit { stop() }

    /// Ends the listening; a request that comes later finds nobody.
    func stop() {
        let wasStopped = isStopped.withLock { stopped in
            defer { stopped = true }
            return stopped
        }
        guard !wasStopped else { return }
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    var address: String { "http://127.0.0.1:\(port)" }
    /// All that was asked so far.
    var requests: [ServedRequest] { log.withLock { $0 } }
    /// Bytes of bodies so far.
    var sentBytes: Int { sent.withLock { $0 } }

    private func accept() {
        while true {
            #if canImport(Darwin)
                let connection = Darwin.accept(listener, nil, nil)
            #else
                let connection = Glibc.accept(listener, nil, nil)
            #endif
            guard connection >= 0 else { return }
            Thread.detachNewThread { [weak self] in
                var one: Int32 = 1
                setsockopt(
                    connection, Int32(IPPROTO_TCP), TCP_NODELAY, &one,
                    socklen_t(MemoryLayout<Int32>.size))
                self?.serve(connection)
                close(connection)
            }
        }
    }

    private func serve(_ connection: Int32) {
        var input: [UInt8] = []
        while let request = read(connection, &input) {
            log.withLock { $0.append(request) }
            guard write(answer(request), to: request, connection) else { return }
        }
    }

    private func read(_ connection: Int32, _ input: inout [UInt8]) -> ServedRequest? {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let found = input.firstRange(of: end) {
                let lines = String(decoding: input[..<found.lowerBound], as: UTF8.self)
                    .components(separatedBy: "\r\n")
                input.removeSubrange(..<found.upperBound)
                let words = lines[0].split(separator: " ")
                guard words.count == 3 else { return nil }
                let parts = words[1].split(separator: "?", maxSplits: 1)
                var headers: [String: String] = [:]
                for line in lines.dropFirst() {
                    let pair = line.split(separator: ":", maxSplits: 1)
                    guard pair.count == 2 else { continue }
                    headers[pair[0].lowercased()] = pair[1].trimmingCharacters(in: .whitespaces)
                }
                return ServedRequest(
                    method: String(words[0]), path: String(parts[0]),
                    query: parts.count > 1 ? String(parts[1]) : "", headers: headers)
            }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0, input.count < 1 << 16 else { return nil }
            input += buffer[..<count]
        }
    }

    /// Returns whether the connection can be used again.
    private func write(
        _ answer: ServedAnswer, to request: ServedRequest, _ connection: Int32
    ) -> Bool {
        var head = "HTTP/1.1 \(answer.status) x\r\n"
        for (name, value) in answer.headers { head += "\(name): \(value)\r\n" }
        if !answer.headers.contains(where: { $0.0 == "Content-Length" }) {
            head += "Content-Length: \(answer.length ?? answer.body.count)\r\n"
        }
        guard send(Array((head + "\r\n").utf8)[...], connection) else { return false }
        guard request.method != "HEAD" else { return true }
        let end = min(answer.cutAfter ?? .max, answer.stallAfter ?? .max, answer.body.count)
        var rest = answer.body[..<end]
        while !rest.isEmpty {
            let part = rest.prefix(answer.drip?.bytes ?? rest.count)
            guard send(part, connection) else { return false }
            sent.withLock { $0 += part.count }
            rest = rest.dropFirst(part.count)
            if let drip = answer.drip { Thread.sleep(forTimeInterval: drip.seconds) }
        }
        if answer.stallAfter != nil {
            // Until the client has enough of it.
            var byte: UInt8 = 0
            _ = recv(connection, &byte, 1, 0)
            return false
        }
        return answer.cutAfter == nil
    }

    private func send(_ bytes: ArraySlice<UInt8>, _ connection: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { buffer in
                #if canImport(Darwin)
                    Darwin.send(connection, buffer.baseAddress, buffer.count, 0)
                #else
                    Glibc.send(
                        connection, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
                #endif
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
