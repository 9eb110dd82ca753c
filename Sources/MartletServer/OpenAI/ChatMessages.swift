/// Messages and tools in the shape of chat completions.

import Martlet
import MartletJSON
import MartletTemplates

/// Reads the messages of a request.
enum ChatMessages {
    private enum Role: String, CaseIterable {
        case developer, system, user, assistant, tool, function
    }

    /// The messages of `messages`. Throws where it is missing, empty, or holds what is no text.
    static func read(_ fields: Fields) throws(WireError) -> [Message] {
        let list = try fields.required(
            "messages", try fields.list("messages"), "an array of messages")
        guard !list.isEmpty else {
            throw .field("messages", got: "an empty array", expected: "at least one message")
        }
        return try list.map { (message) throws(WireError) in try self.message(message) }
    }

    private static func message(_ fields: Fields) throws(WireError) -> Message {
        let role = try fields.required(
            "role", try fields.word("role", Role.self),
            Role.allCases.map(\.rawValue).joined(separator: ", "))
        var message = Message(
            Message.Role(rawValue: role.rawValue) ?? .tool, "",
            reasoning: try reasoning(fields))
        let said = try content(fields, "content")
        if let thought = said.reasoning { message.reasoning = (message.reasoning ?? "") + thought }
        // Parts are lines of their own, as other servers have it.
        message.text = said.texts.joined(separator: "\n")
        if role == .assistant {
            message.toolCalls = try calls(fields)
            if let refusal = try fields.string("refusal"), message.text.isEmpty {
                message.text = refusal
            }
        }
        message.toolCallID = try fields.string("tool_call_id")
        message.toolName = try fields.string("name") ?? fields["tool_name"]?.stringValue
        if let images = fields["images"]?.arrayValue, !images.isEmpty {
            throw unsupportedPart("image", at: fields.path("images"))
        }
        return message
    }

    /// What the model thought, under any of the names that clients send it back by.
    private static func reasoning(_ fields: Fields) throws(WireError) -> String? {
        for key in ["reasoning_content", "reasoning", "thinking"] {
            if let text = fields[key]?.stringValue, !text.isEmpty { return text }
        }
        return nil
    }

    /// What a content says, and what was thought before, if anything.
    struct Content {
        var texts: [String] = []
        var reasoning: String?
    }

    /// The texts of a content: one, or those of its parts. Parts that are no text are refused by name.
    static func content(_ fields: Fields, _ key: String) throws(WireError) -> Content {
        guard let value = fields[key] else { return Content(texts: [""]) }
        if let text = value.stringValue { return Content(texts: [text]) }
        guard value.arrayValue != nil, let parts = try fields.list(key) else {
            throw fields.wrong(key, value, "a string or an array of parts")
        }
        var content = Content()
        for part in parts { try read(part, into: &content) }
        return content
    }

    private static func read(_ part: Fields, into content: inout Content) throws(WireError) {
        let type = try part.string("type") ?? "text"
        switch type {
        case "text", "input_text", "output_text":
            let text = try part.string("text")
            content.texts.append(try part.required("text", text, "the text of the part"))
        case "refusal":
            let text = try part.string("refusal")
            content.texts.append(text ?? "")
        case "thinking", "reasoning":
            let thought = try part.string("thinking") ?? ""
            content.reasoning = (content.reasoning ?? "") + thought
        default: throw unsupportedPart(type, at: part.path)
        }
    }

    /// The refusal of a part that is no text.
    static func unsupportedPart(_ type: String, at path: String) -> WireError {
        let what = type.contains("image") ? "image input" : "the part \(type)"
        return .unsupported(path, what, instead: "send text alone")
    }

    private static func calls(_ fields: Fields) throws(WireError) -> [ToolCall] {
        var calls: [ToolCall] = []
        if let legacy = try fields.fields("function_call") {
            calls.append(try call(legacy, id: ""))
        }
        for element in try fields.list("tool_calls") ?? [] {
            let function = try element.required(
                "function", try element.fields("function"), "an object with name and arguments")
            element.accept("type", "index")
            calls.append(try call(function, id: try element.string("id") ?? ""))
        }
        return calls
    }

    private static func call(_ fields: Fields, id: String) throws(WireError) -> ToolCall {
        let name = try fields.required("name", try fields.string("name"), "the name of a tool")
        let arguments: String
        switch fields["arguments"] {
        case nil: arguments = "{}"
        case .string(let text): arguments = text.isEmpty ? "{}" : text
        case .object(let object):
            arguments = String(decoding: JSONValue.object(object).serialized(), as: UTF8.self)
        case .some(let other): throw fields.wrong("arguments", other, "an object in JSON")
        }
        return ToolCall(id: id, name: name, arguments: arguments)
    }
}

extension ChatPrompt {
    /// The form that the answer's text must have. An answer that must be calls has no text.
    var formOfText: Constraint? { forced == nil ? constraint : nil }
}

/// Reads the tools of a request.
enum ChatTools {
    /// The functions among `tools` and the older `functions`. Other kinds of tools are skipped, and noted as ignored.
    static func read(_ fields: Fields, _ exchange: Exchange) throws(WireError) -> [ToolDefinition] {
        var tools: [ToolDefinition] = []
        for element in try fields.list("tools") ?? [] {
            let type = try element.string("type") ?? "function"
            guard type == "function" else {
                exchange.note(ignored: [element.path])
                element.acceptAll()
                continue
            }
            // Some clients nest the function, some write it flat.
            tools.append(try tool(try element.fields("function") ?? element))
        }
        for element in try fields.list("functions") ?? [] { tools.append(try tool(element)) }
        return tools
    }

    static func tool(_ fields: Fields, schema key: String = "parameters") throws(WireError)
        -> ToolDefinition
    {
        let name = try fields.required("name", try fields.string("name"), "the name of the tool")
        // Where nothing forces a call, tools are not enforced: a strict one is told of as ignored.
        if fields.object["strict"]?.boolValue != true { fields.accept("strict") }
        fields.accept("type")
        return ToolDefinition(
            name: name, description: try fields.string("description") ?? "",
            parameters: try fields.schema(key)?.objectValue ?? JSONObject())
    }

    /// Reads the tools and what `tool_choice` makes of them: which the model is told of, and whether it must call.
    static func choose(
        from tools: [ToolDefinition], _ fields: Fields, into prompt: inout ChatPrompt
    ) throws(WireError) {
        prompt.tools = tools
        let key = fields["tool_choice"] != nil ? "tool_choice" : "function_call"
        guard let choice = fields[key] else { return }
        try choose(choice, key, from: tools, fields, into: &prompt)
        if prompt.forced != nil || choice == .string("none") { try acceptStrict(fields) }
    }

    /// Counts tools that are strict as read, where every call is held to its schema.
    static func acceptStrict(_ fields: Fields) throws(WireError) {
        for tool in try fields.list("tools") ?? [] {
            (try tool.fields("function") ?? tool).accept("strict")
        }
    }

    private static func choose(
        _ choice: JSONValue, _ key: String, from tools: [ToolDefinition], _ fields: Fields,
        into prompt: inout ChatPrompt
    ) throws(WireError) {
        switch choice {
        case .string("none"): prompt.tools = []
        case .string("auto"): break
        case .string("required"): prompt.forced = try forced(tools, at: fields.path(key))
        case .object:
            guard let object = try fields.fields(key) else { return }
            guard try object.string("type") == "allowed_tools" else {
                object.accept("type")
                let holder = try object.fields("function") ?? object
                let name = try holder.required(
                    "name", try holder.string("name"), "the name of a tool")
                prompt.forced = try forced(
                    tools.filter { $0.name == name }, at: holder.path("name"))
                return
            }
            let allowed = try object.fields("allowed_tools") ?? object
            var names: Set<String> = []
            for tool in try allowed.list("tools") ?? [] {
                if let name = try (tool.fields("function") ?? tool).string("name") {
                    names.insert(name)
                }
            }
            prompt.tools = tools.filter { names.contains($0.name) }
            if try allowed.string("mode") == "required" {
                prompt.forced = try forced(prompt.tools, at: allowed.path("mode"))
            }
        default:
            throw fields.wrong(key, choice, "none, auto, required or an object")
        }
    }

    /// A call of one of some tools. Throws where there are none.
    static func forced(
        _ tools: [ToolDefinition], at path: String
    ) throws(WireError) -> ForcedCall {
        guard !tools.isEmpty else {
            throw .field(
                path, got: "a forced call of a tool that is not there",
                expected: "one of the request's tools")
        }
        return ForcedCall(path: path, tools: tools)
    }
}
