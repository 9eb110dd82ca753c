/// Errors call a field as the client did, and a field of several names is checked under each.

import Martlet
import MartletJSON
import MartletServer
import Testing

@Suite struct FieldNameTests {
    private static let shared = Task {
        try await TestServer {
            $0.chatTemplate = TestServer.chatML
            $0.contextLength = 64
        }
    }

    private static func post(_ path: String, _ body: String) async throws -> CollectedAnswer {
        await (try shared.value).post(path, try JSONValue.parse(Array(body.utf8)))
    }

    private static let hello = #""messages":[{"role":"user","content":"a"}]"#

    @Test(arguments: [
        (
            "/v1/chat/completions", #"\#(hello),"max_completion_tokens":3,"max_tokens":"x""#,
            "max_tokens"
        ),
        (
            "/v1/chat/completions", #"\#(hello),"max_completion_tokens":3,"max_tokens":4"#,
            "max_tokens"
        ),
        ("/v1/chat/completions", #"\#(hello),"max_tokens":3,"n_predict":-1"#, "n_predict"),
        ("/v1/chat/completions", #"\#(hello),"n":1,"n_cmpl":2"#, "n_cmpl"),
        (
            "/v1/chat/completions",
            #"\#(hello),"repetition_penalty":1.1,"repeat_penalty":1.2"#, "repeat_penalty"
        ),
        ("/v1/completions", #""prompt":"a","max_tokens":2,"n_predict":true"#, "n_predict"),
        ("/v1/responses", #""input":"a","max_output_tokens":3,"max_tokens":4"#, "max_tokens"),
    ])
    func namesOfOneFieldAgree(path: String, members: String, param: String) async throws {
        let answer = try await Self.post(path, "{\(members)}")
        #expect(answer.status == 400)
        #expect(try answer.json()["error.param"].stringValue == param, "\(answer.text)")
    }

    @Test func equalValuesOfOneFieldAreOne() async throws {
        let answer = try await Self.post(
            "/v1/chat/completions",
            "{\(Self.hello),\"max_completion_tokens\":3,\"max_tokens\":3,\"n_predict\":null,\"ignore_eos\":true}"
        )
        #expect(answer.status == 200, "\(answer.text)")
        #expect(try answer.json()["usage.completion_tokens"] == 3)
        #expect(answer.headers["martlet-ignored"] == nil)
    }

    /// The shapes of Anthropic, Ollama and llama.cpp have no field for the path; the sentence begins with it.
    @Test(arguments: [
        (
            "/v1/messages", #"\#(hello),"max_tokens":2,"stop_sequences":["b",""]"#, "error.message",
            "stop_sequences.1: "
        ),
        (
            "/v1/messages", #"\#(hello),"max_tokens":2,"stop_sequences":["b"],"stop":["c"]"#,
            "error.message", "stop: "
        ),
        ("/api/chat", #"\#(hello),"options":{"stop":""}"#, "error", "options.stop: "),
        (
            "/api/chat", #"\#(hello),"options":{"num_predict":"x"}"#, "error",
            "options.num_predict: "
        ),
        ("/completion", #""prompt":["a","b"],"n_cmpl":9999"#, "error.message", "n_cmpl: "),
        (
            "/completion", #""prompt":["a","b","c","d","e","f","g","h","i"],"n_cmpl":128"#,
            "error.message", "n_cmpl: "
        ),
        (
            "/completion", #""prompt":"a","stop_token_ids":[99999999]"#, "error.message",
            "stop_token_ids.0: "
        ),
        (
            "/completion", #""prompt":"a","n_probs":3,"martlet":{"solve":true}"#, "error.message",
            "n_probs: "
        ),
    ])
    func errorsBeginWithTheName(
        path: String, members: String, place: String, name: String
    ) async throws {
        let answer = try await Self.post(path, "{\(members)}")
        #expect(answer.status == 400)
        let message = try answer.json()[place].stringValue ?? ""
        #expect(message.hasPrefix(name), "\(answer.text)")
    }

    @Test(arguments: [
        ("/v1/completions", "prompt"), ("/v1/responses", "input"),
        ("/v1/chat/completions", "messages"),
    ])
    func aPromptThatIsTooLongIsCalledByItsField(path: String, field: String) async throws {
        let long = String(repeating: "a b ", count: 60)
        let value = field == "messages" ? #"[{"role":"user","content":"\#(long)"}]"# : "\"\(long)\""
        let answer = try await Self.post(path, "{\"\(field)\":\(value)}")
        #expect(answer.status == 400)
        #expect(try answer.json()["error.code"] == "context_length_exceeded", "\(answer.text)")
        #expect(try answer.json()["error.param"].stringValue == field)
    }
}
