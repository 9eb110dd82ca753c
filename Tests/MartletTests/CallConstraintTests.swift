/// Calls of tools in every notation: what is allowed is read as calls, and what is read as a call is allowed.

import Martlet
import MartletConstraints
import MartletJSON
import MartletTemplates
import Testing

@Suite struct CallConstraintTests {
    private static let bytes = TokenVocabulary(
        tokens: (UInt8.min...UInt8.max).map { [$0] } + [nil], endTokens: [256])

    private static let tools = [
        ToolDefinition(
            name: "add", description: "",
            parameters: JSONObject([
                .init(
                    key: "properties",
                    value: [
                        "a": ["type": "integer", "minimum": 3], "unit": ["enum": ["m", "km"]],
                        "note": ["type": "string"],
                    ]), .init(key: "required", value: ["a", "unit"]),
                .init(key: "additionalProperties", value: false),
            ])),
        ToolDefinition(name: "now", description: "", parameters: JSONObject()),
    ]

    /// Marks that tell a family apart, an answer with two calls, and one that breaks a schema.
    private static let families: [(marks: String, right: String, wrong: String)] = [
        (
            "<tool_call>",
            "<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 4, \"unit\": \"km\"}}\n</tool_call>\n<tool_call>{\"name\": \"now\", \"arguments\": {}}</tool_call>",
            "<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 2, \"unit\": \"km\"}}\n</tool_call>"
        ),
        (
            "[TOOL_CALLS]",
            "[TOOL_CALLS] [{\"name\": \"add\", \"arguments\": {\"a\": 30, \"unit\": \"m\"}}, {\"name\": \"now\", \"arguments\": {}}]",
            "[TOOL_CALLS][{\"name\": \"sub\", \"arguments\": {}}]"
        ),
        (
            "[TOOL_CALLS] [ARGS]",
            "[TOOL_CALLS]add[ARGS]{\"a\": 3, \"unit\": \"m\"}\n[TOOL_CALLS]now[ARGS]{}",
            "[TOOL_CALLS]add[ARGS]{\"a\": 3}"
        ),
        (
            "<｜tool▁calls▁begin｜>",
            "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>add<｜tool▁sep｜>{\"a\": 3, \"unit\": \"m\"}<｜tool▁call▁end｜><｜tool▁call▁begin｜>now<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
            "<｜tool▁calls▁begin｜><｜tool▁calls▁end｜>"
        ),
        (
            "<tool_call> <function= <parameter=",
            "<tool_call>\n<function=add>\n<parameter=a>\n12\n</parameter>\n<parameter=unit>\nkm\n</parameter>\n<parameter=note>any <text></parameter>\n</function>\n<function=now>\n</function>\n</tool_call>",
            "<tool_call>\n<function=add>\n<parameter=a>\n12\n</parameter>\n</function>\n</tool_call>"
        ),
        (
            "<arg_key>",
            "<tool_call>add\n<arg_key>a</arg_key>\n<arg_value>5</arg_value>\n<arg_key>unit</arg_key>\n<arg_value>m</arg_value>\n</tool_call>\n<tool_call>now\n</tool_call>",
            "<tool_call>add\n<arg_key>a</arg_key>\n<arg_value>1</arg_value>\n</tool_call>"
        ),
    ]

    @Test(arguments: families) func familiesWriteTheirOwn(
        marks: String, right: String, wrong: String
    ) throws {
        let format = try ChatFormat(template: "{# \(marks) #}{{ messages[0].content }}")
        for isRequired in [true, false] {
            let constraint = try TokenConstraint(
                try format.callConstraint(on: Self.tools, isRequired: isRequired),
                vocabulary: Self.bytes)
            #expect(constraint.matches(right.utf8), "refused \(right)")
            #expect(!constraint.matches(wrong.utf8), "accepted \(wrong)")
            #expect(constraint.matches("A text.".utf8) == !isRequired)
            #expect(constraint.matches("A text. \(right)".utf8) == !isRequired)
            guard isRequired else { continue }
            // The shortest answer is a call as well.
            let shortest = String(
                decoding: constraint.shortestCompletion(constraint.start), as: UTF8.self)
            for (text, count) in [(right, 2), (shortest, 1)] {
                var parser = format.parser(tools: Self.tools)
                let events = parser.add(text) + parser.finish()
                let calls = events.compactMap { event in
                    if case .call(let call) = event { call.name } else { nil }
                }
                #expect(calls.count == count, "\(text) is read as \(events)")
            }
        }
    }

    @Test func whatCannotBeHeldToIsRefused() throws {
        let python = try ChatFormat(template: "{# <|tool_call_start|> #}")
        var error = #expect(throws: MartletError.self) {
            try python.callConstraint(on: Self.tools, isRequired: true)
        }
        #expect(error?.code == .unsupportedFormat)
        let tags = try ChatFormat(template: "{# <tool_call> <function= <parameter= #}")
        let tool = ToolDefinition(
            name: "f", description: "",
            parameters: JSONObject([
                .init(key: "properties", value: ["a": ["type": "string", "maxLength": 3]])
            ]))
        error = #expect(throws: MartletError.self) {
            try tags.callConstraint(on: [tool], isRequired: true)
        }
        #expect(error?.message.contains("maxLength") == true)
    }
}
