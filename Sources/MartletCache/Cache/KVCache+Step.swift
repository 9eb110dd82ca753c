/// What a step does to the cache: reserve room before it, commit tokens after it.

extension KVCache {
    /// Pages that reserving `tokens` for this sequence alone would take now, copies of shared
    /// partly filled pages included.
    package func estimatePages(_ id: SequenceID, tokens: Int) -> Int {
        let state = state(id)
        guard tokens > state.reserved else { return 0 }
        var needed = 0
        for index in 0..<shape.tableCount {
            needed += state.tables[index].missingPages(for: tokens)
            needed += state.tables[index].sharedTail(in: pool) == nil ? 0 : 1
            needed += evictionPages(state, index)
        }
        return needed
    }

    /// Pages that must stay free so that what stages do after the step never fails: copies of the shared
    /// pages that they may write to. Inside a prompt only what positions decide is done to shared pages.
    private func evictionPages(_ state: CachedSequence, _ index: Int) -> Int {
        guard state.promptCount != nil || traits.openPages != nil else { return 0 }
        var needed = 0
        for memory in state.memories {
            switch memory.rewrites(table: index) {
            case .none: continue
            case .one: needed = max(needed, min(1, state.tables[index].sharedPages(in: pool)))
            case .all(let first):
                needed = max(needed, state.tables[index].sharedPages(from: first, in: pool))
            case .some(let first, let count):
                needed = max(
                    needed, state.tables[index].sharedPages(from: first, limit: count, in: pool))
            }
        }
        return needed
    }

    /// Makes room for at least `tokens` more tokens in each named sequence: adds pages and copies
    /// shared pages that are about to be written. All or nothing: when the pages do not suffice it
    /// throws `outOfPages` and nothing has changed. A reservation lasts until it is committed, or
    /// the sequence is truncated, forked or released. Each sequence may be named once.
    package func reserve(_ wants: [(sequence: SequenceID, tokens: Int)]) throws(CacheError) {
        reservationNumber += 1
        for want in wants {
            let state = state(want.sequence)
            precondition(
                want.tokens >= 0 && state.count + want.tokens < Int(Int32.max),
                "KVCache.reserve: got \(want.tokens) tokens after \(state.count), expected "
                    + "positions below 2^31")
            precondition(
                state.lastReservation != reservationNumber,
                "KVCache.reserve: sequence \(want.sequence.rawValue) is named twice")
            state.lastReservation = reservationNumber
        }
        let needed = pagesNeeded(wants)
        guard needed <= pool.freePages else {
            throw .outOfPages(
                needed: needed, free: pool.freePages, budgetBytes: pool.budgetBytes)
        }
        stepBytesRead = 0
        for want in wants {
            let state = state(want.sequence)
            guard want.tokens > state.reserved else { continue }
            let copied = pool.copiedPages
            for index in 0..<shape.tableCount {
                state.tables[index].reserve(want.tokens, from: &pool)
            }
            state.reservedBytes += copiedBytes(since: copied)
            state.reserved = want.tokens
        }
    }

    /// Gives back what is reserved for a sequence and not committed.
    package func dropReservation(of id: SequenceID) { dropReservation(state(id)) }

    /// Commits `tokens` that were reserved and whose keys and values are written: the count and the
    /// positions advance, then the pages that no row from the newest on attends to are freed, sinks
    /// aside. `isDecode` says that these tokens were generated, so that their reads count as
    /// `kvReads`, and what is moved for them, from their reservation on, as `bytesMoved`; every commit counts the
    /// bytes it had to read. `reads` is what they read where stages had a say in it; nil for all that they see, as
    /// ``plainReads(_:tokens:isDecode:)`` counts it.
    package func commit(
        _ id: SequenceID, tokens: Int, isDecode: Bool = false, reads: StepReads? = nil
    ) {
        guard tokens > 0 else { return }
        let state = state(id)
        precondition(
            tokens <= state.reserved,
            "KVCache.commit: got \(tokens) tokens, expected at most the \(state.reserved) reserved")
        let rows = state.count..<(state.count + tokens)
        account(
            reads ?? plainReads(id, tokens: tokens, isDecode: isDecode), of: state,
            decodeTokens: isDecode ? tokens : 0)
        for index in 0..<shape.tableCount {
            state.tables[index].advance(by: tokens, firstPosition: rows.lowerBound, in: pool)
        }
        state.count += tokens
        state.reserved -= tokens
        // Before the policy frees anything: a peak is what was really held.
        addLiveSlots(tokens * shape.tableCount)
        state.liveSlots += tokens * shape.tableCount
        state.peakLiveSlots = max(state.peakLiveSlots, state.liveSlots)
        freeExpiredPages(of: state)
    }

    /// Frees what left the windows. Costs nothing between page boundaries.
    private func freeExpiredPages(of state: CachedSequence) {
        var isChanged = false
        for layer in 0..<shape.layerCount {
            let visibility = visibilities[layer]
            let expired = visibility.expiredPages(newest: state.count - 1)
            let first = layer * shape.keyValueHeadCount
            for index in first..<(first + shape.keyValueHeadCount) {
                guard expired > max(state.tables[index].recentBase, visibility.sinkPages) else {
                    continue
                }
                state.tables[index].skip(
                    before: expired, keeping: visibility.sinkPages, to: &pool)
                isChanged = true
            }
        }
        if isChanged { updateLiveSlots(of: state) }
    }

    /// What the next `tokens` tokens of a sequence read when they read all that they see, before they are
    /// committed. Tokens attended to are counted for generated ones alone. Writing the tokens is not counted: every
    /// policy writes each token once.
    package func plainReads(_ id: SequenceID, tokens: Int, isDecode: Bool) -> StepReads {
        let state = state(id)
        let (pages, attended) =
            traits.tracksSlots
            ? countBySlot(tokens, of: state)
            : countByPosition(state.count..<state.count + tokens, isDecode)
        return StepReads(
            tokens: attended, attentionBytes: pages * shape.pageBytes,
            otherBytes: describedBytes(tokens, of: state) + biasBytes(tokens, of: state))
    }

    /// What describing the pages that the next tokens are written to moves: their keys and their bounds.
    private func describedBytes(_ tokens: Int, of state: CachedSequence) -> Int {
        guard shape.boundsBytes > 0 else { return 0 }
        var pages = 0
        for index in 0..<shape.tableCount {
            let length = state.tables[index].length
            pages += KVPage.count(forSlots: length + tokens) - length / KVPage.tokens
        }
        return pages * describingBytes
    }

    /// What attention reads of how many tokens slots stand for.
    private func biasBytes(_ tokens: Int, of state: CachedSequence) -> Int {
        guard !state.weights.isEmpty else { return 0 }
        var slots = 0
        for index in 0..<shape.tableCount where !state.weights[index].isEmpty {
            slots += state.tables[index].length + tokens
        }
        return slots * MemoryLayout<Float>.stride
    }

    private func account(_ read: StepReads, of state: CachedSequence, decodeTokens: Int) {
        state.reads.bytesRead += read.bytes
        reads.bytesRead += read.bytes
        stepBytesRead += read.bytes
        state.isDecoding = decodeTokens > 0
        move(read.bytes + state.reservedBytes, of: state)
        state.reservedBytes = 0
        guard decodeTokens > 0 else { return }
        let kvReads = Double(read.tokens) / Double(shape.tableCount)
        state.reads.kvReads += kvReads
        state.reads.decodeTokens += decodeTokens
        reads.kvReads += kvReads
        reads.decodeTokens += decodeTokens
    }

    /// Pages read and tokens attended over all heads, which are alike within a layer.
    private func countByPosition(_ rows: Range<Int>, _ isDecode: Bool) -> (
        pages: Int, attended: Int
    ) {
        var pages = 0
        var attended = 0
        for visibility in visibilities {
            pages += visibility.pageCount(rows: rows)
            guard isDecode else { continue }
            for row in rows { attended += visibility.visibleCount(from: row) }
        }
        return (pages * shape.keyValueHeadCount, attended * shape.keyValueHeadCount)
    }

    /// The same where every head has its own length; before the rows are counted in it.
    private func countBySlot(
        _ rows: Int, of state: CachedSequence
    ) -> (pages: Int, attended: Int) {
        var pages = 0
        var attended = 0
        for index in 0..<shape.tableCount {
            let length = state.tables[index].length
            pages += KVPage.count(forSlots: length + rows)
            attended += rows * length + rows * (rows + 1) / 2
        }
        return (pages, attended)
    }

    /// Pages that all wants need together. When several sharers of one page write, the last owner
    /// keeps it, so owners are counted down in the order in which the copies will be made.
    private func pagesNeeded(_ wants: [(sequence: SequenceID, tokens: Int)]) -> Int {
        var needed = 0
        for want in wants {
            let state = state(want.sequence)
            guard want.tokens > state.reserved else { continue }
            for index in 0..<shape.tableCount {
                needed += state.tables[index].missingPages(for: want.tokens)
                needed += evictionPages(state, index)
                guard let tail = state.tables[index].sharedTail(in: pool) else { continue }
                needed += 1
                pool.anticipate(-1, ownersOf: tail)
                plannedCopies.append(tail)
            }
        }
        for tail in plannedCopies { pool.anticipate(1, ownersOf: tail) }
        plannedCopies.removeAll(keepingCapacity: true)
        return needed
    }
}
