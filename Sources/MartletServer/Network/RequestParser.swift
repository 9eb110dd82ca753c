/// HTTP/1.1 requests out of bytes, as strict as one has to be with strangers.
///
/// Whatever two servers in a row could understand differently is refused: line ends that are not CRLF, folded headers, a
/// length beside chunks, lengths that differ.

/// Collects bytes of one connection and cuts them into requests.
package struct RequestParser: Sendable {
    /// What the bytes so far are.
    package enum Outcome: Sendable {
        /// The beginning of a request.
        case incomplete
        /// A head whose sender waits to be told to send the body.
        case wantsContinue
        /// A request, and whether its sender wants to go on with the connection.
        case request(ServerRequest, isOld: Bool, keepsConnection: Bool)
        /// Not HTTP: the connection ends after this.
        case malformed(status: Int, String)
    }

    private struct Head {
        var request: ServerRequest
        var isOld: Bool
        var keepsConnection: Bool
        var length: Int?
        var isChunked = false
        var expectsContinue = false
    }

    private let bodyLimit: Int
    private let headLimit = 64 << 10
    private let headerLimit = 128
    private var buffer: [UInt8] = []
    /// Where the first byte that is not used up lies.
    private var start = 0
    /// How far the end of the head was looked for.
    private var searched = 0
    private var head: Head?
    private var chunks = ChunkedBody()
    /// Whether a line of the head ends without a CR.
    private var endsLineAlone = false

    /// Reads bodies of at most so many bytes; a longer one makes a request that says so.
    package init(bodyLimit: Int) { self.bodyLimit = bodyLimit }

    /// Bytes that wait.
    package var waiting: Int { buffer.count - start }
    /// Whether a request has begun and is not complete.
    package var isInside: Bool { head != nil || waiting > 0 }

    /// Takes more bytes.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if start > 0, start == buffer.count || start > 1 << 16 {
            buffer.removeFirst(start)
            searched = max(0, searched - start)
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// Takes more bytes.
    package mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    /// The next request, if it is complete.
    package mutating func next() -> Outcome {
        if head == nil {
            // Empty lines before a request are allowed.
            while waiting >= 2, buffer[start] == 13, buffer[start + 1] == 10 { start += 2 }
            guard let end = endOfHead() else {
                if endsLineAlone { return .malformed(status: 400, "a line ends without CR") }
                return waiting > headLimit
                    ? .malformed(status: 431, "the headers are longer than \(headLimit) bytes")
                    : .incomplete
            }
            let read = Self.head(buffer[start..<end], headerLimit)
            start = end + 4
            searched = start
            switch read {
            case .failure(let problem): return .malformed(status: 400, problem.text)
            case .success(let found): head = found
            }
            if let found = head, let length = found.length, length > bodyLimit {
                return refuseBody(found)
            }
            if let found = head, found.expectsContinue, waiting == 0 {
                head?.expectsContinue = false
                return .wantsContinue
            }
        }
        guard let current = head else { return .incomplete }
        if current.isChunked {
            switch chunks.read(buffer, &start, limit: bodyLimit) {
            case .incomplete: return .incomplete
            case .malformed: return .malformed(status: 400, "a chunk of the body is malformed")
            case .tooLarge: return refuseBody(current)
            case .complete(let body): return finish(current, body)
            }
        }
        let length = current.length ?? 0
        guard waiting >= length else { return .incomplete }
        let body = Array(buffer[start..<(start + length)])
        start += length
        return finish(current, body)
    }

    private mutating func finish(_ head: Head, _ body: [UInt8]) -> Outcome {
        self.head = nil
        chunks = ChunkedBody()
        searched = start
        var request = head.request
        request.body = body
        return .request(
            request, isOld: head.isOld, keepsConnection: head.keepsConnection)
    }

    /// The request without its body, after which the connection ends.
    private mutating func refuseBody(_ head: Head) -> Outcome {
        var request = head.request
        request.isTooLarge = true
        self.head = nil
        return .request(request, isOld: head.isOld, keepsConnection: false)
    }

    private mutating func endOfHead() -> Int? {
        var index = max(start, searched)
        let last = buffer.count - 3
        while index < buffer.count {
            if index < last, buffer[index] == 13, buffer[index + 1] == 10, buffer[index + 2] == 13,
                buffer[index + 3] == 10
            {
                return index
            }
            if buffer[index] == 10, index == start || buffer[index - 1] != 13 {
                endsLineAlone = true
                return nil
            }
            index += 1
        }
        searched = max(start, last)
        return nil
    }

    // MARK: The head

    private struct Problem: Error {
        let text: String
    }

    private static func head(
        _ bytes: ArraySlice<UInt8>, _ headerLimit: Int
    ) -> Result<Head, Problem> {
        do throws(Problem) {
            return .success(try parse(bytes, headerLimit))
        } catch { return .failure(error) }
    }

    private static func parse(
        _ bytes: ArraySlice<UInt8>, _ headerLimit: Int
    ) throws(Problem) -> Head {
        var lines: [ArraySlice<UInt8>] = []
        var begin = bytes.startIndex
        var index = begin
        while index < bytes.endIndex {
            if bytes[index] == 10 { throw Problem(text: "a line ends without CR") }
            if bytes[index] == 0 { throw Problem(text: "a header holds a zero byte") }
            if bytes[index] == 13 {
                guard index + 1 < bytes.endIndex, bytes[index + 1] == 10 else {
                    throw Problem(text: "a line ends without LF")
                }
                lines.append(bytes[begin..<index])
                index += 2
                begin = index
                continue
            }
            index += 1
        }
        lines.append(bytes[begin...])
        guard lines.count <= headerLimit + 1 else {
            throw Problem(text: "there are more than \(headerLimit) headers")
        }
        let parts = lines[0].split(separator: 32, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, parts[0].allSatisfy(isToken),
            parts[0].count <= 32, let first = parts[1].first,
            first == UInt8(ascii: "/") || parts[1].elementsEqual("*".utf8),
            parts[1].allSatisfy({ $0 > 32 && $0 != 127 }),
            parts[2].elementsEqual("HTTP/1.1".utf8) || parts[2].elementsEqual("HTTP/1.0".utf8)
        else { throw Problem(text: "the first line is none of HTTP/1.1") }
        let isOld = parts[2].last == UInt8(ascii: "0")
        var headers: [(name: String, value: String)] = []
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
                line[..<colon].allSatisfy(isToken)
            else { throw Problem(text: "a header has no name") }
            var value = line[(colon + 1)...]
            while let byte = value.first, byte == 32 || byte == 9 { value = value.dropFirst() }
            while let byte = value.last, byte == 32 || byte == 9 { value = value.dropLast() }
            headers.append(
                (
                    String(decoding: line[..<colon], as: UTF8.self),
                    String(decoding: value, as: UTF8.self)
                ))
        }
        let request = ServerRequest(
            String(decoding: parts[0], as: UTF8.self), String(decoding: parts[1], as: UTF8.self),
            headers: headers)
        var head = Head(request: request, isOld: isOld, keepsConnection: !isOld)
        try readFraming(request, into: &head)
        return head
    }

    private static func readFraming(
        _ request: ServerRequest, into head: inout Head
    ) throws(Problem) {
        let lengths = request.headers.filter { $0.name == "content-length" }.map(\.value)
        let codings = request.headers.filter { $0.name == "transfer-encoding" }.map(\.value)
        if let text = lengths.first {
            guard lengths.allSatisfy({ $0 == text }), !text.isEmpty, text.utf8.count < 19,
                text.utf8.allSatisfy({ (48...57).contains($0) }), let length = Int(text)
            else { throw Problem(text: "content-length is no length") }
            head.length = length
        }
        if !codings.isEmpty {
            guard lengths.isEmpty, codings.count == 1, codings[0].lowercased() == "chunked",
                !head.isOld
            else { throw Problem(text: "transfer-encoding is another than chunked alone") }
            head.isChunked = true
        }
        if request.header("expect")?.lowercased() == "100-continue" {
            head.expectsContinue = !head.isOld
        }
        let wishes = (request.header("connection") ?? "").lowercased()
        if wishes.contains("close") { head.keepsConnection = false }
        if head.isOld, wishes.contains("keep-alive") { head.keepsConnection = true }
    }

    /// Whether a byte may stand in a method or in the name of a header.
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
