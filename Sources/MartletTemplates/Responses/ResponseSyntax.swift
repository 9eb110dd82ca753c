/// How the models of a family write what they think, what they say and which tools they call.

/// The marks in a family's answers.
struct ResponseSyntax: Sendable, Equatable {
    /// A text with marks around it.
    struct Enclosure: Sendable, Equatable {
        let open: String
        let close: String
    }

    /// How calls are written.
    enum Calls: Sendable, Equatable {
        /// JSON between marks: an object for each call, or an array of them. The closing mark may be missing where there
        /// is an array.
        case json(open: [String], close: [String])
        /// A name, and an object of JSON behind it.
        case named(NamedCallMarks)
        /// A name and parameters, each in tags of its own.
        case tagged(TaggedCallMarks)
        /// Calls as Python writes them, in a list between marks.
        case python(open: String, close: String)
        /// One call a line as Python writes it, between marks.
        case pythonLines(open: String, close: String)
        /// The whole answer is JSON, or calls as Python writes them.
        case bareJSON
        case barePython
        /// Bare keys, and texts between marks.
        case bareKeys(open: String, close: String, quote: String)
        /// Messages with headers that name a channel and a recipient.
        case harmony
    }

    let name: String
    var calls: Calls?
    /// What stands around several calls.
    var section: Enclosure?
    var reasoning: Enclosure?
    /// A word that begins the reasoning and is none of it.
    var reasoningLabel: String?
    /// Marks around what is said, which are not part of it.
    var contentMarks: [String] = []

    /// Whether an answer to a prompt that ends so begins inside of what the model thinks.
    func isReasoning(after promptTail: String) -> Bool {
        reasoning.map { promptTail.trimmedSpace.hasSuffix($0.open) } ?? false
    }
}

/// Marks of a call whose name stands before an object of JSON.
struct NamedCallMarks: Sendable, Equatable {
    let open: String
    /// What stands between the opening mark and the name.
    var prefix = ""
    /// The end of the name.
    let nameEnd: [String]
    /// Marks of a piece between name and arguments that is an identifier.
    var identifier: ResponseSyntax.Enclosure?
    var beforeArguments = ""
    var afterArguments = ""
    let close: String
    /// What stands before the name in an identifier such as `functions.name:0`.
    var namespace = ""
}

/// Marks of a call with each parameter in tags of its own.
struct TaggedCallMarks: Sendable, Equatable {
    let open: String
    /// The end of the name; the first that comes.
    let nameEnd: [String]
    /// Whether the name's end belongs to what follows, rather than to the name.
    var keepsNameEnd = false
    let parameterOpen: String
    let keyEnd: String
    /// What a parameter's key ends with when its value is a text in any case, and when it is JSON in any case.
    var textKeyEnd: String?
    var jsonKeyEnd: String?
    /// A tag between the key and the value.
    var valueOpen = ""
    let parameterClose: String
    let close: String
}

extension ResponseSyntax {
    /// The rows: the first one whose marks all stand in a template's source says how the model writes calls.
    private static let rows: [(marks: [String], syntax: ResponseSyntax)] = [
        (["<|channel|>", "<|message|>"], ResponseSyntax(name: "harmony", calls: .harmony)),
        (
            ["<|tool_call>", "<tool_call|>"],
            ResponseSyntax(
                name: "gemma4",
                calls: .bareKeys(open: "<|tool_call>", close: "<tool_call|>", quote: "<|\"|>"))
        ),
        (
            ["<start_function_call>"],
            ResponseSyntax(
                name: "functiongemma",
                calls: .bareKeys(
                    open: "<start_function_call>", close: "<end_function_call>", quote: "<escape>"))
        ),
        (
            ["｜DSML｜"],
            ResponseSyntax(
                name: "dsml",
                calls: .tagged(
                    TaggedCallMarks(
                        open: "<｜DSML｜invoke name=\"", nameEnd: ["\">"],
                        parameterOpen: "<｜DSML｜parameter name=\"", keyEnd: "\"",
                        textKeyEnd: " string=\"true\">", jsonKeyEnd: " string=\"false\">",
                        parameterClose: "</｜DSML｜parameter>", close: "</｜DSML｜invoke>")),
                section: Enclosure(
                    open: "<｜DSML｜function_calls>", close: "</｜DSML｜function_calls>"))
        ),
        (
            ["<｜tool▁calls▁begin｜>", "```json"],
            ResponseSyntax(
                name: "deepseek-v3",
                calls: .named(
                    NamedCallMarks(
                        open: "<｜tool▁call▁begin｜>", prefix: "function<｜tool▁sep｜>",
                        nameEnd: ["\n"], beforeArguments: "```json\n", afterArguments: "\n```",
                        close: "<｜tool▁call▁end｜>")),
                section: deepSeekSection)
        ),
        (
            ["<｜tool▁calls▁begin｜>"],
            ResponseSyntax(
                name: "deepseek-v3.1",
                calls: .named(
                    NamedCallMarks(
                        open: "<｜tool▁call▁begin｜>", nameEnd: ["<｜tool▁sep｜>"],
                        close: "<｜tool▁call▁end｜>")),
                section: deepSeekSection)
        ),
        (
            ["<|tool_call_argument_begin|>"],
            ResponseSyntax(
                name: "kimi",
                calls: .named(
                    NamedCallMarks(
                        open: "<|tool_call_begin|>", nameEnd: ["<|tool_call_argument_begin|>"],
                        close: "<|tool_call_end|>", namespace: "functions.")),
                section: Enclosure(
                    open: "<|tool_calls_section_begin|>", close: "<|tool_calls_section_end|>"))
        ),
        (
            ["<|tool_call_start|>"],
            ResponseSyntax(
                name: "lfm2",
                calls: .python(open: "<|tool_call_start|>", close: "<|tool_call_end|>"))
        ),
        (
            ["<minimax:tool_call>"],
            ResponseSyntax(
                name: "minimax",
                calls: .tagged(
                    TaggedCallMarks(
                        open: "<invoke name=\"", nameEnd: ["\">"],
                        parameterOpen: "<parameter name=\"", keyEnd: "\">",
                        parameterClose: "</parameter>", close: "</invoke>")),
                section: Enclosure(open: "<minimax:tool_call>", close: "</minimax:tool_call>"))
        ),
        (
            ["<seed:tool_call>"],
            ResponseSyntax(
                name: "seed", calls: functionTags,
                section: Enclosure(open: "<seed:tool_call>", close: "</seed:tool_call>"))
        ),
        (
            ["<arg_key>"],
            ResponseSyntax(
                name: "glm",
                calls: .tagged(
                    TaggedCallMarks(
                        open: "<tool_call>", nameEnd: ["\n", "<arg_key>", "</tool_call>"],
                        keepsNameEnd: true, parameterOpen: "<arg_key>", keyEnd: "</arg_key>",
                        valueOpen: "<arg_value>", parameterClose: "</arg_value>",
                        close: "</tool_call>")))
        ),
        (
            ["<tool_call>", "<function=", "<parameter="],
            ResponseSyntax(
                name: "qwen3-coder", calls: functionTags,
                section: Enclosure(open: "<tool_call>", close: "</tool_call>"))
        ),
        (
            ["<|START_ACTION|>"],
            ResponseSyntax(
                name: "cohere", calls: .json(open: ["<|START_ACTION|>"], close: ["<|END_ACTION|>"]),
                contentMarks: [
                    "<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_TEXT|>", "<|END_TEXT|>",
                ])
        ),
        // Apriel, whose text also speaks of Hermes' mark.
        (["<tool_calls>["], hunyuan),
        (
            ["<tool_call>"],
            ResponseSyntax(
                name: "hermes", calls: .json(open: ["<tool_call>"], close: ["</tool_call>"]))
        ),
        (["<tool_calls>"], hunyuan),
        (
            ["<|tool_call|>"],
            ResponseSyntax(
                name: "granite-phi4",
                calls: .json(
                    open: ["<|tool_call|>", "functools"],
                    close: ["<|/tool_call|>", "</|tool_call|>"]),
                contentMarks: ["<response>", "</response>"])
        ),
        (
            ["functools"],
            ResponseSyntax(name: "phi4", calls: .json(open: ["functools"], close: []))
        ),
        (
            ["[TOOL_CALLS]", "[ARGS]"],
            ResponseSyntax(
                name: "mistral-v11",
                calls: .named(
                    NamedCallMarks(
                        open: "[TOOL_CALLS]", nameEnd: ["[ARGS]", "[CALL_ID]"],
                        identifier: Enclosure(open: "[CALL_ID]", close: "[ARGS]"), close: "")))
        ),
        (
            ["[TOOL_CALLS]"],
            ResponseSyntax(name: "mistral", calls: .json(open: ["[TOOL_CALLS]"], close: []))
        ),
        (
            ["<function=", "</function>"],
            ResponseSyntax(
                name: "functionary",
                calls: .named(
                    NamedCallMarks(open: "<function=", nameEnd: [">"], close: "</function>")))
        ),
        (
            ["<function_calls>"],
            ResponseSyntax(
                name: "olmo3",
                calls: .pythonLines(open: "<function_calls>", close: "</function_calls>"))
        ),
        (["<|header_start|>"], ResponseSyntax(name: "llama4", calls: .barePython)),
        (
            ["<|start_header_id|>", "\"parameters\""],
            ResponseSyntax(name: "llama3", calls: .bareJSON)
        ),
    ]

    private static let hunyuan = ResponseSyntax(
        name: "hunyuan", calls: .json(open: ["<tool_calls>"], close: ["</tool_calls>"]),
        contentMarks: ["<answer>", "</answer>"])
    private static let deepSeekSection = Enclosure(
        open: "<｜tool▁calls▁begin｜>", close: "<｜tool▁calls▁end｜>")
    private static let functionTags = Calls.tagged(
        TaggedCallMarks(
            open: "<function=", nameEnd: [">"], parameterOpen: "<parameter=", keyEnd: ">",
            parameterClose: "</parameter>", close: "</function>"))

    /// Marks of reasoning, the first pair of which one stands in a template's source.
    private static let reasonings: [(marks: Enclosure, label: String?)] = [
        (Enclosure(open: "<|channel>", close: "<channel|>"), "thought"),
        (Enclosure(open: "<seed:think>", close: "</seed:think>"), nil),
        (Enclosure(open: "<|START_THINKING|>", close: "<|END_THINKING|>"), nil),
        (Enclosure(open: "[THINK]", close: "[/THINK]"), nil),
        (Enclosure(open: "<think>", close: "</think>"), nil),
    ]

    /// How a model answers whose template this is.
    static func detect(in template: String) -> ResponseSyntax {
        var found =
            rows.first { row in row.marks.allSatisfy { template.utf8Contains($0) } }?.syntax
            ?? ResponseSyntax(name: "plain")
        guard found.calls != .harmony else { return found }
        let reasoning = reasonings.first { row in
            template.utf8Contains(row.marks.open) || template.utf8Contains(row.marks.close)
        }
        found.reasoning = reasoning?.marks
        found.reasoningLabel = reasoning?.label
        // V4 says `tool_calls` where V3.2 says `function_calls`.
        if found.name == "dsml", !template.utf8Contains("function_calls>") {
            found.section = Enclosure(open: "<｜DSML｜tool_calls>", close: "</｜DSML｜tool_calls>")
        }
        return found
    }

    /// The syntax of a name in the table.
    static func named(_ name: String) -> ResponseSyntax? {
        rows.first { $0.syntax.name == name }?.syntax
    }
}

extension String {
    /// Whether it contains a text, byte by byte.
    func utf8Contains(_ part: String) -> Bool {
        TemplateText(self).firstRange(of: Array(part.utf8)) != nil
    }
}
