/// What is refused before a body is read, and connections that do nothing.

#if Server
    import Foundation
    import Martlet
    import MartletJSON
    import MartletServer
    import Testing

    @Suite struct AdmissionTests {
        /// Heads of requests whose bodies never come: what is wrong with them is told at once.
        @Test(arguments: [
            ("POST /v1/completions", "Content-Length: 30000000\r\n", 401, "invalid_api_key"),
            ("POST /v1/completions", "Transfer-Encoding: chunked\r\n", 401, "invalid_api_key"),
            (
                "POST /v1/messages", "Content-Length: 30000000\r\nExpect: 100-continue\r\n", 401,
                "authentication_error"
            ),
            // A body that is short enough to be dropped, and may never come.
            (
                "POST /v1/completions", "Content-Length: 20\r\nExpect: 100-continue\r\n", 401,
                "invalid_api_key"
            ),
            (
                "POST /v1/completions", "Content-Length: 90000000\r\nAuthorization: Bearer k\r\n",
                413, "request_too_large"
            ),
            (
                "POST /api/chat", "Content-Length: 90000000\r\nx-api-key: k\r\n", 413,
                "{\"error\":\""
            ),
            ("POST /v1/nothing", "Content-Length: 30000000\r\n", 404, "not_found"),
            ("PUT /v1/completions", "Content-Length: 30000000\r\n", 405, "method_not_allowed"),
        ])
        func refusalsDoNotWaitForBodies(
            line: String, headers: String, status: Int, word: String
        ) async throws {
            let server = try await ListeningServer { $0.keys = [(key: "k", tenant: "t")] }
            let text = "\(line) HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n"
            let answer = try await server.answer(to: text)
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
            #expect(answer.contains(word), "\(answer)")
            #expect(answer.contains("connection: close\r\n"))
            #expect(!answer.contains("100 Continue"))
            await server.listener.stop(within: .zero)
        }

        @Test(arguments: [
            "Host: evil.example\r\n", "Host: localhost\r\nOrigin: http://evil.example\r\n",
        ])
        func pagesOfOthersSendNoBodies(headers: String) async throws {
            let server = try await ListeningServer()
            let answer = try await server.answer(
                to: "POST /v1/completions HTTP/1.1\r\n\(headers)Content-Length: 3000000\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 403 "), "\(answer)")
            await server.listener.stop(within: .zero)
        }

        /// A client that sends all of a large body before it reads gets the refusal, and no reset.
        @Test func whoSendsOnIsToldOfTheRefusal() async throws {
            let server = try await ListeningServer { $0.keys = [(key: "k", tenant: "t")] }
            let body = String(repeating: "x", count: 3_000_000)
            let answer = try await server.answer(to: ListeningServer.request("/tokenize", body))
            #expect(answer.hasPrefix("HTTP/1.1 401 "), "\(answer.prefix(200))")
            await server.listener.stop(within: .zero)
        }

        /// The body of a refused request is no request.
        @Test func aRefusalKeepsTheConnection() async throws {
            let server = try await ListeningServer {
                $0.keys = [(key: "k", tenant: "t")]
                $0.chatTemplate = TestServer.chatML
            }
            let hidden = "GET /health HTTP/1.1\r\n\r\n"
            let answer = try await server.answer(
                to: ListeningServer.request("/apply-template", hidden)
                    + ListeningServer.request(
                        "/apply-template", #"{"messages": [{"role": "user", "content": "a"}]}"#,
                        "x-api-key: k\r\nConnection: close\r\n"))
            let statuses = answer.matches(of: #/HTTP/1\.1 (\d+)/#).map { String($0.1) }
            #expect(statuses == ["401", "200"], "\(answer)")
            await server.listener.stop(within: .zero)
        }

        @Test(arguments: [
            "", "GET /health HT", "GET /health HTTP/1.1\r\nHost: localhost\r\n",
            "POST /tokenize HTTP/1.1\r\nContent-Length: 9\r\n\r\n{",
        ])
        func whoStopsInTheMiddleIsShutOut(text: String) async throws {
            var limits = ConnectionLimits()
            limits.sweep = .milliseconds(20)
            limits.read = .milliseconds(200)
            // A client that is between requests may wait for longer.
            limits.idle = .milliseconds(text.isEmpty ? 200 : 60_000)
            let server = try await ListeningServer(limits: limits)
            #expect(try await server.answer(to: text).isEmpty)
            await server.listener.stop(within: .zero)
        }

        @Test func headersThatNeverEndAreShutOut() async throws {
            var limits = ConnectionLimits()
            limits.sweep = .milliseconds(20)
            limits.head = .milliseconds(300)
            let server = try await ListeningServer(limits: limits)
            let client = try RawClient(port: server.port)
            defer { client.end() }
            client.send("GET / HTTP/1.1\r\n")
            for _ in 0..<100 where server.listener.connectionCount == 0 {
                try await Task.sleep(for: .milliseconds(5))
            }
            for number in 0..<400 where server.listener.connectionCount > 0 {
                client.send("a\(number): b\r\n".prefix(number < 100 ? 20 : 0).description)
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(server.listener.connectionCount == 0)
            await server.listener.stop(within: .zero)
        }

        /// Who reads slowly gets everything in order, and answers wait for him.
        @Test func slowReadersGetEverything() async throws {
            let server = try await ListeningServer()
            let port = server.port
            let asks = 400
            let text = try await onThread {
                let client = try RawClient(port: port)
                defer { client.end() }
                let ask = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n"
                client.send(
                    String(repeating: ask + "\r\n", count: asks - 1) + ask
                        + "Connection: close\r\n\r\n")
                Thread.sleep(forTimeInterval: 0.3)
                return client.read()
            }
            #expect(text.components(separatedBy: "HTTP/1.1 200 OK").count == asks + 1)
            await server.listener.stop(within: .zero)
        }

        @Test func connectionsHaveALimit() async throws {
            let server = try await ListeningServer(mostConnections: 2)
            let first = try RawClient(port: server.port)
            let second = try RawClient(port: server.port)
            defer { second.end() }
            for _ in 0..<200 where server.listener.connectionCount < 2 {
                try await Task.sleep(for: .milliseconds(5))
            }
            let ask = "GET /health HTTP/1.0\r\n\r\n"
            #expect(try await server.answer(to: ask).isEmpty)
            first.end()
            for _ in 0..<200 where server.listener.connectionCount > 1 {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(try await server.answer(to: ask).contains(" 200 OK"))
            await server.listener.stop(within: .zero)
            #expect(server.listener.connectionCount == 0)
        }

        @Test func addressesThatAreNoneAreRefused() async throws {
            let server = try await TestServer()
            let listener = Listener(server.server)
            await #expect(throws: MartletError.self) {
                _ = try await listener.listen(hosts: ["no such name"], port: 0)
            }
            let port = try await listener.listen(hosts: ["127.0.0.1"], port: 0)
            let second = Listener(server.server)
            let error = await #expect(throws: MartletError.self) {
                _ = try await second.listen(hosts: ["127.0.0.1"], port: port)
            }
            #expect(error?.message.contains("--port") == true)
            await listener.stop(within: .zero)
        }
    }
#endif
