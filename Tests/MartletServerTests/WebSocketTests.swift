/// Sessions on a socket: the handshake, frames as the standard has them, and who is let in.

#if Server
    import Foundation
    import Martlet
    import MartletJSON
    import MartletServer
    import Testing

    /// A client of WebSocket that blocks, for a thread of its own.
    private struct WebSocketClient {
        struct Frame: Equatable {
            var opcode: UInt8
            var data: [UInt8]
            var text: String { String(decoding: data, as: UTF8.self) }
            /// The code of a frame that closes.
            var code: Int { data.count < 2 ? 0 : Int(data[0]) << 8 | Int(data[1]) }
        }

        let client: RawClient
        /// What the server answered to the handshake.
        let answer: String

        init(port: Int, _ headers: String = "") throws {
            client = try RawClient(port: port)
            client.send(
                "GET /v1/sessions HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\(headers)\r\n"
            )
            answer = client.read(until: "\r\n\r\n", exactly: true)
        }

        func send(_ opcode: UInt8, _ data: [UInt8], isFinal: Bool = true, isMasked: Bool = true) {
            var frame: [UInt8] = [(isFinal ? 0x80 : 0) | opcode]
            let mask: UInt8 = isMasked ? 0x80 : 0
            if data.count < 126 {
                frame.append(mask | UInt8(data.count))
            } else {
                frame += [mask | 126, UInt8(data.count >> 8), UInt8(data.count & 255)]
            }
            let key: [UInt8] = [1, 2, 3, 4]
            if isMasked { frame += key }
            frame += isMasked ? data.enumerated().map { $1 ^ key[$0 % 4] } : data
            client.send(frame)
        }

        func send(_ text: String) { send(1, Array(text.utf8)) }

        /// The next frame; nil at the end.
        func next() -> Frame? {
            guard let head = client.read(count: 2) else { return nil }
            var length = Int(head[1] & 127)
            if length > 125 {
                guard let more = client.read(count: length == 126 ? 2 : 8) else { return nil }
                length = more.reduce(0) { $0 << 8 | Int($1) }
            }
            guard let data = client.read(count: length) else { return nil }
            return Frame(opcode: head[0] & 15, data: data)
        }

        /// The next message of a type.
        func next(_ type: String) -> JSONValue? {
            while let frame = next() {
                if let value = try? JSONValue.parse(frame.data), value["type"].stringValue == type {
                    return value
                }
            }
            return nil
        }
    }

    @Suite struct WebSocketTests {
        @Test func aSessionAnswers() async throws {
            let server = try await ListeningServer { $0.chatTemplate = TestServer.chatML }
            let port = server.port
            try await onThread {
                let socket = try WebSocketClient(port: port, "Origin: http://localhost\r\n")
                defer { socket.client.end() }
                #expect(socket.answer.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
                // The value of the standard's own example.
                #expect(
                    socket.answer.lowercased().contains(
                        "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="))
                #expect(socket.next("session.created") != nil)
                socket.send(9, Array("are you there".utf8))
                #expect(socket.next() == .init(opcode: 10, data: Array("are you there".utf8)))
                // A message in three pieces, with a ping between them.
                let message = Array(#"{"type":"session.update","session":{"max_tokens":3}}"#.utf8)
                socket.send(1, Array(message[..<10]), isFinal: false)
                socket.send(9, [])
                socket.send(0, [], isFinal: false)
                socket.send(0, Array(message[10...]))
                #expect(socket.next() == .init(opcode: 10, data: []))
                #expect(socket.next("session.updated") != nil)
                socket.send(#"{"type":"input_text.set","text":"Hello"}"#)
                socket.send(#"{"type":"response.create"}"#)
                #expect(socket.next("response.chunk")?["chunk.object"] == "chat.completion.chunk")
                #expect(socket.next("response.done")?["status"] == "completed")
                socket.send(8, [3, 232])
                #expect(socket.next()?.code == 1000)
                #expect(socket.next() == nil)
            }
            await server.listener.stop(within: .seconds(5))
            #expect(server.listener.connectionCount == 0)
        }

        /// What the standard forbids ends the connection, with the reason that it has for that.
        @Test func breachesEndTheConnection() async throws {
            let server = try await ListeningServer { $0.bodyLimit = 2000 }
            let port = server.port
            try await onThread {
                func code(_ breach: (WebSocketClient) -> Void) throws -> Int? {
                    let socket = try WebSocketClient(port: port)
                    defer { socket.client.end() }
                    breach(socket)
                    while let frame = socket.next() { if frame.opcode == 8 { return frame.code } }
                    return nil
                }
                let piece = [UInt8](repeating: 97, count: 900)
                let breaches: [(code: Int, breach: (WebSocketClient) -> Void)] = [
                    (1002, { $0.send(1, [97], isMasked: false) }), (1002, { $0.send(0x41, [97]) }),
                    (1002, { $0.send(3, [97]) }), (1002, { $0.send(0, [97]) }),
                    (1002, { $0.send(9, [], isFinal: false) }), (1003, { $0.send(2, [97]) }),
                    (1007, { $0.send(1, [0xC3, 0x28]) }),
                    (1009, { $0.send(1, piece + piece + piece) }),
                    (1002, { for _ in 0..<2 { $0.send(1, [97], isFinal: false) } }),
                    (
                        1009,
                        {
                            for number in 0..<4 {
                                $0.send(number == 0 ? 1 : 0, piece, isFinal: false)
                            }
                        }
                    ),
                ]
                for (index, (expected, breach)) in breaches.enumerated() {
                    let found = try code(breach)
                    #expect(found == expected, "breach \(index)")
                }
            }
            await server.listener.stop(within: .zero)
        }

        @Test func theRulesOfRequestsHold() async throws {
            let server = try await ListeningServer {
                $0.keys = [(key: "secret", tenant: "a")]
                $0.sessionLimit = 2
            }
            let port = server.port
            try await onThread {
                #expect(try WebSocketClient(port: port).answer.contains(" 401 "))
                #expect(
                    try WebSocketClient(port: port, "x-api-key: wrong\r\n").answer.contains(" 401 ")
                )
                let first = try WebSocketClient(port: port, "Authorization: Bearer secret\r\n")
                #expect(first.answer.contains(" 101 "))
                // As clients bring a key that cannot send headers.
                let second = try WebSocketClient(
                    port: port,
                    "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.secret\r\n")
                #expect(second.answer.contains(" 101 "))
                #expect(second.answer.lowercased().contains("sec-websocket-protocol: realtime\r\n"))
                let third = try WebSocketClient(port: port, "Authorization: Bearer secret\r\n")
                #expect(third.answer.contains(" 429 "))
                #expect(third.client.read(until: "sessions_full").contains("sessions_full"))
                first.client.end()
                var isLetIn = false
                for _ in 0..<200 where !isLetIn {
                    let next = try WebSocketClient(port: port, "Authorization: Bearer secret\r\n")
                    isLetIn = next.answer.contains(" 101 ")
                    if !isLetIn { Thread.sleep(forTimeInterval: 0.01) }
                    next.client.end()
                }
                #expect(isLetIn)
                second.client.end()
            }
            await server.listener.stop(within: .zero)
            let open = try await ListeningServer()
            let answer = try await open.answer(
                to: "GET /v1/sessions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 426 "))
            let openPort = open.port
            try await onThread {
                let foreign = try WebSocketClient(port: openPort, "Origin: http://evil.example\r\n")
                #expect(foreign.answer.contains(" 403 "))
            }
            await open.listener.stop(within: .zero)
        }

        /// A refused upgrade is judged once: it counts once for its key's rate, and keeps the key that it brought.
        @Test func aRefusedUpgradeCountsOnce() async throws {
            let server = try await ListeningServer {
                $0.keys = [(key: "secret", tenant: "a")]
                $0.sessionLimit = 1
                $0.requestsPerMinute = 4
            }
            let port = server.port
            try await onThread {
                let key = "Authorization: Bearer secret\r\n"
                let first = try WebSocketClient(port: port, key)
                defer { first.client.end() }
                #expect(first.answer.contains(" 101 "))
                for headers in [
                    key, "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.secret\r\n",
                ] {
                    let refused = try WebSocketClient(port: port, headers)
                    defer { refused.client.end() }
                    #expect(refused.answer.contains(" 429 "), "\(refused.answer)")
                    let body = refused.client.read(until: "sessions_full")
                    #expect(body.contains("sessions_full"), "\(body)")
                }
                let last = try RawClient(port: port)
                defer { last.end() }
                last.send(
                    "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(key)\r\n")
                let answer = last.read()
                #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(answer)")
            }
            await server.listener.stop(within: .zero)
        }

        /// What a server was, for as long as somebody else keeps it.
        private struct Remembered {
            weak var service: Service?
        }

        /// A server that had a session, and has ended.
        private static func ended() async throws -> Remembered {
            let server = try await ListeningServer()
            let port = server.port
            try await onThread {
                let socket = try WebSocketClient(port: port)
                defer { socket.client.end() }
                #expect(socket.next("session.created") != nil)
                socket.send(8, [3, 232])
                #expect(socket.next()?.code == 1000)
                #expect(socket.next() == nil)
            }
            await server.listener.stop(within: .seconds(5))
            return Remembered(service: server.server.service)
        }

        /// Nothing of a closed session stays in memory: it would keep its server.
        @Test func aClosedSessionIsForgotten() async throws {
            let remembered = try await Self.ended()
            for _ in 0..<4000 where remembered.service != nil {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(remembered.service == nil)
        }

        /// What waits for a session is bounded in messages and in bytes, and one message can always come.
        @Test func whatWaitsIsBounded() {
            var backlog = MessageBacklog(mostBytes: 1000)
            backlog.add(1000)
            #expect(!backlog.isFull)
            backlog.add(1)
            #expect(backlog.isFull)
            backlog.remove(1000)
            #expect(!backlog.isFull)
            for _ in 0..<31 { backlog.add(1) }
            #expect(!backlog.isFull)
            backlog.add(1)
            #expect(backlog.isFull)
        }

        @Test func sessionsEndWithTheServer() async throws {
            let server = try await ListeningServer { $0.chatTemplate = TestServer.chatML }
            let port = server.port
            let socket = try await onThread { try WebSocketClient(port: port) }
            defer { socket.client.end() }
            socket.send(
                #"{"type":"response.create","response":{"max_tokens":40,"messages":[{"role":"user","content":"Hi"}]}}"#
            )
            for _ in 0..<15_000 where server.server.service.openAnswers == 0 {
                try await Task.sleep(for: .milliseconds(2))
            }
            await server.listener.stop(within: .seconds(120))
            let last = try await onThread { () -> (JSONValue?, Int?) in
                (socket.next("response.done"), socket.next()?.code)
            }
            #expect(last.0?["status"] == "completed")
            #expect(last.1 == 1001)
        }

        /// Who is silent is asked, and who does not answer is gone.
        @Test func silentClientsAreAsked() async throws {
            var limits = ConnectionLimits()
            limits.sweep = .milliseconds(20)
            limits.idle = .milliseconds(400)
            let server = try await ListeningServer(limits: limits)
            let port = server.port
            let seen = try await onThread { () -> [UInt8] in
                let socket = try WebSocketClient(port: port)
                var opcodes: [UInt8] = []
                while let frame = socket.next() { opcodes.append(frame.opcode) }
                return opcodes
            }
            // Whatever came before on a busy machine: asked once, and then gone.
            #expect(seen.filter { $0 == 9 } == [9])
            await server.listener.stop(within: .zero)
        }
    }
#endif
