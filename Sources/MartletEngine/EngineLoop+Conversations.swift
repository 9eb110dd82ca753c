/// How a request goes on with the cache of the one before it in its conversation.
///
/// ```
/// kept     | tokens computed for the last request     |
/// prompt   | the same tokens    | others              |
/// in cache | 0 ..< common       | computed as ever    |
/// ```
/// A row of logits depends on the tokens before it and on nothing else, so it is the same bits whichever request
/// computed them. That holds where a position alone says what a row sees. A policy that chooses tokens where a prompt
/// ends chooses others where a longer one ends: nothing is kept under it.

import MartletCache

extension EngineLoop {
    /// Whether what was computed for a prompt is what would be computed for one that goes on with it.
    private var keepsSequences: Bool {
        let rule = scheduler.promptRule
        return !rule.stopsAtPrompt && !rule.stepsSingly && rule.piece == nil
    }

    /// Gives up the sequence of a chain that has ended, or keeps it for its conversation.
    func closeSequence(of state: SequenceState) {
        guard let sequence = state.sequence else { return }
        let generation = generations[state.id.request]
        guard let id = generation?.conversation, keepsSequences, state.computed > 0
        else { return releaseSequence(of: state) }
        noteReads(of: state)
        // The token that was chosen last is not computed.
        release(
            kept.keep(
                KeptSequences.Kept(
                    conversation: id, sequence: sequence,
                    tokens: Array(state.tokens[..<state.computed]),
                    adapter: generation?.adapter)))
    }

    /// What a chain's conversation left, cut to what the prompt begins with; nil where that is nothing, or where the
    /// policy has freed what the tokens after it see.
    func resume(_ state: SequenceState) -> (sequence: SequenceID, computed: Int)? {
        guard let generation = generations[state.id.request], let id = generation.conversation
        else { return nil }
        // A chain that gave way and comes again computes everything.
        generation.cachedPromptTokens = 0
        guard let earlier = kept.take(id) else { return nil }
        // What another adapter's weights computed is of no use.
        let common =
            earlier.adapter == generation.adapter
            ? zip(earlier.tokens, state.tokens).prefix(while: ==).count : 0
        // The prompt's last row is what the first token is chosen from.
        let count = min(common, state.promptCount - 1)
        guard count > 0, (try? cache.truncate(earlier.sequence, to: count)) != nil else {
            release(earlier)
            return nil
        }
        cache.restartAccount(of: earlier.sequence)
        generation.cachedPromptTokens = count
        return (earlier.sequence, count)
    }

    /// Frees what was left longest ago; false when there is nothing.
    func giveUpOldest() -> Bool {
        guard let oldest = kept.takeOldest() else { return false }
        release(oldest)
        return true
    }

    /// Pages that ``giveUpOldest()`` would free in the end.
    var keptPages: Int {
        guard !kept.all.isEmpty else { return 0 }
        return cache.bytesHeld(by: kept.all.map(\.sequence)) / footprint.bytesPerPage
    }

    /// Frees what a conversation left. A request of it that is under way goes on, and leaves nothing.
    func endConversation(_ id: ConversationID) { release(kept.end(id)) }

    private func release(_ sequence: KeptSequences.Kept?) {
        if let sequence { cache.release(sequence.sequence) }
    }
}
