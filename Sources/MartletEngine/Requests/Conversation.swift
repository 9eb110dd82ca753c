/// Requests that go on with each other. What is kept between them is in `KeptSequences`.

/// Names a conversation of one engine.
struct ConversationID: Hashable, Sendable {
    /// The place in the order in which they were made.
    let rawValue: Int
}

/// A line of requests of which each one's prompt begins, as a rule, with the prompt and the answer of the one before.
///
/// While this object lives the engine keeps the cache's sequence of the last of its requests that ended, and the next
/// one computes only the tokens after the longest beginning that both have in common. What it chooses is the same, bit
/// for bit, as if it had computed all of them. The pages count in the budget and are given up when anything else needs
/// them.
///
/// That is done as far as `CacheTraits.prefixSharing` says: under `dense` and `window(…)`, whatever the codec, for all
/// tokens, under a policy that reads less for the prompt's.
/// A policy that chooses which tokens of a prompt stay chooses others where a longer prompt ends, so under it every
/// prompt is computed anew.
package final class Conversation: Sendable {
    let id: ConversationID
    private let end: @Sendable (ConversationID) -> Void

    /// - Parameter end: told when the object is let go of.
    init(id: ConversationID, end: @escaping @Sendable (ConversationID) -> Void) {
        self.id = id
        self.end = end
    }

    deinit { end(id) }
}
