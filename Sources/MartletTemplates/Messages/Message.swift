/// What is said in a conversation, and by whom; knows no template.

/// One contribution to a conversation.
public struct Message: Sendable, Hashable {
    /// Who says it.
    public enum Role: String, Sendable, Hashable, CaseIterable {
        /// Whoever set the conversation up.
        case system
        /// Whoever wrote the program that asks; a system message for models that know no developer.
        case developer
        /// Whoever asks.
        case user
        /// The model.
        case assistant
        /// A tool, with what a call gave.
        case tool
    }

    /// A piece of what is said.
    public enum Part: Sendable, Hashable {
        /// Text.
        case text(String)
    }

    /// Who says it.
    public var role: Role
    /// What is said, in pieces.
    public var parts: [Part]
    /// What the model thought before it said this.
    public var reasoning: String?
    /// The tools that the model calls.
    public var toolCalls: [ToolCall]
    /// The call that a tool's message answers.
    public var toolCallID: String?
    /// The tool whose message this is.
    public var toolName: String?

    /// A contribution of `role`.
    public init(
        _ role: Role, _ text: String, reasoning: String? = nil, toolCalls: [ToolCall] = []
    ) {
        self.role = role
        parts = [.text(text)]
        self.reasoning = reasoning
        self.toolCalls = toolCalls
    }

    /// What a tool gave for a call.
    public static func toolResult(_ text: String, for call: ToolCall) -> Message {
        var message = Message(.tool, text)
        message.toolCallID = call.id
        message.toolName = call.name
        return message
    }

    /// What is said, as one text.
    public var text: String {
        get {
            parts.map { part in
                switch part {
                case .text(let text): text
                }
            }.joined()
        }
        set { parts = [.text(newValue)] }
    }
}

/// A call of a tool by the model.
public struct ToolCall: Sendable, Hashable {
    /// What tells the call from others of the conversation.
    public var id: String
    /// The tool's name.
    public var name: String
    /// The arguments: the text of a JSON object.
    public var arguments: String

    /// A call with arguments in JSON.
    public init(id: String, name: String, arguments: String) {
        self.id = id
        self.name = name
        self.arguments = arguments
    }
}
