/// A request for a chat completion.

import Martlet
import MartletEngine
import MartletJSON
import MartletTemplates

/// What `/v1/chat/completions` was asked.
struct ChatRequest: Sendable {
    var answer: AnswerRequest
    var tools: [ToolDefinition]
    var streams = false
    var includesUsage = false
    var includesTimings = false
    var includesPrompt = false
    /// Whether a stream tells how far the prompt is, as llama.cpp's server does.
    var telling = StreamTelling()
    /// Whether calls are written as the older `function_call`.
    var usesFunctions = false

    /// The conversation of a request: messages, tools, what the template is told.
    static func conversation(
        _ fields: Fields, _ exchange: Exchange, _ configuration: ServerConfiguration
    ) throws(WireError) -> ChatPrompt {
        var prompt = ChatPrompt()
        prompt.messages = try ChatMessages.read(fields)
        try ChatTools.choose(from: try ChatTools.read(fields, exchange), fields, into: &prompt)
        try readTemplateOptions(fields, into: &prompt.promptOptions, configuration)
        let asks = try fields.flag("add_generation_prompt")
        let continues = try fields.flag("continue_final_message") ?? false
        let isOpen = prompt.messages.last?.role == .assistant
        if continues {
            guard asks != true else {
                throw .field(
                    "continue_final_message", got: "true beside add_generation_prompt",
                    expected: "only one of the two")
            }
            guard isOpen else {
                throw .field(
                    "continue_final_message", got: "true after a message of another role",
                    expected: "a last message of the assistant")
            }
        }
        prompt.continuesLast =
            continues || (configuration.isLlamaCompatible && isOpen && asks == nil)
        if prompt.continuesLast {
            guard prompt.messages.count < 2 || prompt.messages.suffix(2).first?.role != .assistant
            else {
                throw .field(
                    "messages", got: "two messages of the assistant at the end",
                    expected: "one that is continued")
            }
        } else if let asks {
            prompt.promptOptions.asksForAnswer = asks
        }
        return prompt
    }

    private static func readTemplateOptions(
        _ fields: Fields, into options: inout PromptOptions, _ configuration: ServerConfiguration
    ) throws(WireError) {
        options.thinks = configuration.thinks
        if let variables = try fields.whole("chat_template_kwargs") {
            options.variables = variables
            if let thinks = variables["enable_thinking"]?.boolValue { options.thinks = thinks }
        }
        guard let effort = try fields.string("reasoning_effort") else { return }
        switch effort {
        case "none": options.thinks = false
        case "minimal", "low", "medium", "high", "xhigh":
            options.reasoningEffort =
                ["minimal": "low", "xhigh": "high"][effort] ?? effort
        default:
            throw .field(
                "reasoning_effort", got: "'\(effort.prefix(40))'",
                expected: "none, minimal, low, medium or high")
        }
    }

    init(
        _ fields: Fields, _ exchange: Exchange, _ service: Service, _ model: ServedModel
    ) throws(WireError) {
        let configuration = service.configuration
        let conversation = try Self.conversation(fields, exchange, configuration)
        tools = conversation.tools
        usesFunctions = fields.object["functions"] != nil && fields.object["tools"] == nil
        var form = try AnswerConstraint(localFields: fields)
        if let format = try fields.fields("response_format") {
            let asked = try AnswerConstraint(responseFormat: format)
            if asked.constraint != nil {
                guard form.constraint == nil else {
                    throw .field(
                        format.path, got: "a second form beside that of another field",
                        expected: "one form of the answer")
                }
                // A form is of texts, and an answer that must be calls has none.
                if conversation.forced == nil { form = asked }
            }
        }
        if let modalities = try fields.strings("modalities"), modalities != ["text"] {
            throw .unsupported(
                "modalities", "an answer that is no text", instead: "leave it out, or ask for text")
        }
        answer = try model.request(for: conversation)
        answer.own = try MartletFields(fields, model)
        answer.options = model.usualOptions(configuration)
        answer.options.constraint = try model.constraint(
            of: conversation, beside: form.constraint)
        try model.read(sampling: fields, into: &answer.options)
        let wanted = try fields.integer(
            ["max_completion_tokens", "max_tokens", "n_predict"], in: -1...1 << 30)
        answer.options.maximumTokens = try model.completionLimit(
            answer.prompt, at: "messages", wanted: wanted.flatMap { $0 < 0 ? nil : $0 },
            configuration)
        answer.chainCount = try fields.integer(["n", "n_cmpl"], in: 1...128) ?? 1
        answer.callsInParallel = try fields.flag("parallel_tool_calls") ?? true
        let wantsLogprobs = try fields.flag("logprobs") ?? false
        let top = try fields.integer("top_logprobs", in: 0...20)
        if let top, top > 0, !wantsLogprobs {
            throw .field("top_logprobs", got: "\(top) without logprobs", expected: "logprobs: true")
        }
        if wantsLogprobs { answer.options.logprobs = top ?? 0 }
        streams = try fields.flag("stream") ?? false
        if let options = try fields.fields("stream_options") {
            includesUsage = try options.flag("include_usage") ?? false
            options.accept("include_obfuscation")
        }
        includesTimings =
            try fields.flag("timings_per_token") ?? false || configuration.isLlamaCompatible
        telling = try StreamTelling(fields, streams: streams, &answer.own)
        includesPrompt = try fields.flag("verbose") ?? configuration.tellsPrompts
        fields.accept("model")
    }
}
