/// Cutting a sequence: forgetting its last tokens, so that what follows is as if they had never been there.

extension KVCache {
    /// Whether ``truncate(_:to:)`` to `count` tokens leaves the sequence as if it had never been longer, as far
    /// as the stages can say. Positions that a window freed are another matter.
    package func canCut(_ id: SequenceID, to count: Int) -> Bool {
        let state = state(id)
        guard count < state.count else { return count == state.count }
        // Since tokens were last taken out, tables end with the tokens that came since.
        if let evictedAt = state.evictedAt, count < evictedAt { return false }
        return state.memories.allSatisfy {
            $0.canCut(to: count, from: state.count, promptCount: state.promptCount)
        }
    }

    /// The lowest count that the tables can be cut to at or above `count`, as far as windows have freed pages; 0 where
    /// `count` itself is one. A reservation changes nothing.
    private func lowestCut(_ state: CachedSequence, to count: Int) -> Int {
        guard state.evictedAt == nil else { return 0 }
        var lowest = 0
        for index in 0..<shape.tableCount {
            let visibility = visibilities[index / shape.keyValueHeadCount]
            let kept = state.tables[index].sinkCount * KVPage.tokens
            let base = state.tables[index].recentBase * KVPage.tokens
            let needed = max(visibility.windowStart(from: count), kept)
            if needed < min(count, base) || !state.tables[index].canTruncate(to: count) {
                lowest = max(lowest, base + (visibility.window ?? 1) - 1)
            }
        }
        return lowest
    }

    /// Whether ``truncate(_:to:)`` to `count` tokens will do it.
    package func canTruncate(_ id: SequenceID, to count: Int) -> Bool {
        let state = state(id)
        guard count >= 0, count < state.count else { return count == state.count }
        return canCut(id, to: count) && lowestCut(state, to: count) == 0
    }

    /// Forgets the tokens from `count` on, and any reservation. Throws `positionEvicted` when the
    /// token at position `count` would attend to positions that were freed, or when a stage cannot take
    /// back what it did since.
    package func truncate(_ id: SequenceID, to count: Int) throws(CacheError) {
        let state = state(id)
        precondition(
            count >= 0 && count <= state.count,
            "KVCache.truncate: got \(count), expected 0 ... \(state.count) tokens")
        let removed = state.count - count
        guard removed > 0 else { return dropReservation(state) }
        guard canCut(id, to: count) else {
            throw .positionEvicted(requested: count, lowest: state.count)
        }
        let lowest = lowestCut(state, to: count)
        guard lowest == 0 else { throw .positionEvicted(requested: count, lowest: lowest) }
        dropReservation(state)
        sharingVersion += 1
        for index in 0..<shape.tableCount {
            state.tables[index].truncate(to: state.tables[index].length - removed, to: &pool)
        }
        for memory in state.memories { memory.cut(to: count, from: state.count) }
        if count < state.promptCount ?? 0 { state.promptCount = nil }
        state.count = count
        updateLiveSlots(of: state)
    }

    /// A sequence that shares the first `count` tokens with `id`; nil where ``canTruncate(_:to:)`` says no.
    package func fork(_ id: SequenceID, to count: Int) -> SequenceID? {
        guard canTruncate(id, to: count) else { return nil }
        let fork = fork(id)
        do {
            try truncate(fork, to: count)
            restartAccount(of: fork)
            return fork
        } catch {
            release(fork)
            return nil
        }
    }

    /// Whether every sequence can be cut anywhere as far as ``CacheTraits/prefixSharing`` goes, so that one that is long
    /// serves as well as a shorter one would. Those that ``isDemoted(_:)`` names aside, which serve nobody.
    package var cutsAnywhere: Bool {
        visibilities.allSatisfy { $0.window == nil }
            && (traits.sealKinds.isEmpty || traits.demotes)
    }
}
