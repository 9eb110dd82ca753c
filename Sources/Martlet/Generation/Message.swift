/// What is said in a conversation, and by whom; knows no template.

/// One contribution to a conversation.
public struct Message: Sendable, Hashable {
    /// Who says it.
    public enum Role: String, Sendable, Hashable, CaseIterable {
        /// Whoever set the conversation up.
        case system
        /// Whoever asks.
        case user
        /// The model.
        case assistant
    }

    /// Who says it.
    public var role: Role
    /// What is said.
    public var text: String

    /// A contribution of `role`.
    public init(_ role: Role, _ text: String) {
        self.role = role
        self.text = text
    }
}
