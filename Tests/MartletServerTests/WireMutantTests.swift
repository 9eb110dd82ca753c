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
}
