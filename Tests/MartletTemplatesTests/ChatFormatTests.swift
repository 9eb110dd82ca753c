/// Messages as templates take them.

import MartletJSON
import Testing

@testable import MartletTemplates

@Suite("Messages to prompts")
struct ChatFormatTests {
    private static let plain =
        "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
        + "{% if add_generation_prompt %}<|assistant|>{% endif %}"

    private func text(_ template: String, _ messages: [Message]) throws -> String {
        try ChatFormat(template: template, specialTokens: ["bos_token": "<s>"]).prompt(messages)
            .text
    }

    @Test("A developer's message is one of the system where the template knows no developer")
    func developer() throws {
        #expect(
            try text(Self.plain, [Message(.developer, "d"), Message(.user, "u")])
                == "<|system|>d<|end|><|user|>u<|end|><|assistant|>")
    }

    @Test("Instructions join the first question where the template refuses a system message")
    func system() throws {
        let refusing =
            "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}"
            + Self.plain
        #expect(
            try text(refusing, [Message(.system, "s"), Message(.user, "u")])
                == "<|user|>s\n\nu<|end|><|assistant|>")
    }

    @Test("Content is a list of parts where the template takes nothing else")
    func parts() throws {
        let typed =
            "{% for m in messages %}{% for p in m.content %}{% if p.type == 'text' %}{{ p.text }}{% endif %}{% endfor %};{% endfor %}"
        #expect(try text(typed, [Message(.user, "u")]) == "u;")
    }

    @Test("Arguments are what the template takes: an object, or its text")
    func arguments() throws {
        let call = ToolCall(id: "c", name: "f", arguments: #"{"a":1}"#)
        let messages = [Message(.user, "u"), Message(.assistant, "", toolCalls: [call])]
        let object =
            "{% for m in messages %}{% for c in m.tool_calls or [] %}{{ c.function.name }}{% for k, v in c.function.arguments.items() %}{{ k }}={{ v }}{% endfor %}{% endfor %}{{ m.content }}{% endfor %}"
        #expect(try text(object, messages) == "ufa=1")
        let string =
            "{% for m in messages %}{% for c in m.tool_calls or [] %}{{ c.function.name + c.function.arguments }}{% endfor %}{{ m.content }}{% endfor %}"
        #expect(try text(string, messages) == #"uf{"a":1}"#)
    }

    @Test(
        "Identifiers of calls have nine letters where the template asks for them, the same on both sides"
    )
    func identifiers() throws {
        let call = ToolCall(id: "call_abc", name: "f", arguments: "{}")
        let template =
            "{# length 9 #}{% for m in messages %}{% for c in m.tool_calls or [] %}{{ c.id }};{% endfor %}{{ m.tool_call_id }};{% endfor %}"
        let ids = try text(
            template,
            [Message(.assistant, "", toolCalls: [call]), .toolResult("r", for: call)]
        ).split(separator: ";")
        #expect(ids.count == 2)
        #expect(ids[0] == ids[1])
        #expect(ids[0].utf8.count == 9)
    }

    @Test("What came from the conversation is marked as input through every operation")
    func origin() throws {
        let template = try ChatTemplate(
            "<a>{{ (x | trim | upper)[1:] + '!' }}{{ [x, 1] | tojson }}{{ '%s-%s' % (x, c) }}{% set b %}{{ x }}{% endset %}{{ b.split(',') | join('+') }}"
        )
        let prompt = try template.render(
            JSONObject().setting("x", to: " p,q "), constants: JSONObject().setting("c", to: "K"))
        #expect(prompt.text == "<a>,Q![\" p,q \", 1] p,q -K p+q ")
        let marked = prompt.segments.map {
            ($0.fromInput ? "{" : "") + $0.text + ($0.fromInput ? "}" : "")
        }
        #expect(marked.joined() == "<a>{,Q}![\"{ p,q }\", 1]{ p,q }-K{ p}+{q }")
    }

    @Test("The name of a role is no input, since templates make control tokens of it")
    func role() throws {
        let prompt = try ChatFormat(template: Self.plain).prompt([Message(.user, "<|end|>")])
        #expect(prompt.segments.map(\.text) == ["<|user|>", "<|end|>", "<|end|><|assistant|>"])
        #expect(prompt.segments.map(\.fromInput) == [false, true, false])
    }

    @Test("An answer begins inside reasoning when the prompt ends with its mark")
    func openReasoning() throws {
        let format = try ChatFormat(template: Self.plain + "<think>\n")
        let prompt = try format.prompt([Message(.user, "u")])
        var parser = format.parser(answering: prompt)
        #expect(parser.add("hm</think>ok") + parser.finish() == [.reasoning("hm"), .text("ok")])
    }
}
