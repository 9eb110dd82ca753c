/// Answers in each family's syntax, and what they must become.

import MartletJSON
import Testing

@testable import MartletTemplates

/// An answer's text after the prompt, and what it says.
struct ResponseCase: CustomTestStringConvertible {
    let family: String
    let text: String
    var reasoning = ""
    var content = ""
    var calls: [String] = []
    /// What the prompt ends with.
    var promptTail = ""
    var hasTools = true

    var testDescription: String { "\(family): \(text.prefix(60))" }

    /// Marks of reasoning where the family's row names none.
    static let thinking = "<think></think>"

    /// Text that a template of the family has in it.
    static let sources: [String: String] = [
        "hermes": "<tool_call>" + thinking,
        "qwen3-coder": "<tool_call><function=<parameter=" + thinking,
        "llama3": "<|start_header_id|> \"parameters\"", "llama4": "<|header_start|>",
        "lfm2": "<|tool_call_start|>" + thinking, "mistral": "[TOOL_CALLS]",
        "mistral-v11": "[TOOL_CALLS][ARGS][THINK]",
        "deepseek-v3": "<｜tool▁calls▁begin｜>```json" + thinking,
        "deepseek-v3.1": "<｜tool▁calls▁begin｜>" + thinking,
        "dsml": "｜DSML｜function_calls>" + thinking, "dsml-v4": "｜DSML｜tool_calls>" + thinking,
        "harmony": "<|channel|><|message|>", "glm": "<arg_key><tool_call>" + thinking,
        "kimi": "<|tool_call_argument_begin|>" + thinking,
        "granite": "<|tool_call|>" + thinking, "gemma4": "<|tool_call><tool_call|><|channel>",
        "functiongemma": "<start_function_call>", "cohere": "<|START_ACTION|><|START_THINKING|>",
        "seed": "<seed:tool_call><seed:think>", "minimax": "<minimax:tool_call>" + thinking,
        "phi4": "functools", "hunyuan": "<tool_calls>" + thinking,
        "functionary": "<function=</function>",
        "olmo3": "<function_calls>",
    ]

    static let tools: [ToolDefinition] = ["f", "g"].map { name in
        ToolDefinition(
            name: name, description: "",
            parameters: JSONObject().setting("type", to: "object").setting(
                "properties",
                to: ["s": ["type": "string"], "n": ["type": "integer"], "o": ["type": "object"]]))
    }

    static let all: [ResponseCase] = [
        ResponseCase(
            family: "hermes",
            text:
                "Let me look.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>",
            content: "Let me look.", calls: [#"f{"a":1}"#]),
        ResponseCase(
            family: "hermes",
            text:
                "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>\n<tool_call>\n{\"name\": \"g\", \"arguments\": {}}\n</tool_call>",
            calls: [#"f{"a":1}"#, "g{}"]),
        ResponseCase(
            family: "hermes",
            text:
                "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"s\": \"</tool_call> }\"}}\n</tool_call>\n\nDone.",
            content: "Done.", calls: [#"f{"s":"</tool_call> }"}"#]),
        ResponseCase(
            family: "hermes", text: "<think>\nhm\n</think>\n\nHi", reasoning: "hm", content: "Hi"),
        ResponseCase(
            family: "hermes", text: "hm\n</think>\n\nHi", reasoning: "hm", content: "Hi",
            promptTail: "<|im_start|>assistant\n<think>\n"),
        ResponseCase(
            family: "hermes", text: "<think>\nhm\n</think>\n\nHi", reasoning: "hm", content: "Hi",
            promptTail: "<|im_start|>assistant\n<think>\n"),
        ResponseCase(
            family: "hermes", text: "Say <think> and </think>.",
            content: "Say <think> and </think>."),
        ResponseCase(
            family: "hermes", text: "a\n\n  b <b>c</b> \n", content: "a\n\n  b <b>c</b> \n"),
        ResponseCase(
            family: "qwen3-coder",
            text:
                "hm\n</think>\n\n<tool_call>\n<function=f>\n<parameter=s>\n1\n</parameter>\n<parameter=n>\n2\n</parameter>\n</function>\n</tool_call>",
            reasoning: "hm", calls: [#"f{"s":"1","n":2}"#], promptTail: "<think>\n"),
        ResponseCase(
            family: "qwen3-coder",
            text:
                "hm\n<tool_call>\n<function=f>\n<parameter=o>\n{\"k\": [1]}\n</parameter>\n</function>\n</tool_call>",
            reasoning: "hm", calls: [#"f{"o":{"k":[1]}}"#], promptTail: "<think>\n"),
        ResponseCase(
            family: "qwen3-coder",
            text:
                "<function=f>\n<parameter=s>\nif a </parameter> b\n\n</parameter>\n</function>\n</tool_call>\nok",
            content: "ok", calls: [#"f{"s":"if a </parameter> b\n"}"#]),
        ResponseCase(
            family: "llama3", text: #"{"name": "f", "parameters": {"a": 1}}"#,
            calls: [#"f{"a":1}"#]),
        ResponseCase(
            family: "llama3", text: #"{"name": "h", "parameters": {}} end"#,
            content: #"{"name": "h", "parameters": {}} end"#),
        ResponseCase(
            family: "llama3", text: #"<|python_tag|>f.call(s="x", n=2)"#,
            calls: [#"f{"s":"x","n":2}"#]),
        ResponseCase(family: "llama3", text: "Hello {there}", content: "Hello {there}"),
        ResponseCase(
            family: "llama4", text: "[f(a=1, d={'k': [1, None]})]",
            calls: [#"f{"a":1,"d":{"k":[1,null]}}"#]),
        ResponseCase(family: "llama4", text: "[1] is a list", content: "[1] is a list"),
        ResponseCase(
            family: "olmo3", text: "<function_calls>\nf(a=1)\ng()\n</function_calls>",
            calls: [#"f{"a":1}"#, "g{}"]),
        ResponseCase(
            family: "lfm2",
            text: #"<|tool_call_start|>[f(s="x", b=true), g()]<|tool_call_end|>"#,
            calls: [#"f{"s":"x","b":true}"#, "g{}"]),
        ResponseCase(
            family: "mistral",
            text: #"[TOOL_CALLS][{"name": "f", "arguments": {}, "id": "abcdefghi"}]"#,
            calls: ["abcdefghi f{}"]),
        ResponseCase(
            family: "mistral-v11", text: #"ok[TOOL_CALLS]f[ARGS]{"a": 1}[TOOL_CALLS]g[ARGS]{}"#,
            content: "ok", calls: [#"f{"a":1}"#, "g{}"]),
        ResponseCase(
            family: "mistral-v11",
            text: #"[THINK]hm[/THINK][TOOL_CALLS]f[CALL_ID]123456789[ARGS]{}"#,
            reasoning: "hm", calls: ["123456789 f{}"]),
        ResponseCase(
            family: "mistral-v11", text: #"[TOOL_CALLS][{"name": "f", "arguments": {"a": 1}}]"#,
            calls: [#"f{"a":1}"#]),
        ResponseCase(
            family: "deepseek-v3",
            text:
                "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n{\"a\": 1}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>g\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
            calls: [#"f{"a":1}"#, "g{}"]),
        ResponseCase(
            family: "deepseek-v3.1",
            text:
                "hm</think>Yes.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{\"a\": 1}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
            reasoning: "hm", content: "Yes.", calls: [#"f{"a":1}"#],
            promptTail: "<｜Assistant｜><think>"),
        ResponseCase(
            family: "dsml",
            text:
                "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"f\">\n<｜DSML｜parameter name=\"a\" string=\"false\">1</｜DSML｜parameter>\n<｜DSML｜parameter name=\"b\" string=\"true\">2</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>",
            calls: [#"f{"a":1,"b":"2"}"#]),
        ResponseCase(
            family: "dsml-v4",
            text:
                "<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"f\">\n</｜DSML｜invoke>\n<｜DSML｜invoke name=\"g\">\n</｜DSML｜invoke>\n</｜DSML｜tool_calls>",
            calls: ["f{}", "g{}"]),
        ResponseCase(
            family: "harmony",
            text:
                "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>commentary to=functions.f <|constrain|>json<|message|>{\"a\":1}<|call|>",
            reasoning: "hm", calls: [#"f{"a":1}"#]),
        ResponseCase(
            family: "harmony",
            text:
                "<|channel|>commentary<|message|>I will check.<|end|><|start|>assistant<|channel|>final<|message|>Done<|return|>",
            content: "I will check.\n\nDone"),
        ResponseCase(
            family: "harmony",
            text: " to=functions.f<|channel|>commentary json<|message|>{}<|call|>",
            calls: ["f{}"]),
        ResponseCase(family: "harmony", text: "Just text.", content: "Just text."),
        ResponseCase(
            family: "glm",
            text:
                "<think>hm</think><tool_call>f\n<arg_key>n</arg_key>\n<arg_value>1</arg_value>\n<arg_key>s</arg_key>\n<arg_value>1</arg_value>\n</tool_call>",
            reasoning: "hm", calls: [#"f{"n":1,"s":"1"}"#]),
        ResponseCase(
            family: "glm",
            text: "<tool_call>f<arg_key>n</arg_key><arg_value>1</arg_value></tool_call>",
            calls: [#"f{"n":1}"#]),
        ResponseCase(
            family: "kimi",
            text:
                "<|tool_calls_section_begin|><|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{\"a\":1}<|tool_call_end|><|tool_calls_section_end|>",
            calls: [#"functions.f:0 f{"a":1}"#]),
        ResponseCase(
            family: "granite", text: #"<|tool_call|>[{"name":"f","arguments":{}}]"#, calls: ["f{}"]),
        ResponseCase(
            family: "granite", text: "<think>hm</think><response>Hi</response>", reasoning: "hm",
            content: "Hi"),
        ResponseCase(
            family: "gemma4",
            text:
                "<|channel>thought\nhm<channel|><|tool_call>call:f{s:<|\"|>x \"y\"<|\"|>,n:[1,2]}<tool_call|>",
            reasoning: "hm", calls: [#"f{"s":"x \"y\"","n":[1,2]}"#]),
        ResponseCase(
            family: "functiongemma",
            text: "<start_function_call>call:f{s:<escape>v<escape>}<end_function_call>",
            calls: [#"f{"s":"v"}"#]),
        ResponseCase(
            family: "cohere",
            text:
                "<|START_THINKING|>hm<|END_THINKING|><|START_ACTION|>[{\"tool_call_id\":\"0\",\"tool_name\":\"f\",\"parameters\":{\"a\":1}}]<|END_ACTION|>",
            reasoning: "hm", calls: [#"0 f{"a":1}"#]),
        ResponseCase(
            family: "cohere", text: "<|START_RESPONSE|>Hi<|END_RESPONSE|>", content: "Hi"),
        ResponseCase(
            family: "seed",
            text:
                "<seed:think>hm</seed:think><seed:tool_call>\n<function=f>\n<parameter=s>v</parameter>\n</function>\n</seed:tool_call>",
            reasoning: "hm", calls: [#"f{"s":"v"}"#]),
        ResponseCase(
            family: "minimax",
            text:
                "<minimax:tool_call><invoke name=\"f\"><parameter name=\"s\">v</parameter></invoke></minimax:tool_call>",
            calls: [#"f{"s":"v"}"#]),
        ResponseCase(
            family: "phi4", text: #"functools[{"name":"f","arguments":{"a":1}}]"#,
            calls: [#"f{"a":1}"#]),
        ResponseCase(
            family: "hunyuan",
            text:
                "<think>hm</think><answer>ok <tool_calls>[{\"name\":\"f\",\"arguments\":{}}]</tool_calls></answer>",
            reasoning: "hm", content: "ok", calls: ["f{}"]),
        ResponseCase(
            family: "functionary", text: #"<function=f>{"a": 1}</function>"#, calls: [#"f{"a":1}"#]),
        ResponseCase(
            family: "hermes",
            text: "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": }\n</tool_call>",
            content: "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": }\n</tool_call>"),
        ResponseCase(
            family: "hermes", text: "<tool_call>\n{\"name\": \"f\", \"argum",
            content: "<tool_call>\n{\"name\": \"f\", \"argum"),
        ResponseCase(
            family: "hermes", text: "Use <tool_call> tags", content: "Use <tool_call> tags",
            hasTools: false),
        ResponseCase(
            family: "hermes", text: "Use <tool_call> tags", content: "Use <tool_call> tags"),
    ]

    func makeParser() -> ResponseParser {
        ResponseParser(
            ResponseSyntax.detect(in: Self.sources[family] ?? ""),
            tools: hasTools ? Self.tools : [], promptTail: promptTail, makeIdentifier: { "" })
    }

    /// Reads the text, cut after some of its characters.
    func read(_ pieces: [String]) -> ReadResponse {
        var parser = makeParser()
        var read = ReadResponse()
        for piece in pieces { read.add(parser.add(piece)) }
        read.add(parser.finish())
        read.finish()
        return read
    }
}

/// Events joined.
struct ReadResponse: Equatable {
    var reasoning = ""
    var content = ""
    var calls: [String] = []
    /// What is wrong with the deltas of calls.
    var faults: [String] = []
    /// The bytes that a complete call told before it was complete.
    private var told: [Int: (name: String, arguments: String)] = [:]

    static func == (one: ReadResponse, other: ReadResponse) -> Bool {
        (one.reasoning, one.content, one.calls, one.faults)
            == (other.reasoning, other.content, other.calls, other.faults)
    }

    /// Deltas must tell each complete call, word for word, and nothing may be left of others.
    private mutating func add(_ delta: ToolCallDelta) {
        switch (delta.isWithdrawn, delta.name, told[delta.index]) {
        case (true, nil, .some): told[delta.index] = nil
        case (false, .some(let name), nil): told[delta.index] = (name, delta.arguments)
        case (false, nil, .some): told[delta.index]?.arguments += delta.arguments
        default: faults.append("\(delta)")
        }
    }

    mutating func finish() {
        if told.count != calls.count {
            faults.append("deltas of \(told.count), \(calls.count) calls")
        }
    }

    mutating func add(_ events: [ResponseEvent]) {
        for event in events {
            switch event {
            case .text(let text): content += text
            case .reasoning(let text): reasoning += text
            case .callDelta(let delta): add(delta)
            case .call(let call):
                if told[calls.count].map({ $0 == (call.name, call.arguments) }) != true {
                    faults.append("\(call) told as \(told[calls.count] ?? ("", ""))")
                }
                calls.append((call.id.isEmpty ? "" : call.id + " ") + call.name + call.arguments)
            }
        }
    }
}
