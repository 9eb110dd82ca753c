/// What conversations leave in the cache between two requests. A plain value; it frees nothing itself.

import MartletCache

/// At most one sequence for each conversation that is under way, in the order in which they were left.
struct KeptSequences: Sendable {
    /// A sequence, and the tokens that are computed in it.
    struct Kept: Sendable {
        let conversation: ConversationID
        let sequence: SequenceID
        let tokens: [Int32]
        /// The adapter that they were computed under.
        var adapter: String?
    }

    /// Conversations that may have another request.
    private(set) var conversations: Set<ConversationID> = []
    /// The one that was left longest ago first.
    private(set) var all: [Kept] = []

    /// Notes that a conversation is under way. One that has ended never comes again.
    mutating func begin(_ id: ConversationID) { conversations.insert(id) }

    /// Keeps a sequence and returns what has to be freed for it: what the same conversation left earlier, or the
    /// sequence itself when its conversation has ended.
    mutating func keep(_ kept: Kept) -> Kept? {
        guard conversations.contains(kept.conversation) else { return kept }
        let earlier = take(kept.conversation)
        all.append(kept)
        return earlier
    }

    /// Takes out what a conversation left.
    mutating func take(_ id: ConversationID) -> Kept? {
        all.firstIndex { $0.conversation == id }.map { all.remove(at: $0) }
    }

    /// Takes out what was left longest ago.
    mutating func takeOldest() -> Kept? { all.isEmpty ? nil : all.removeFirst() }

    /// Ends a conversation, and takes out what it left.
    mutating func end(_ id: ConversationID) -> Kept? {
        conversations.remove(id)
        return take(id)
    }
}
