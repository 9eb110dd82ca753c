/// Items of the Responses API: what was said, thought and called, one after another.

import Martlet
import MartletJSON
import MartletTemplates

/// Makes messages of the items of a request.
struct ResponseItems {
    private(set) var messages: [Message]
    /// Names of tools by the calls that they answer.
    private var names: [String: String] = [:]
    /// What was thought before the next thing that the model says.
    private var reasoning = ""

    /// Goes on with what was said before.
    init(after messages: [Message]) {
        self.messages = messages
        for call in messages.flatMap(\.toolCalls) { names[call.id] = call.name }
    }

    /// Adds the items of a field: a text, or a list. Items of unknown kinds are skipped, and noted as ignored.
    mutating func add(_ fields: Fields, _ key: String, _ exchange: Exchange) throws(WireError) {
        guard let input = fields[key] else {
            throw .missing(fields.path(key), expected: "a text or an array of items")
        }
        if let text = input.stringValue {
            messages.append(Message(.user, text))
            return
        }
        guard input.arrayValue != nil, let items = try fields.list(key) else {
            throw fields.wrong(key, input, "a text or an array of items")
        }
        for item in items { try add(item, exchange) }
    }

    private mutating func add(_ item: Fields, _ exchange: Exchange) throws(WireError) {
        let type = try item.string("type") ?? "message"
        item.accept("id", "status")
        switch type {
        case "message": try addMessage(item)
        case "reasoning":
            for key in ["content", "summary"] where reasoning.isEmpty {
                for part in try item.list(key) ?? [] {
                    reasoning += try part.string("text") ?? ""
                    part.accept("type")
                }
            }
            item.accept("encrypted_content", "summary", "content")
        case "function_call", "custom_tool_call":
            let id = try item.string("call_id") ?? ""
            let name = try item.required("name", try item.string("name"), "the name of a tool")
            names[id] = name
            let arguments = try item.string(type == "function_call" ? "arguments" : "input")
            addCall(ToolCall(id: id, name: name, arguments: arguments ?? "{}"))
        case "function_call_output", "custom_tool_call_output":
            var message = Message(.tool, "")
            let id = try item.required("call_id", try item.string("call_id"), "a call's id")
            message.text = try ChatMessages.content(item, "output").texts.joined(separator: "\n")
            message.toolCallID = id
            message.toolName = names[id]
            messages.append(message)
        default:
            exchange.note(ignored: [item.path])
            item.acceptAll()
        }
    }

    private mutating func addMessage(_ item: Fields) throws(WireError) {
        enum Role: String, CaseIterable { case developer, system, user, assistant }
        let role = try item.required(
            "role", try item.word("role", Role.self), "developer, system, user or assistant")
        let said = try ChatMessages.content(item, "content")
        var message = Message(Message.Role(rawValue: role.rawValue) ?? .user, "")
        message.parts = said.texts.map { .text($0) }
        if role == .assistant {
            message.reasoning = takeReasoning() ?? said.reasoning
        }
        messages.append(message)
    }

    /// A call belongs to what the model said last.
    private mutating func addCall(_ call: ToolCall) {
        if let last = messages.indices.last, messages[last].role == .assistant {
            if let thought = takeReasoning() {
                messages[last].reasoning = (messages[last].reasoning ?? "") + thought
            }
            messages[last].toolCalls.append(call)
        } else {
            messages.append(
                Message(.assistant, "", reasoning: takeReasoning(), toolCalls: [call]))
        }
    }

    private mutating func takeReasoning() -> String? {
        defer { reasoning = "" }
        return reasoning.isEmpty ? nil : reasoning
    }
}
