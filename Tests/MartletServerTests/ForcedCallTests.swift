/// Calls that a request demands: they come, whatever the model would have said, or the request is refused.

import Martlet
import MartletJSON
import MartletServer
import Testing

@Suite struct ForcedCallTests {
    /// The package's model with the notation of Hermes and Qwen, in which it never wrote a word.
    private static let shared = Task {
        try await TestServer("builtin") {
            $0.chatTemplate =
                "{# <tool_call> #}{% for m in messages %}{{ m.content }}{% endfor %}"
        }
    }

    private static let parameters: JSONValue = [
        "type": "object", "properties": ["a": ["type": "integer", "minimum": 3]],
        "required": ["a"], "additionalProperties": false,
    ]

    private func body(_ choice: JSONValue, _ more: JSONObject = JSONObject()) -> JSONValue {
        let base: JSONObject = JSONObject([
            .init(key: "messages", value: [["role": "user", "content": "hi"]]),
            .init(
                key: "tools",
                value: ["add", "now"].map { name in
                    [
                        "type": "function",
                        "function": [
                            "name": .string(name),
                            "parameters": name == "add"
                                ? Self.parameters : ["type": "object"],
                        ],
                    ]
                }.asArray),
            .init(key: "tool_choice", value: choice), .init(key: "temperature", value: 1),
            .init(key: "max_tokens", value: 400), .init(key: "parallel_tool_calls", value: false),
        ])
        return .object(more.members.reduce(base) { $0.setting($1.key, to: $1.value) })
    }

    @Test func aForcedCallIsACallThatMatchesItsSchema() async throws {
        let server = try await Self.shared.value
        let named: JSONValue = ["type": "function", "function": ["name": "add"]]
        for seed in 1...3 {
            let more = JSONObject([.init(key: "seed", value: .integer(seed))])
            let answer = try await server.post("/v1/chat/completions", body(named, more)).json()
            #expect(answer["choices.0.finish_reason"] == "tool_calls")
            #expect(answer["choices.0.message.tool_calls.0.function.name"] == "add")
            let text = answer["choices.0.message.tool_calls.0.function.arguments"].stringValue
            let arguments = try JSONValue.parse(Array((text ?? "").utf8))
            #expect(arguments["a"].intValue ?? 0 >= 3, "\(text ?? "")")
            let any = try await server.post("/v1/chat/completions", body("required", more)).json()
            let name = any["choices.0.message.tool_calls.0.function.name"]
            #expect(name == "add" || name == "now")
        }
    }

    /// A client that wants a form sends it beside the tool that it forces: the answer has no text for the form to hold.
    @Test func aFormOfTextDoesNotHinderAForcedCall() async throws {
        let server = try await Self.shared.value
        let schema: JSONValue = ["type": "object", "properties": ["b": ["type": "string"]]]
        let form: JSONValue = [
            "type": "json_schema", "json_schema": ["name": "b", "schema": schema],
        ]
        let named: JSONValue = ["type": "function", "function": ["name": "add"]]
        let chat = try await server.post(
            "/v1/chat/completions",
            body(named, JSONObject([.init(key: "response_format", value: form)]))
        ).json()
        #expect(chat["choices.0.message.tool_calls.0.function.name"] == "add", "\(chat)")
        let flat: JSONValue = ["type": "json_schema", "name": "b", "schema": schema]
        let tool: JSONValue = [
            "type": "function", "name": "add", "parameters": Self.parameters,
        ]
        let response = try await server.post(
            "/v1/responses",
            [
                "input": "hi", "tools": [tool], "text": ["format": flat],
                "tool_choice": ["type": "function", "name": "add"], "max_output_tokens": 400,
                "parallel_tool_calls": false,
            ]
        ).json()
        #expect(response["output.0.type"] == "function_call", "\(response)")
        let message = try await server.post(
            "/v1/messages",
            [
                "max_tokens": 400, "messages": [["role": "user", "content": "hi"]],
                "tools": [["name": "add", "input_schema": Self.parameters]],
                "output_config": ["format": flat],
                "tool_choice": ["type": "any", "disable_parallel_tool_use": true],
            ]
        ).json()
        #expect(message["stop_reason"] == "tool_use", "\(message)")
    }

    @Test func everyWireForces() async throws {
        let server = try await Self.shared.value
        let tool: JSONValue = ["name": "add", "input_schema": Self.parameters]
        let anthropic = try await server.post(
            "/v1/messages",
            [
                "max_tokens": 400, "messages": [["role": "user", "content": "hi"]],
                "tools": [tool], "tool_choice": ["type": "any", "disable_parallel_tool_use": true],
            ]
        ).json()
        #expect(anthropic["stop_reason"] == "tool_use", "\(anthropic)")
        #expect(anthropic["content.0.type"] == "tool_use")
        #expect(anthropic["content.0.input.a"].intValue ?? 0 >= 3)
        let responses = try await server.post(
            "/v1/responses",
            [
                "input": "hi", "max_output_tokens": 400,
                "tools": [
                    ["type": "function", "name": "add", "parameters": Self.parameters]
                ], "tool_choice": ["type": "function", "name": "add"],
            ]
        ).json()
        #expect(responses["output.0.type"] == "function_call")
        #expect(responses["output.0.name"] == "add")
    }

    @Test func whatCannotBeForcedIsRefusedByName() async throws {
        let server = try await Self.shared.value
        func refusal(_ choice: JSONValue, _ more: JSONObject = JSONObject()) async throws -> String
        {
            let answer = await server.post("/v1/chat/completions", body(choice, more))
            #expect(answer.status == 400)
            return try answer.json()["error.param"].stringValue ?? ""
        }
        #expect(
            try await refusal(["type": "function", "function": ["name": "none"]])
                == "tool_choice.function.name")
        // A grammar is one of the answer as a whole.
        let grammar = JSONObject([.init(key: "grammar", value: "root ::= \"a\"")])
        #expect(try await refusal("required", grammar) == "tool_choice")
        let wild: JSONValue = [
            [
                "type": "function",
                "function": [
                    "name": "x", "parameters": ["type": "array", "uniqueItems": true],
                ],
            ]
        ]
        let unruly = await server.post(
            "/v1/chat/completions",
            body("required", JSONObject([.init(key: "tools", value: wild)])))
        #expect(unruly.status == 400 && unruly.text.contains("uniqueItems"), "\(unruly.text)")
        let plain = try await TestServer()
        let answer = await plain.post("/v1/chat/completions", body("required"))
        #expect(answer.status == 400)
    }
}

extension [JSONValue] {
    fileprivate var asArray: JSONValue { .array(self) }
}
