/// Damaged requests: every one gets an answer that says something, and none ends the process.

import Martlet
import MartletJSON
import MartletServer
import MartletTestSupport
import Testing

@Suite struct WireMutantTests {
    private static let chat =
        #"{"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": [{"type": "text", "text": "Hi"}]}, "#
        + #"{"role": "assistant", "content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}, "#
        + #"{"role": "tool", "tool_call_id": "c", "content": "3"}], "max_tokens": 2, "temperature": 0.5, "stop": ["x"], "logprobs": true, "#
        + #""top_logprobs": 2, "n": 1, "logit_bias": {"3": -1}, "seed": 5, "tools": [{"type": "function", "function": {"name": "f"}}], "#
        + #""stream_options": {"include_usage": true}, "martlet": {"priority": 1, "deadline": 5}}"#
    private static let messages =
        #"{"max_tokens": 2, "system": [{"type": "text", "text": "Be brief."}], "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}, "#
        + #"{"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}]}, {"role": "user", "content": "#
        + #"[{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "3"}]}]}], "thinking": {"type": "enabled"}}"#
    private static let native =
        #"{"prompt": [1, "two", 3], "n_predict": 2, "n_probs": 2, "logit_bias": [[1, false], ["a", -2.5]], "response_fields": ["content"]}"#
    private static let ollama =
        #"{"model": "m", "messages": [{"role": "user", "content": "Hi"}], "options": {"num_predict": 2, "temperature": 0, "stop": ["x"]}, "think": "low"}"#
    private static let completions =
        #"{"prompt": ["a", "b"], "max_tokens": 2, "echo": true, "logprobs": 2, "stream": false}"#

    @Test(arguments: [
        ("/v1/chat/completions", chat), ("/v1/messages", messages), ("/completion", native),
        ("/api/chat", ollama), ("/v1/completions", completions), ("/apply-template", chat),
        ("/v1/messages/count_tokens", messages),
    ])
    func damagedBodiesAreAnswered(path: String, body: String) async throws {
        let server = try await TestServer {
            $0.chatTemplate = TestServer.chatML
            // A mutant may ask for many tokens.
            $0.maximumTokens = 4
        }
        let valid = Array(body.utf8)
        var mutator = Mutator(seed: 11)
        var refused = 0
        for number in 0..<60 {
            let bytes =
                number == 0 ? valid : mutator.mutate(valid, with: Array(Self.chat.utf8))
            let sink = CollectedAnswer()
            await server.server.respond(
                to: ServerRequest("POST", path, body: bytes), through: sink)
            let status = try #require(sink.status)
            if number == 0 { #expect(status == 200, "\(sink.text)") }
            #expect(status == 200 || (400..<500).contains(status), "\(status): \(sink.text)")
            if status != 200 {
                refused += 1
                let json = try sink.json()
                let error = json.objectValue?["error"]
                let text = error?.stringValue ?? error?["message"].stringValue
                #expect(text?.isEmpty == false)
            }
        }
        #expect(refused > 10)
    }

    /// However requests are cut into pieces, they are read as the same; damaged ones are refused or read.
    @Test func damagedHeadsAreRead() throws {
        let valid = Array(
            ("POST /v1/x?a=b%20c HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
                + "POST /y HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n")
                .utf8)
        var generator = SeededGenerator(seed: 3)
        var mutator = Mutator(seed: 5)
        for number in 0..<2000 {
            let bytes = number < 50 ? valid : mutator.mutate(valid, with: valid)
            var parser = RequestParser(bodyLimit: 1000)
            var requests: [ServerRequest] = []
            var isMalformed = false
            var place = 0
            reading: while place < bytes.count {
                let end = min(bytes.count, place + 1 + generator.below(40))
                parser.append(Array(bytes[place..<end]))
                place = end
                while true {
                    switch parser.next() {
                    case .incomplete, .wantsContinue: continue reading
                    case .malformed:
                        isMalformed = true
                        break reading
                    case .request(let request, _, let keeps):
                        requests.append(request)
                        if !keeps { break reading }
                    }
                }
            }
            guard number < 50 else { continue }
            #expect(!isMalformed)
            #expect(requests.map(\.path) == ["/v1/x", "/y"])
            #expect(requests.first?.query == ["a": "b c"])
            #expect(
                requests.map { String(decoding: $0.body, as: UTF8.self) } == ["hello", "abcde"])
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\nHost: h\n\n", "GET  / HTTP/1.1\r\n\r\n", "GET / HTTP/2\r\n\r\n",
        "GET x HTTP/1.1\r\n\r\n", "G(T / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n a: b\r\n\r\n",
        "GET / HTTP/1.1\r\na : b\r\n\r\n",
        "POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        "POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
        "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc",
        "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1;a\nb\r\nc\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1;a\rb\r\nc\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\na: b\nc: d\r\n\r\n",
    ])
    func whatTwoServersCouldReadDifferentlyIsRefused(text: String) {
        var parser = RequestParser(bodyLimit: 1000)
        parser.append(Array(text.utf8))
        guard case .malformed(let status, let problem) = parser.next() else {
            Issue.record("\(text.debugDescription) was read")
            return
        }
        #expect((400..<500).contains(status))
        #expect(!problem.isEmpty)
    }

    @Test func bodiesHaveALimit() {
        for head in ["content-length: 2000", "transfer-encoding: chunked"] {
            var parser = RequestParser(bodyLimit: 1000)
            parser.append(Array("POST /x HTTP/1.1\r\n\(head)\r\n\r\n7d0\r\n".utf8))
            guard case .request(let request, _, let keeps) = parser.next() else {
                Issue.record("\(head): no request")
                continue
            }
            #expect(request.isTooLarge)
            #expect(!keeps)
        }
        var parser = RequestParser(bodyLimit: 1000)
        parser.append(Array(repeating: UInt8(ascii: "x"), count: 100_000))
        guard case .malformed(431, _) = parser.next() else {
            Issue.record("endless headers were not refused")
            return
        }
    }
}
