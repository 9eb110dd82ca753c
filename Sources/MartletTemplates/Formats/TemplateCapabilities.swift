/// What a template makes of the parts of a conversation, found by rendering small ones.

import MartletJSON

/// In which form a template takes messages.
struct TemplateCapabilities: Sendable, Equatable {
    /// Content as a list of typed parts, rather than a text.
    var takesPartsOnly = false
    /// A message of the system.
    var takesSystem = true
    /// Messages of developers, told from those of the system.
    var takesDeveloper = false
    /// Arguments of calls as an object, rather than the text of one.
    var takesObjectArguments = true
    /// A call's message with a null for its content, rather than an empty text.
    var wantsNullContent = false
    /// Reasoning as a part of the content.
    var takesReasoningParts = false
    /// Identifiers of calls with nine letters and digits.
    var wantsShortIDs = false
    /// Results of tools with the message that calls them.
    var foldsToolResults = false

    /// Renders conversations of marked words and looks for what came of them.
    static func probe(
        _ template: ChatTemplate, _ specialTokens: JSONObject, _ clock: TemplateClock
    ) -> TemplateCapabilities {
        var limits = RenderLimits()
        limits.steps = 200_000
        limits.bytes = 1 << 20
        func render(_ messages: [JSONValue]) -> String? {
            let input = JSONObject().setting("messages", to: .array(messages))
                .setting("add_generation_prompt", to: false)
            return try? template.render(
                input, constants: specialTokens, clock: clock, limits: limits
            ).text
        }
        func message(_ role: String, _ content: JSONValue) -> JSONValue {
            ["role": .string(role), "content": content]
        }
        let source = template.source
        let user = message("user", "probe-user")
        var found = TemplateCapabilities()
        if render([user])?.contains("probe-user") != true {
            let parts: JSONValue = [["type": "text", "text": "probe-user"]]
            found.takesPartsOnly = render([message("user", parts)])?.contains("probe-user") == true
        }
        func content(_ text: String) -> JSONValue {
            found.takesPartsOnly ? [["type": "text", "text": .string(text)]] : .string(text)
        }
        let asked = message("user", content("probe-user"))
        found.takesSystem =
            render([message("system", content("probe-system")), asked])?.contains("probe-system")
            == true
        found.takesDeveloper =
            source.contains("developer")
            && render([message("developer", content("probe-system")), asked])?
                .contains("probe-system") == true
        found.takesReasoningParts =
            source.contains("['type'] == 'thinking'")
            || source.contains("[\"type\"] == \"thinking\"")
        found.wantsShortIDs = source.contains("length 9")
        found.foldsToolResults =
            source.contains("tool_responses") && !source.contains("!= 'tool'")

        func calling(_ arguments: JSONValue, _ content: JSONValue) -> String? {
            let call: JSONValue = [
                "id": "probecall", "type": "function",
                "function": ["name": "probe-name", "arguments": arguments],
            ]
            return render([
                asked, ["role": "assistant", "content": content, "tool_calls": [call]],
            ]).flatMap { $0.contains("probe-name") && $0.contains("probe-value") ? $0 : nil }
        }
        for content in [JSONValue.string(""), .null] {
            let object = calling(["probe-key": "probe-value"], content)
            let text = calling(#"{"probe-key": "probe-value"}"#, content)
            guard object != nil || text != nil else { continue }
            found.wantsNullContent = content.isNull
            found.takesObjectArguments = object.map { !$0.contains("{'probe-key'") } ?? false
            break
        }
        return found
    }

    // MARK: Messages

    /// The messages as the template takes them.
    func values(of messages: [Message]) -> [JSONValue] {
        var values: [JSONObject] = []
        for message in merged(messages) {
            if message.role == .tool, foldsToolResults, let last = values.last,
                last["role"]?.stringValue == "assistant"
            {
                let response: JSONValue = [
                    "name": .string(message.toolName ?? ""), "response": .string(message.text),
                ]
                let responses = (last["tool_responses"]?.arrayValue ?? []) + [response]
                values[values.count - 1] = last.setting("tool_responses", to: .array(responses))
            } else {
                values.append(value(of: message))
            }
        }
        return values.map { .object($0) }
    }

    /// With roles that the template knows.
    private func merged(_ messages: [Message]) -> [Message] {
        var result: [Message] = []
        var instructions: [String] = []
        for var message in messages {
            if message.role == .developer, !takesDeveloper { message.role = .system }
            if message.role == .system, !takesSystem {
                instructions.append(message.text)
                continue
            }
            if message.role == .user, !instructions.isEmpty {
                message.parts =
                    [.text(instructions.joined(separator: "\n\n") + "\n\n")] + message.parts
                instructions = []
            }
            result.append(message)
        }
        if !instructions.isEmpty {
            result.append(Message(.user, instructions.joined(separator: "\n\n")))
        }
        return result
    }

    private func value(of message: Message) -> JSONObject {
        var value = JSONObject().setting("role", to: .string(message.role.rawValue))
        var content: JSONValue
        if takesPartsOnly || (takesReasoningParts && message.reasoning != nil) {
            var parts: [JSONValue] = []
            if takesReasoningParts, let reasoning = message.reasoning {
                parts.append(["type": "thinking", "thinking": .string(reasoning)])
            }
            parts += message.parts.map { part in
                switch part {
                case .text(let text): ["type": "text", "text": .string(text)]
                }
            }
            content = .array(parts)
        } else {
            content = .string(message.text)
        }
        if wantsNullContent, !message.toolCalls.isEmpty, message.text.isEmpty { content = .null }
        value = value.setting("content", to: content)
        if let reasoning = message.reasoning, !takesReasoningParts {
            value = value.setting("reasoning_content", to: .string(reasoning))
                .setting("reasoning", to: .string(reasoning))
                .setting("thinking", to: .string(reasoning))
        }
        if !message.toolCalls.isEmpty {
            value = value.setting("tool_calls", to: .array(message.toolCalls.map(self.value)))
        }
        if let id = message.toolCallID {
            value = value.setting("tool_call_id", to: .string(self.id(id)))
        }
        if let name = message.toolName { value = value.setting("name", to: .string(name)) }
        return value
    }

    private func value(of call: ToolCall) -> JSONValue {
        var arguments = JSONValue.string(call.arguments)
        if takesObjectArguments, let object = try? JSONValue.parse(Array(call.arguments.utf8)) {
            arguments = object
        }
        return [
            "id": .string(id(call.id)), "type": "function",
            "function": ["name": .string(call.name), "arguments": arguments],
        ]
    }

    /// An identifier that the template takes: the same for the same one.
    private func id(_ id: String) -> String {
        guard wantsShortIDs else { return id }
        let isShort = id.utf8.allSatisfy {
            CallIdentifier.letters.contains($0)
        }
        if isShort, id.utf8.count == CallIdentifier.shortLength { return id }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        var letters: [UInt8] = []
        for _ in 0..<CallIdentifier.shortLength {
            letters.append(CallIdentifier.letters[Int(hash % 62)])
            hash /= 62
        }
        return String(decoding: letters, as: UTF8.self)
    }
}
