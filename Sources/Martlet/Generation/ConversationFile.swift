/// Conversations as files: one JSON object a message.

import MartletJSON
import MartletTemplates

/// Reads and writes what was said, in the form in which APIs of chat models have it.
package enum ConversationFile {
    /// One line for each message.
    package static func bytes(_ messages: [Message]) -> [UInt8] {
        messages.flatMap { JSONValue.object(object($0)).serialized() + [0x0A] }
    }

    /// The messages of a text: a line for each, or one array of them. `name` is what errors call it.
    ///
    /// Throws `malformedFile` for anything else.
    package static func messages(
        _ bytes: [UInt8], name: String
    ) throws(MartletError) -> [Message] {
        if bytes.first(where: { $0 > 0x20 }) == UInt8(ascii: "[") {
            guard let elements = (try? JSONValue.parse(bytes))?.arrayValue else {
                throw .malformed(
                    name, "the text", no: "message", expected: "an array of messages in JSON")
            }
            return try elements.enumerated().map { (index, value) throws(MartletError) in
                try message(value, name, "message \(index + 1)")
            }
        }
        var messages: [Message] = []
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            .enumerated() where line.contains(where: { $0 > 0x20 })
        {
            let place = "line \(index + 1)"
            guard let value = try? JSONValue.parse(Array(line)) else {
                throw .malformed(name, place, no: "message", expected: "an object in JSON")
            }
            messages.append(try message(value, name, place))
        }
        return messages
    }

    private static func object(_ message: Message) -> JSONObject {
        var object = JSONObject()
            .setting("role", to: .string(message.role.rawValue))
            .setting("content", to: .string(message.text))
        if let reasoning = message.reasoning {
            object = object.setting("reasoning_content", to: .string(reasoning))
        }
        if !message.toolCalls.isEmpty {
            let calls = message.toolCalls.map { call -> JSONValue in
                [
                    "id": .string(call.id), "type": "function",
                    "function": [
                        "name": .string(call.name), "arguments": .string(call.arguments),
                    ],
                ]
            }
            object = object.setting("tool_calls", to: .array(calls))
        }
        if let id = message.toolCallID { object = object.setting("tool_call_id", to: .string(id)) }
        if let tool = message.toolName { object = object.setting("name", to: .string(tool)) }
        return object
    }

    private static func message(
        _ value: JSONValue, _ name: String, _ place: String
    ) throws(MartletError) -> Message {
        let roles = Message.Role.allCases.map(\.rawValue).joined(separator: ", ")
        guard let object = value.objectValue,
            let role = object["role"]?.stringValue.flatMap(Message.Role.init(rawValue:))
        else { throw .malformed(name, place, no: "message", expected: "a role of \(roles)") }
        guard let text = text(object["content"]) else {
            throw .malformed(name, place, no: "message", expected: "a content of text")
        }
        var message = Message(role, text)
        message.reasoning = object["reasoning_content"]?.stringValue
        message.toolCallID = object["tool_call_id"]?.stringValue
        message.toolName = object["name"]?.stringValue
        for call in object["tool_calls"]?.arrayValue ?? [] {
            guard let function = call.objectValue?["function"]?.objectValue,
                let tool = function["name"]?.stringValue,
                let arguments = arguments(function["arguments"])
            else {
                throw .malformed(
                    name, place, no: "message",
                    expected: "calls with a function's name and arguments")
            }
            message.toolCalls.append(
                ToolCall(
                    id: call.objectValue?["id"]?.stringValue ?? "", name: tool,
                    arguments: arguments))
        }
        return message
    }

    /// A text, the texts of parts, or nothing.
    private static func text(_ value: JSONValue?) -> String? {
        switch value {
        case nil, .null: return ""
        case .string(let text): return text
        case .array(let parts):
            let texts = parts.compactMap { $0.objectValue?["text"]?.stringValue }
            return texts.count == parts.count ? texts.joined() : nil
        default: return nil
        }
    }

    /// The text of an object.
    private static func arguments(_ value: JSONValue?) -> String? {
        switch value {
        case .object: return value.map { String(decoding: $0.serialized(), as: UTF8.self) }
        case .string(let text):
            return (try? JSONValue.parse(Array(text.utf8)))?.objectValue == nil ? nil : text
        default: return nil
        }
    }
}
