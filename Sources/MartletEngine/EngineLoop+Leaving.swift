/// What requests leave in the cache for those after them, and what of it is given up when something needs the pages.

import MartletCache
import MartletModels

extension EngineLoop {
    // MARK: Leaving

    /// Gives up the sequence of a chain that has ended, or keeps it for those after it.
    func closeSequence(of state: SequenceState) {
        guard let sequence = state.sequence else { return }
        kept.unregister(state.id)
        guard let generation = generations[state.id.request], sharing != .never,
            !cache.isDemoted(sequence)
        else { return releaseSequence(of: state) }
        let conversation = generation.conversation.flatMap {
            kept.conversations.contains($0) ? $0 : nil
        }
        guard conversation != nil || isReusing(generation.prefix) else {
            return releaseSequence(of: state)
        }
        noteReads(of: state)
        keep(
            sequence, of: state, generation, conversation: conversation,
            lane: generation.prefix.ownLane)
    }

    /// Keeps the pages of a chain that gives way, as long as nothing needs them: when its turn comes it goes on with what
    /// is left of them. Returns whether they are kept.
    func park(_ state: SequenceState) -> Bool {
        guard canPark(state), let sequence = state.sequence, !cache.isDemoted(sequence),
            let generation = generations[state.id.request]
        else { return false }
        kept.unregister(state.id)
        noteReads(of: state)
        keep(sequence, of: state, generation, conversation: nil, lane: generation.prefix.tenant)
        return true
    }

    /// Whether a chain that gives way may find again what it had.
    func canPark(_ state: SequenceState) -> Bool {
        generations[state.id.request].map { isReusing($0.prefix) } == true
            && sharing == .everything
    }

    /// Shares the beginning of a prompt that others have branched off from, where a longer sequence cannot be cut to it.
    func keepBranch(of state: SequenceState) {
        guard let sequence = state.sequence, let generation = generations[state.id.request],
            !cache.isDemoted(sequence)
        else { return }
        keep(
            cache.fork(sequence), of: state, generation, conversation: nil,
            lane: generation.prefix.ownLane)
    }

    /// Puts a sequence among what is kept, in place of what it makes needless.
    private func keep(
        _ sequence: SequenceID, of state: SequenceState, _ generation: ActiveGeneration,
        conversation: ConversationID?, lane: RequestPrefix.Lane
    ) {
        // The token that was chosen last is not computed.
        var count = min(state.computed, cache.count(sequence))
        // A generated token that reads less than a prompt's would is no part of a prompt. An answer is its tenant's.
        let isPrompt = sharing == .prompts || lane.root != generation.prefix.tenant.root
        if isPrompt { count = min(count, state.promptCount - 1) }
        guard count > 0, (try? cache.truncate(sequence, to: count)) != nil else {
            return cache.release(sequence)
        }
        let tokens = Array(state.tokens[..<count])
        let isListed = isReusing(generation.prefix)
        let keys = isListed ? prefixKeys.keys(of: tokens, under: lane.root) : nil
        if conversation == nil, keys?.isEmpty ?? true { return cache.release(sequence) }
        var priority = max(state.key.priority, generation.inheritedPriority)
        var pinner =
            lane.root == generation.prefix.ownLane.root ? generation.prefix.pinner : nil
        if let keys {
            store(sequence, tokens: tokens, root: lane.root, keys: keys)
            if let tenant = pinner,
                pinPrompt(of: sequence, state, tokens, lane.root, keys, priority, by: tenant)
            {
                pinner = nil
            }
            let others = kept.index.contained(in: tokens, keys: keys)
            for case .kept(let id) in others where isNeedless(id, beside: tokens.count) {
                let other = kept.take(id)
                priority = max(priority, other?.priority ?? priority)
                release(other)
            }
            // A longer one serves as well, unless it may go and this one may not.
            if pinner == nil, cache.cutsAnywhere, let longer = longer(than: tokens, keys) {
                kept.touch(longer, at: configuration.clock.now(), priority: priority)
                cache.release(sequence)
                return stayWithinBounds()
            }
        }
        if let conversation, let earlier = kept[conversation], isUnlisted(earlier) {
            release(kept.take(earlier.id))
        }
        kept.keep(sequence, tokens: tokens, root: lane.root, keys: keys) {
            $0.conversation = conversation
            $0.priority = priority
            $0.pinners = pinner.map { [$0] } ?? []
            $0.isBackground = generation.prefix.isBackground
            $0.lastUse = configuration.clock.now()
        }
        stayWithinBounds()
    }

    /// Pins the prompt at the beginning of a sequence that is about to be kept, as a sequence of its own, so that the answer
    /// may go. False where the whole sequence must be pinned: when it has no answer, or cannot be cut.
    private func pinPrompt(
        of sequence: SequenceID, _ state: SequenceState, _ tokens: [Int32], _ root: PrefixKey,
        _ keys: [PrefixKey], _ priority: Int, by tenant: String
    ) -> Bool {
        let prompt = Array(tokens.prefix(state.promptCount))
        let promptKeys = Array(keys.prefix(prompt.count / KVPage.tokens))
        // Less than a page is found by nobody.
        if promptKeys.isEmpty { return true }
        let pinned = kept.all.first {
            $0.isPinned && $0.root == root && $0.tokens.starts(with: prompt)
                && (cache.cutsAnywhere || $0.tokens.count == prompt.count)
        }
        if let pinned {
            kept.touch(pinned.id, at: configuration.clock.now(), priority: priority)
            kept.pin(pinned.id, by: tenant)
            return true
        }
        guard prompt.count < tokens.count, let cut = cache.fork(sequence, to: prompt.count) else {
            return false
        }
        kept.keep(cut, tokens: prompt, root: root, keys: promptKeys) {
            $0.priority = priority
            $0.pinners = [tenant]
            $0.lastUse = configuration.clock.now()
        }
        return true
    }

    /// Whether a kept sequence is of no use beside one that begins with all its tokens.
    private func isNeedless(_ id: Int, beside count: Int) -> Bool {
        guard let kept = kept[id], !kept.isPinned else { return false }
        return cache.cutsAnywhere || kept.tokens.count == count
    }

    /// A kept sequence that begins with all these tokens.
    private func longer(than tokens: [Int32], _ keys: [PrefixKey]) -> Int? {
        for match in kept.index.matches(tokens, keys: keys) where match.count == tokens.count {
            if case .kept(let id) = match.holder { return id }
        }
        return nil
    }

    // MARK: Giving up

    /// Gives up what is kept beyond the most bytes that it may hold.
    func stayWithinBounds() {
        guard let bound = configuration.prefixReuse?.maximumBytes else { return }
        while case let excess = keptBytes - bound, excess > 0,
            giveUp(pages: (excess + footprint.bytesPerPage - 1) / footprint.bytesPerPage)
        {}
    }

    /// Gives up what is worth least of all that is kept, or its end where `pages` are not more; false when nothing is
    /// kept.
    func giveUp(pages: Int) -> Bool {
        let halfLife = configuration.prefixReuse?.halfLife ?? .seconds(60)
        guard
            let (least, own) = kept.leastWorth(
                cost: stepCost, halfLife: halfLife, now: configuration.clock.now())
        else { return false }
        // A page of every table, or a part of one, for each page of tokens.
        let tables = cache.shape.tableCount
        let rows = max(1, (pages + tables - 1) / tables)
        let count = (KVPage.count(forSlots: least.tokens.count) - rows) * KVPage.tokens
        let isListed = !isUnlisted(least)
        if isListed, count >= least.tokens.count - own, count > 0,
            (try? cache.truncate(least.sequence, to: count)) != nil
        {
            counters.prefixes.evictedTokens += least.tokens.count - count
            kept.shorten(least.id, to: count)
        } else {
            counters.prefixes.evictedTokens += own
            release(kept.take(least.id))
        }
        return true
    }

    /// Bytes that giving up everything that is kept would free.
    var keptBytes: Int {
        if kept.all.isEmpty { return 0 }
        let version = [kept.version, cache.sharingVersion]
        if let (known, bytes) = keptBytesAt, known == version { return bytes }
        let bytes = cache.bytesHeld(onlyBy: kept.all.map(\.sequence))
        keptBytesAt = (version, bytes)
        return bytes
    }

    /// The same in pages.
    var keptPages: Int { keptBytes / footprint.bytesPerPage }

    /// Ends a conversation. A request of it that is under way goes on.
    func endConversation(_ id: ConversationID) { release(kept.end(id)) }

    /// Lets what a tenant's requests have pinned be given up like anything else, unless another tenant has pinned it too.
    func unpin(tenant: String) { kept.unpin(tenant) }

    /// Gives up everything that is kept.
    func releaseKept() {
        for kept in kept.all { release(self.kept.take(kept.id)) }
    }

    func release(_ kept: KeptSequences.Kept?) {
        if let kept { cache.release(kept.sequence) }
    }
}
