/// How one model is talked to: messages to prompts, and answers to messages.

public import MartletJSON

/// What a prompt asks for beside the messages.
public struct PromptOptions: Sendable, Equatable {
    /// Whether the prompt ends where the model's answer begins.
    public var asksForAnswer = true
    /// Whether the model thinks before it answers, where it can be told; nil is the template's own choice.
    public var thinks: Bool?
    /// How hard it thinks, where it can be told: `low`, `medium` or `high`.
    public var reasoningEffort: String?
    /// Whatever else the template is told, by name.
    public var variables = JSONObject()

    /// A prompt for an answer.
    public init() {}
}

/// A model's chat template, what it makes of the parts of a conversation, and how the model's answers are read.
public struct ChatFormat: Sendable {
    /// The template.
    public let template: ChatTemplate
    /// How answers are read.
    let syntax: ResponseSyntax
    private let specialTokens: JSONObject
    private let capabilities: TemplateCapabilities
    private let clock: TemplateClock

    /// Reads a template.
    ///
    /// - Parameters:
    ///   - source: the template's text.
    ///   - specialTokens: the texts of the model's special tokens, by the names that templates have for them:
    ///     `bos_token`, `eos_token`.
    ///   - name: what errors call it.
    ///   - clock: what the template takes for now.
    /// - Throws: ``TemplateError`` when the template does not parse.
    public init(
        template source: String, specialTokens: [String: String] = [:],
        name: String = "chat template", clock: TemplateClock = .system
    ) throws(TemplateError) {
        template = try ChatTemplate(source, name: name)
        self.specialTokens = JSONObject(
            specialTokens.sorted { $0.key < $1.key }.map {
                JSONObject.Member(key: $0.key, value: .string($0.value))
            })
        self.clock = clock
        syntax = ResponseSyntax.detect(in: source)
        capabilities = TemplateCapabilities.probe(template, self.specialTokens, clock)
    }

    /// The prompt of a conversation.
    ///
    /// - Throws: ``TemplateError`` when the template refuses the conversation.
    public func prompt(
        _ messages: [Message], tools: [ToolDefinition] = [],
        options: PromptOptions = PromptOptions()
    ) throws(TemplateError) -> RenderedPrompt {
        var input = JSONObject()
            .setting("messages", to: .array(capabilities.values(of: messages)))
            .setting("add_generation_prompt", to: .bool(options.asksForAnswer))
        if !tools.isEmpty {
            input = input.setting("tools", to: .array(tools.map(\.templateValue)))
        }
        if let thinks = options.thinks {
            input = input.setting("enable_thinking", to: .bool(thinks))
                .setting("thinking", to: .bool(thinks))
        }
        if let effort = options.reasoningEffort {
            input = input.setting("reasoning_effort", to: .string(effort))
        }
        for member in options.variables.members {
            input = input.setting(member.key, to: member.value)
        }
        return try template.render(input, constants: specialTokens, clock: clock)
    }

    /// What reads the answer to a prompt.
    ///
    /// - Parameters:
    ///   - prompt: the prompt; it tells whether the answer begins inside the model's reasoning.
    ///   - tools: the tools that the model was told of; without any, nothing is read as a call.
    public func parser(
        answering prompt: RenderedPrompt? = nil, tools: [ToolDefinition] = []
    ) -> ResponseParser {
        let tail = prompt?.segments.last.flatMap { $0.fromInput ? nil : $0.text }
        return ResponseParser(syntax, tools: tools, promptTail: tail ?? "")
    }
}
