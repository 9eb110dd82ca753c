/// Both senders of requests tell the same of the same answers.

import MartletNetwork
import Synchronization
import Testing

@testable import MartletHub

@Suite struct ClientTests {
    #if Server
        private static let names = ["plain", "system"]

        private func client(_ name: String) -> any HTTPClient {
            name == "plain" ? PlainClient() : URLSessionClient()
        }
    #else
        private static let names = ["system"]

        private func client(_ name: String) -> any HTTPClient { URLSessionClient() }
    #endif

    /// What an answer becomes: its status, or the word for its failure, and what has arrived of its body.
    private func outcome(
        _ name: String, _ request: HTTPRequest, limit: Int = 1 << 20
    ) async -> (end: String, head: HTTPHead?, body: [UInt8]) {
        let sink = BodySink(limit: limit)
        do {
            let head = try await client(name).send(request, to: sink)
            return ("\(head.status)", head, sink.bytes)
        } catch {
            let word =
                switch error {
                case .connection: "connection"
                case .cut: "cut"
                case .stalled: "stalled"
                case .invalid: "invalid"
                case .refused: "refused"
                case .cancelled: "cancelled"
                }
            return (word, nil, sink.bytes)
        }
    }

    private static let body = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

    @Test(arguments: names) func answersAreHandedOn(name: String) async throws {
        let server = try LoopbackServer { request in
            switch request.path {
            case "/dripping": ServedAnswer(body: Self.body, drip: (bytes: 9000, seconds: 0.002))
            case "/moved": ServedAnswer(status: 302, headers: [("Location", "/dripping")])
            case "/none": ServedAnswer(status: 404, headers: [("X-Word", "no")], body: [1, 2])
            default: ServedAnswer()
            }
        }
        let whole = await outcome(
            name, HTTPRequest(url: server.address + "/dripping?a=b%20c", timeout: 10))
        #expect(whole.end == "200" && whole.body == Self.body)
        let moved = await outcome(name, HTTPRequest(url: server.address + "/moved", timeout: 10))
        #expect(moved.end == "302" && moved.head?.redirect == "/dripping")
        let none = await outcome(
            name,
            HTTPRequest(
                method: "POST", url: server.address + "/none",
                headers: [("X-Asked", "yes")], body: Array("{}".utf8), timeout: 10))
        #expect(none.end == "404" && none.body == [1, 2] && none.head?.value("x-word") == "no")
        #expect(
            server.requests.map(\.path).filter { $0 != "/" } == ["/dripping", "/moved", "/none"])
        #expect(server.requests.first?.query == "a=b%20c")
        let last = try #require(server.requests.last)
        #expect(last.headers["x-asked"] == "yes" && last.headers["content-length"] == "2")
        #expect(last.headers["host"] == "127.0.0.1:\(server.port)")
        server.stop()
    }

    @Test(arguments: names) func whatFailsIsTold(name: String) async throws {
        let server = try LoopbackServer { request in
            switch request.path {
            case "/cut": ServedAnswer(body: Self.body, cutAfter: 20_000)
            case "/stalls": ServedAnswer(body: Self.body, stallAfter: 20_000)
            case "/silent": ServedAnswer(stallAfter: 0, length: 10)
            default: ServedAnswer(body: Self.body)
            }
        }
        for (path, expected) in [("/cut", "cut"), ("/stalls", "stalled"), ("/silent", "stalled")] {
            let request = HTTPRequest(url: server.address + path, timeout: 0.3)
            let outcome = await outcome(name, request)
            #expect(outcome.end == expected, "\(path)")
            #expect(path == "/silent" ? outcome.body.isEmpty : outcome.body.count == 20_000)
        }
        let refused = await outcome(
            name, HTTPRequest(url: server.address, timeout: 10), limit: 1000)
        #expect(refused.end == "refused")
        server.stop()
        let nobody = await outcome(name, HTTPRequest(url: server.address, timeout: 10))
        #expect(nobody.end == "connection")
        for url in ["", "http://", "nothing", "http://[::1"] {
            let outcome = await outcome(name, HTTPRequest(url: url, timeout: 1))
            #expect(outcome.end == "invalid", "\(url)")
        }
    }

    /// Many requests at once, each with its own answer.
    @Test(arguments: names) func requestsRunSideBySide(name: String) async throws {
        let server = try LoopbackServer { request in
            ServedAnswer(body: Array(request.path.utf8), drip: (bytes: 1, seconds: 0.001))
        }
        let client = client(name)
        let right = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<16 {
                group.addTask {
                    let sink = BodySink(limit: 1000)
                    let request = HTTPRequest(url: "\(server.address)/n\(index)", timeout: 20)
                    guard let head = try? await client.send(request, to: sink) else { return false }
                    return head.status == 200 && sink.bytes == Array("/n\(index)".utf8)
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(right == 16)
        server.stop()
    }

    @Test(arguments: names) func whatIsCancelledEnds(name: String) async throws {
        let server = try LoopbackServer { _ in ServedAnswer(stallAfter: 0, length: 10) }
        let request = HTTPRequest(url: server.address, timeout: 60)
        // A task that is cancelled from the start, and ones that are about to begin.
        for delay in [0, 0, 0, 1, 10, 100, 1000, 20_000] {
            let task = Task { await outcome(name, request).end }
            if delay > 0 { try await Task.sleep(for: .microseconds(delay)) }
            task.cancel()
            #expect(await task.value == "cancelled")
        }
        server.stop()
    }
}
