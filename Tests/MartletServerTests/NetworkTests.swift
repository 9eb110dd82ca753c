/// The server on a socket: HTTP as clients speak it.

#if Server
    import Foundation
    import Martlet
    import MartletJSON
    import MartletServer
    import Testing

    @Suite(.serialized) struct NetworkTests {
        @Test func connectionsAreKeptAndAnswersFollowEachOther() async throws {
            let listening = try await ListeningServer()
            let (listener, port) = (listening.listener, listening.port)
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
            let listening = try await ListeningServer()
            let (listener, port) = (listening.listener, listening.port)
            let text = try await onThread {
                let client = try RawClient(port: port)
                defer { client.end() }
                client.send(
                    ListeningServer.request(
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
            let listening = try await ListeningServer { $0.bodyLimit = 1000 }
            let (listener, port) = (listening.listener, listening.port)
            for (sent, expected) in [
                ("nonsense\r\n\r\n", "HTTP/1.1 400"), ("GET / HTTP/1.1\n\n", "HTTP/1.1 400"),
                ("POST /v1/completions HTTP/1.1\r\nContent-Length: 99999\r\n\r\n", "HTTP/1.1 413"),
                (
                    ListeningServer.request("/v1/completions", "{", "Connection: close\r\n"),
                    "HTTP/1.1 400"
                ),
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
            let listening = try await ListeningServer()
            let (listener, port, server) = (listening.listener, listening.port, listening.server)
            try await onThread {
                let client = try RawClient(port: port)
                client.send(
                    ListeningServer.request(
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
            let listening = try await ListeningServer(limits: limits)
            let (listener, port) = (listening.listener, listening.port)
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

        @Test func answersMayEndWhenTheServerDoes() async throws {
            let listening = try await ListeningServer()
            let (listener, port, server) = (listening.listener, listening.port, listening.server)
            async let answered = onThread {
                let client = try RawClient(port: port)
                defer { client.end() }
                client.send(
                    ListeningServer.request(
                        "/v1/completions",
                        #"{"prompt": "Hello", "max_tokens": 60, "temperature": 1.0, "stream": true}"#
                    ))
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
#endif
