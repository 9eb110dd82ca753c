/// A request of Anthropic's messages.

import Martlet
import MartletJSON
import MartletTemplates

/// What `/v1/messages` was asked.
struct AnthropicRequest: Sendable {
    var answer: AnswerRequest
    var streams = false

    init(
        _ fields: Fields, _ exchange: Exchange, _ service: Service, _ model: ServedModel
    ) throws(WireError) {
        let configuration = service.configuration
        let conversation = try Self.conversation(fields, exchange, configuration)
        answer = try model.request(for: conversation.prompt)
        answer.callsInParallel = conversation.callsInParallel
        answer.own = try MartletFields(fields, model)
        answer.options = model.usualOptions(configuration)
        answer.options.constraint = try model.constraint(
            of: conversation.prompt, beside: conversation.prompt.formOfText)
        try model.read(
            sampling: fields, stops: ["stop_sequences", "stop"], into: &answer.options)
        let wanted = try fields.required(
            "max_tokens", try fields.integer("max_tokens", in: 0...1 << 30), "a number of tokens")
        answer.options.maximumTokens = try model.completionLimit(
            answer.prompt, at: "messages", wanted: wanted, configuration)
        streams = try fields.flag("stream") ?? false
        fields.accept("model")
    }

    // MARK: What was said

    /// The conversation of a request, and whether the model may call several tools at once.
    static func conversation(
        _ fields: Fields, _ exchange: Exchange, _ configuration: ServerConfiguration
    ) throws(WireError) -> (prompt: ChatPrompt, callsInParallel: Bool) {
        var prompt = ChatPrompt()
        prompt.promptOptions.thinks = configuration.thinks
        if let system = fields["system"] {
            var texts: [String] = []
            if let text = system.stringValue {
                texts = [text]
            } else {
                for block in try blocks(fields, "system") {
                    texts.append(try block.string("text") ?? "")
                }
            }
            let text = texts.joined(separator: "\n\n")
            if !text.isEmpty { prompt.messages.append(Message(.system, text)) }
        }
        let list = try fields.required(
            "messages", try fields.list("messages"), "an array of messages")
        for message in list { prompt.messages += try messages(message) }
        if prompt.messages.isEmpty { prompt.messages = [Message(.user, "")] }
        prompt.continuesLast =
            prompt.messages.last?.role == .assistant
            && prompt.messages.last?.toolCalls.isEmpty == true
        try readThinking(fields, into: &prompt.promptOptions)
        if let format = try fields.fields("output_config")?.fields("format") {
            prompt.constraint = try AnswerConstraint(responseFormat: format).constraint
        }
        for tool in try fields.list("tools") ?? [] {
            // Tools that Anthropic's own servers run have a type of their own.
            if let type = try tool.string("type"), type != "custom" {
                exchange.note(ignored: [tool.path])
                tool.acceptAll()
                continue
            }
            tool.accept("cache_control", "input_examples")
            prompt.tools.append(try ChatTools.tool(tool, schema: "input_schema"))
        }
        let callsInParallel = try choose(fields, into: &prompt)
        return (prompt, callsInParallel)
    }

    private static func readThinking(
        _ fields: Fields, into options: inout PromptOptions
    ) throws(WireError) {
        if let thinking = try fields.fields("thinking") {
            switch try thinking.string("type") {
            case "enabled": options.thinks = true
            case "disabled": options.thinks = false
            default: break
            }
            thinking.accept("budget_tokens", "display")
        }
        if let output = try fields.fields("output_config") {
            if let effort = try output.string("effort") {
                options.reasoningEffort = ["max": "high", "xhigh": "high"][effort] ?? effort
            }
        }
    }

    private static func choose(
        _ fields: Fields, into prompt: inout ChatPrompt
    ) throws(WireError) -> Bool {
        guard let choice = try fields.fields("tool_choice") else { return true }
        switch try choice.string("type") {
        case "none": prompt.tools = []
        case "any":
            prompt.forced = try ChatTools.forced(prompt.tools, at: choice.path("type"))
        case "tool":
            let name = try choice.required(
                "name", try choice.string("name"), "the name of a tool")
            prompt.forced = try ChatTools.forced(
                prompt.tools.filter { $0.name == name }, at: choice.path("name"))
        default: break
        }
        if prompt.forced != nil || prompt.tools.isEmpty { try ChatTools.acceptStrict(fields) }
        return try choice.flag("disable_parallel_tool_use") != true
    }

    private static func blocks(_ fields: Fields, _ key: String) throws(WireError) -> [Fields] {
        guard let value = fields[key], value.arrayValue != nil else {
            throw .field(
                fields.path(key), got: fields[key]?.summary ?? "nothing",
                expected: "a string or an array of blocks")
        }
        return try fields.list(key) ?? []
    }

    /// A message; of a user's, what tools gave comes as messages of their own.
    private static func messages(_ fields: Fields) throws(WireError) -> [Message] {
        enum Role: String, CaseIterable { case user, assistant, system }
        let role = try fields.required(
            "role", try fields.word("role", Role.self), "user or assistant")
        if let text = fields["content"]?.stringValue {
            return [Message(Message.Role(rawValue: role.rawValue) ?? .user, text)]
        }
        var message = Message(Message.Role(rawValue: role.rawValue) ?? .user, "")
        var texts: [String] = []
        var results: [Message] = []
        for block in try blocks(fields, "content") {
            let type = try block.required("type", try block.string("type"), "the type of the block")
            switch type {
            case "text":
                texts.append(try block.required("text", try block.string("text"), "a text"))
            case "thinking":
                message.reasoning = (message.reasoning ?? "") + (try block.string("thinking") ?? "")
            case "redacted_thinking": break
            case "tool_use":
                let arguments = try block.whole("input") ?? JSONObject()
                message.toolCalls.append(
                    ToolCall(
                        id: try block.string("id") ?? "",
                        name: try block.required(
                            "name", try block.string("name"), "the name of a tool"),
                        arguments: String(
                            decoding: JSONValue.object(arguments).serialized(), as: UTF8.self)))
            case "tool_result": results.append(try result(block))
            case "document":
                let source = try block.fields("source")
                guard let text = try source?.string("data"), try source?.string("type") == "text"
                else { throw ChatMessages.unsupportedPart("document", at: block.path) }
                texts.append(text)
            default: throw ChatMessages.unsupportedPart(type, at: block.path)
            }
            block.accept("cache_control", "citations", "signature", "data", "title", "context")
        }
        message.text = texts.joined(separator: "\n")
        let saysNothing = texts.isEmpty && message.toolCalls.isEmpty && message.reasoning == nil
        return results + (saysNothing && !results.isEmpty ? [] : [message])
    }

    private static func result(_ block: Fields) throws(WireError) -> Message {
        var message = Message(.tool, "")
        message.toolCallID = try block.string("tool_use_id")
        if block["content"] != nil {
            message.text = try ChatMessages.content(block, "content").texts.joined(separator: "\n")
        }
        if try block.flag("is_error") == true { message.text = "Error: " + message.text }
        return message
    }
}
