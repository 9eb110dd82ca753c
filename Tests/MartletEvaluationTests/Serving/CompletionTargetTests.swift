// Streams of completions as servers write them.

import Martlet
import MartletFormats
import MartletHub
import Synchronization
import Testing

@testable import MartletEvaluation

/// Answers with bytes that are given, in pieces.
private final class ScriptedClient: HTTPClient {
    let status: Int
    let pieces: [String]
    let requests = Mutex<[HTTPRequest]>([])

    init(status: Int = 200, _ pieces: [String]) {
        self.status = status
        self.pieces = pieces
    }

    func send(
        _ request: HTTPRequest, to receiver: any HTTPReceiver
    ) async throws(HTTPFailure) -> HTTPHead {
        requests.withLock { $0.append(request) }
        let head = HTTPHead(status: status, headers: [])
        do {
            try receiver.begin(head)
            for piece in pieces {
                try Array(piece.utf8).withUnsafeBytes { try receiver.receive($0) }
            }
        } catch { throw .refused(error) }
        return head
    }
}

/// Fails before anything comes.
private struct FailingClient: HTTPClient {
    let failure: HTTPFailure

    func send(
        _ request: HTTPRequest, to receiver: any HTTPReceiver
    ) async throws(HTTPFailure) -> HTTPHead { throw failure }
}

@Suite struct CompletionTargetTests {
    private func run(_ client: any HTTPClient) async throws -> RequestTimeline {
        let workload = Workload(requests: 1, prompt: 3, completion: 4)
        let timelines = try await LoadGenerator(
            target: CompletionTarget(client, url: "http://host/v1/", model: "m", key: "k"),
            workload: workload, seed: 0
        ).run()
        return try #require(timelines.first)
    }

    @Test func whyItFailedIsTold() async throws {
        let refused = try await run(
            ScriptedClient(
                status: 404, ["{\n  \"error\": {\"mess", "age\": \"no model\\nm\"}\n}\n"]))
        #expect(refused.ending == .refused && refused.reason == "status 404: no model m")
        let plain = try await run(ScriptedClient(status: 500, ["<html>"]))
        #expect(plain.ending == .refused && plain.reason == "status 500")
        let broken = try await run(
            ScriptedClient([Self.events[0], #"data: {"error":{"message":"full"}}"# + "\n\n"]))
        #expect(broken.ending == .failed && broken.reason == "full")
        let nobody = try await run(FailingClient(failure: .connection("refused")))
        #expect(nobody.ending == .failed && nobody.reason == "no connection (refused)")
        let answered = try await run(ScriptedClient(Self.events))
        #expect(answered.ending == .answered && answered.reason == nil)
        let workload = Workload(requests: 1, prompt: 3, completion: 4)
        let target = CompletionTarget(
            FailingClient(failure: .connection("refused")), url: "http://host/v1")
        let error = await #expect(throws: MartletError.self) {
            try await PromptTime(of: target, for: workload, seed: 0)
        }
        #expect(error?.message.contains("no connection (refused)") == true)
    }

    private static let events = [
        #"data: {"choices":[{"text":"a","finish_reason":null}]}"# + "\n\n",
        #"data: {"choices":[{"text":"","finish_reason":null}]}"# + "\n\n",
        #"data:{"choices":[{"text":"bc","finish_reason":null}]}"# + "\r\n\r\n",
        ": a comment\n\n",
        #"data: {"choices":[{"text":"","finish_reason":"length"}]}"# + "\n\n",
        #"data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":5}}}"#
            + "\n\n",
        "data: [DONE]\n\n",
    ]

    /// Every token has a time: one without text of its own, and one whose text came with another's.
    @Test(arguments: [1, 7, 1000])
    func everyTokenHasATime(length: Int) async throws {
        // However the bytes are cut.
        let all = Array(Self.events.joined())
        let pieces = stride(from: 0, to: all.count, by: length).map {
            String(all[$0..<min(all.count, $0 + length)])
        }
        let client = ScriptedClient(pieces)
        let timeline = try await run(client)
        #expect(timeline.ending == .answered)
        #expect(timeline.tokens.count == 4)
        #expect(timeline.promptTokens == 7 && timeline.cachedTokens == 5)
        let request = try #require(client.requests.withLock { $0.first })
        #expect(request.url == "http://host/v1/completions" && request.method == "POST")
        #expect(request.headers.contains { $0.value == "Bearer k" })
        let body = try JSONValue.parse(request.body).objectValue
        #expect(body?["prompt"]?.stringValue?.split(separator: " ").count == 3)
        #expect(body?["max_tokens"]?.intValue == 4)
    }

    @Test func whatDoesNotEndHasFailed() async throws {
        #expect(try await run(ScriptedClient(Array(Self.events.dropLast()))).ending == .failed)
        #expect(try await run(ScriptedClient(status: 503, ["{}"])).ending == .refused)
        let broken = [#"data: {"error":{"message":"m"}}"# + "\n\n", "data: [DONE]\n\n"]
        #expect(try await run(ScriptedClient(broken)).ending == .failed)
        #expect(try await run(ScriptedClient([])).tokens.isEmpty)
        // A server that ends early has less to do, and is not rewarded for it.
        let early = [Self.events[0], "data: [DONE]\n\n"]
        #expect(try await run(ScriptedClient(early)).ending == .failed)
        // Numbers that nobody can have counted.
        let absurd =
            Array(Self.events.dropLast(2)) + [
                #"data: {"choices":[],"usage":{"prompt_tokens":9223372036854775807,"completion_tokens":-9223372036854775808}}"#
                    + "\n\n", "data: [DONE]\n\n",
            ]
        #expect(try await run(ScriptedClient(absurd)).promptTokens == 3)
    }

    /// Texts begin alike where blocks do.
    @Test func promptsBeginAlikeWhereBlocksDo() {
        let workload = Workload(requests: 2, prompt: 50, completion: 1, shared: 30)
        let words = (0..<2).map { workload.text(of: $0, seed: 3).split(separator: " ") }
        #expect(words.map(\.count) == [50, 50])
        #expect(words[0].prefix(30) == words[1].prefix(30))
        #expect(words[0].dropFirst(30) != words[1].dropFirst(30))
        #expect(workload.text(of: 0, seed: 3) == workload.text(of: 0, seed: 3))
        #expect(workload.text(of: 0, seed: 3) != workload.text(of: 0, seed: 4))
    }
}
