// Texts that somebody types: policies, tasks, options of the command.

import Martlet
import MartletCache
import MartletEvaluation
import MartletJSON
import MartletKernels
import MartletTasks
import MartletTemplates
import Testing

@testable import MartletCommand
@testable import MartletPolicies

extension UntrustedInput {
    private static let policies = [
        "snapkv(budget=1024, window=32) + quest(budget=256) + kv(q8)",
        "adakv(snapkv(ratio=0.5), alpha=0.3)", "pyramidkv(budget=64, beta=4)",
        "window(sinks=4, recent=100, positions=clamp)", "h2o(bytes=4MB, steps=true)",
        "scope(chelsea(ratio=0.25), mode=discontinuous, window=12)", "dms(cr=4, window=16)",
        "threshold(knorm(), below=-9)", "rkv(budget=32, buffer=16)", "kv(kivi, residual=0)",
        "think(ratio=0.5, window=16)", "sentencekv(budget=48)", "lserve(budget=64)",
        "compactor(ratio=0.5, chunk=11, sketch=8)",
    ]

    private static let templates = [
        "{% for m in messages %}<|{{ m.role }}|>{{ m['content'] | trim }}{% endfor %}{# x #}",
        "{%- macro f(a, b=1) -%}{{ a ~ b }}{%- endmacro -%}{{ f(messages|length) }}{{ messages[1:]|tojson }}",
        "{% set ns = namespace(x=[]) %}{% for m in messages if loop is defined %}{% set ns.x = ns.x + [m] %}{% endfor %}{{ ns.x|map(attribute='role')|join(', ') }}",
    ]
    private static let answers = [
        "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": [1, \"x\"]}}\n</tool_call> ok",
        "a[TOOL_CALLS]f[ARGS]{\"b\": {}}[TOOL_CALLS]f[ARGS]{}",
        "<|channel|>analysis<|message|>é<|end|><|start|>assistant to=functions.f<|message|>{}<|call|>",
        "<tool_call>f\n<arg_key>k</arg_key>\n<arg_value>1</arg_value>\n</tool_call>",
    ]

    private static let conversations = [
        "{\"role\": \"user\", \"content\": \"a\"}\n{\"role\": \"assistant\", \"content\": [{\"type\": \"text\", \"text\": \"é\"}]}\n",
        "[{\"role\": \"assistant\", \"content\": null, \"tool_calls\": [{\"id\": \"1\", \"function\": {\"name\": \"f\", \"arguments\": \"{}\"}}]}]",
    ]

    private static let tools = [
        "[{\"type\": \"function\", \"function\": {\"name\": \"f\", \"description\": \"d\", \"parameters\": {\"type\": \"object\"}}}, {\"name\": \"g\"}]"
    ]

    static let texts: [UntrustedInput] = [
        UntrustedInput("tools", texts: tools) { text in
            let tools = try ToolFile.tools(Array(text.utf8), name: "tools")
            #expect(Set(tools.map(\.name)).count == tools.count)
        },
        UntrustedInput("conversation", texts: conversations) { text in
            let messages = try ConversationFile.messages(Array(text.utf8), name: "conversation")
            let written = ConversationFile.bytes(messages)
            #expect(try ConversationFile.messages(written, name: "conversation") == messages)
        },
        UntrustedInput("policy", texts: policies) { text in
            let policy = try CachePolicy(text)
            let canonical = policy.description
            #expect((try? CachePolicy(canonical)) == policy, "\(canonical)")
            let shape = KVShape(
                layerCount: 2, keyValueHeadCount: 2, headDimension: 16, codec: .f16,
                pageBytes: CacheCodec.f16.pageBytes(headDimension: 16))
            _ = try KVCache(shape: shape, budgetBytes: 1 << 20, policy: policy)
        },
        UntrustedInput(
            "method of a sweep",
            texts: [
                "tova", "prompt:snapkv(budget={budget})", "steps:quest(budget={budget}) + kv(q8)",
            ]
        ) { text in
            let method = try FrontierMethod(text)
            for (prompt, length) in [(1, 1), (4096, 512), (1 << 40, 1 << 40)] {
                _ = try? CachePolicy(
                    method.policy(ratio: 4, promptTokens: prompt, length: length))
            }
        },
        UntrustedInput(
            "task",
            texts: [
                "chain(steps=4)", "mixture(copy, recall)", "addition(digits=2..5)",
                "ruler-niah-multikey-1(length=4000,keys=64)", "passkey",
            ]
        ) { text in
            let task = try TaskLocator.task(text)
            _ = task.maximumPromptLength
        },
        UntrustedInput("chat template", texts: templates) { text in
            var limits = RenderLimits()
            limits.steps = 20_000
            let messages: JSONValue = [
                ["role": "user", "content": "a <|x|>"], ["role": "assistant", "content": "b"],
            ]
            _ = try ChatTemplate(text).render(
                JSONObject().setting("messages", to: messages), limits: limits)
        },
        UntrustedInput("answer of a model", texts: answers) { text in
            let tool = ToolDefinition(name: "f", description: "", parameters: JSONObject())
            for marks in [
                "<tool_call>", "[TOOL_CALLS][ARGS]", "<|channel|><|message|>", "<arg_key>",
            ] {
                var parser = try ChatFormat(template: marks).parser(tools: [tool])
                _ = parser.add(text) + parser.finish()
            }
        },
        UntrustedInput("bytes", texts: ["4096", "64MB", "1.5GiB"]) {
            _ = try ByteCount(parsing: $0)
        },
        UntrustedInput("durations", texts: ["5s", "800ms", "2min", "1.5h"]) {
            _ = try TimeSpan(parsing: $0)
        },
        UntrustedInput("lists of numbers", texts: ["1,2,3", "", "0, 8"]) {
            _ = try NumberList(parsing: $0)
            _ = try TokenList(parsing: $0)
        },
        UntrustedInput("logit biases", texts: ["13=-5", "13=-inf", "0=1e3"]) {
            _ = try LogitBias(parsing: $0)
        },
        UntrustedInput("compressed models", texts: ["4=build/cr4", "2.5=x=y"]) {
            _ = try CompressedModel(parsing: $0)
        },
        UntrustedInput("places of answers", texts: ["number", "mark:The answer is", "line"]) {
            let place = AnswerExtraction($0)
            _ = place?.answer(in: "Well, 1,234.5 and (B).\nThe answer is 7.")
        },
        UntrustedInput(
            "gates",
            seeds: { [Array("0.9\t0.2\n1 0.5\n".utf8), Array("0.1,0.2,0.3\n".utf8)] }
        ) { bytes, folder in
            let gates = try HeadGates(
                path: folder.write("gates.tsv", bytes), streaming: 0.5, policy: "duo")
            _ = gates.isStreaming(layer: 0, head: 0)
        },
        UntrustedInput(
            "file of text", seeds: { [Array("Once upon a time, é 🦙\r\n".utf8), []] }
        ) { bytes, folder in
            _ = try TextFile.read(folder.write("text.txt", bytes))
        },
    ]
}
