/// Bytes at a socket: requests in any pieces are read as the same, and what is none is refused.

#if Server
    import Foundation
    import Martlet
    import MartletJSON
    import MartletServer
    import MartletTestSupport
    import Testing

    @Suite struct SocketMutantTests {
        private static let shared = Task {
            try await ListeningServer {
                $0.bodyLimit = 1000
                $0.chatTemplate = TestServer.chatML
            }
        }

        private static func statuses(_ text: String) -> [Int] {
            text.matches(of: #/HTTP/1\.[01] (\d{3})/#).compactMap { Int($0.1) }
        }

        /// However requests are cut into pieces, they are read as the same; damaged ones are refused or read.
        @Test func damagedRequestsAreAnswered() async throws {
            let server = try await Self.shared.value
            let body = #"{"messages":[{"role":"user","content":"hello there"}]}"#
            let valid = Array(
                (ListeningServer.request("/apply-template?a=b%20c", body)
                    + "POST /apply-template HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\n"
                    + body.prefix(3) + "\r\n\(String(body.utf8.count - 3, radix: 16));x=y\r\n"
                    + body.dropFirst(3)
                    + "\r\n0\r\nT: v\r\n\r\n")
                    .utf8)
            let port = server.port
            let seen = try await onThread {
                var generator = SeededGenerator(seed: 3)
                var mutator = Mutator(seed: 5)
                var seen: [(isValid: Bool, text: String)] = []
                for number in 0..<400 {
                    let isValid = number < 40
                    let bytes = isValid ? valid : mutator.mutate(valid, with: valid)
                    let client = try RawClient(port: port)
                    var place = 0
                    while place < bytes.count {
                        let end = min(bytes.count, place + 1 + generator.below(isValid ? 40 : 400))
                        client.send(Array(bytes[place..<end]))
                        place = end
                    }
                    if !isValid { client.finishSending() }
                    seen.append((isValid, client.read()))
                    client.end()
                }
                return seen
            }
            let known = "hello there<|im_end|>"
            var refused = 0
            for (isValid, text) in seen {
                let statuses = Self.statuses(text)
                if isValid {
                    #expect(statuses == [200, 200])
                    #expect(text.components(separatedBy: known).count == 3, "\(text)")
                }
                #expect(statuses.allSatisfy { (100..<500).contains($0) }, "\(text)")
                if statuses.contains(400) { refused += 1 }
            }
            #expect(refused > 40)
            #expect(try await server.answer(to: "GET /health HTTP/1.0\r\n\r\n").contains(" 200 OK"))
        }

        @Test(arguments: [
            "GET / HTTP/1.1\nHost: h\n\n", "GET / HTTP/2\r\n\r\n", "GET / HTTP/2.0\r\n\r\n",
            "GET x HTTP/1.1\r\n\r\n", "GET http://h/ HTTP/1.1\r\n\r\n",
            "G(T / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n a: b\r\n\r\n",
            "GET / HTTP/1.1\r\na: b\r\n c: d\r\n\r\n", "GET / HTTP/1.1\r\na : b\r\n\r\n",
            "GET / HTTP/1.1\r\na: b\u{0}\r\n\r\n", "GET / HTTP/1.1\r\na: b\rc: d\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length: +1\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked, chunked\r\n\r\n",
            "POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n",
        ])
        func whatTwoServersCouldReadDifferentlyIsRefused(text: String) async throws {
            let answer = try await Self.shared.value.answer(to: text)
            #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(text.debugDescription): \(answer)")
            #expect(answer.contains("\"invalid_request_error\""))
            #expect(answer.contains("connection: close\r\n"))
        }

        /// A body that breaks off is refused too, whatever came of the request's head.
        @Test(arguments: [
            "zz\r\n", "1\r\nabc", "1;a\nb\r\nc\r\n0\r\n\r\n", "1;a\rb\r\nc\r\n0\r\n\r\n",
            "0\r\na: b\nc: d\r\n\r\n", "fffffffffffffffffff\r\n",
        ])
        func chunksAreReadStrictly(body: String) async throws {
            let answer = try await Self.shared.value.answer(
                to: "POST /apply-template HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n" + body)
            #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(body.debugDescription): \(answer)")
        }

        @Test func bodiesAndHeadersHaveALimit() async throws {
            let server = try await Self.shared.value
            for framing in ["content-length: 2000", "transfer-encoding: chunked"] {
                let answer = try await server.answer(
                    to: "POST /apply-template HTTP/1.1\r\n\(framing)\r\n\r\n7d0\r\n"
                        + String(repeating: "x", count: 2000))
                #expect(answer.hasPrefix("HTTP/1.1 413 "), "\(framing): \(answer)")
                #expect(answer.contains("--body-limit"))
            }
            let long = String(repeating: "x", count: 100_000)
            for text in [
                "GET /\(long) HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\na: \(long)\r\n\r\n",
                "GET / HTTP/1.1\r\n" + String(repeating: "a: b\r\n", count: 200) + "\r\n",
            ] {
                let answer = try await server.answer(to: text)
                #expect(answer.hasPrefix("HTTP/1.1 431 "), "\(text.prefix(40)): \(answer)")
            }
        }
    }
#endif
