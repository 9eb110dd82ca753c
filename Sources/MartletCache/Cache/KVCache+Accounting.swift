/// The cache's figures and the proof that they are true.

extension KVCache {
    /// The account at this moment; costs nothing that grows with the cache.
    package var statistics: CacheStatistics {
        let heads = Double(shape.tableCount)
        return CacheStatistics(
            sequenceCount: states.count - freeSlots.count, budgetBytes: pool.budgetBytes,
            bytesHeld: pool.heldBytes, peakBytes: pool.peakBytes, reads: reads,
            stepBytesRead: stepBytesRead, liveTokens: Double(liveSlots) / heads,
            peakTokens: Double(peakLiveSlots) / heads)
    }

    /// Reads of one living sequence, since it was made or forked, or its account was restarted.
    package func reads(of id: SequenceID) -> CacheReads { state(id).reads }

    /// Counts bytes of the cache that a stage moves for a sequence after its latest commit, where that was of generated
    /// tokens: a prompt's own are no part of ``CacheReads/bytesMoved``.
    package func move(_ bytes: Int, for id: SequenceID) { move(bytes, of: state(id)) }

    func move(_ bytes: Int, of state: CachedSequence) {
        guard state.isDecoding else { return }
        state.reads.bytesMoved += bytes
        reads.bytesMoved += bytes
    }

    /// What copying pages took since the pool had copied `count`: each is read and written, with all that belongs
    /// to it.
    func copiedBytes(since count: Int) -> Int {
        2 * (pool.copiedPages - count) * shape.heldBytesPerPage
    }

    /// What computing the bounds of a page moves: its keys, and the bounds.
    var describingBytes: Int { shape.keyBytes + shape.boundsBytes }

    /// The most live tokens that one sequence had since it was made or forked, averaged over layers
    /// and KV heads; taken, like ``CacheStatistics/peakTokens``, before the policy frees any.
    package func peakTokens(of id: SequenceID) -> Double {
        Double(state(id).peakLiveSlots) / Double(shape.tableCount)
    }

    /// Counts the reads and the peak of a sequence anew, for an owner that goes on with it.
    package func restartAccount(of id: SequenceID) {
        let state = state(id)
        state.reads = CacheReads()
        state.peakLiveSlots = state.liveSlots
    }

    /// Bytes of the pages that these sequences hold, positions included. A page with several owners
    /// counts in equal parts for each of them, so that sequences that share only among each other count
    /// it once. Takes time linear in the pages, unless these are all living sequences.
    package func bytesHeld(by ids: [SequenceID]) -> Int {
        guard ids.count < states.count - freeSlots.count else { return pool.heldBytes }
        var bytes = 0.0
        for id in ids {
            let state = state(id)
            for index in 0..<shape.tableCount {
                let view = state.tables[index].view
                for page in view.sinkPages { bytes += bytesOfOwner(page) }
                for page in view.recentPages { bytes += bytesOfOwner(page) }
            }
        }
        return Int(bytes.rounded())
    }

    /// Bytes of the pages that these sequences hold, positions included, each page once and whole, whoever else holds it:
    /// what they would hold if no others were there. Takes time linear in the pages.
    package func bytesHeld(alone ids: [SequenceID]) -> Int {
        var seen: Set<Int32> = []
        var bytes = 0
        for id in ids {
            let state = state(id)
            for index in 0..<shape.tableCount {
                let view = state.tables[index].view
                for pages in [view.sinkPages, view.recentPages] {
                    for page in pages where page != KVPage.hole {
                        // Only shared pages can come twice.
                        let isNew =
                            pool.referenceCount(page) == 1 || seen.insert(page).inserted
                        if isNew { bytes += heldBytes(page) }
                    }
                }
            }
        }
        return bytes
    }

    /// Bytes that releasing all these sequences would give back: those of pages that nobody else holds. Takes time linear
    /// in the pages, unless these are all living sequences.
    package func bytesHeld(onlyBy ids: [SequenceID]) -> Int {
        guard ids.count < states.count - freeSlots.count else { return pool.heldBytes }
        var owners: [Int32: Int] = [:]
        var bytes = 0
        for id in ids {
            let state = state(id)
            for index in 0..<shape.tableCount {
                let view = state.tables[index].view
                for pages in [view.sinkPages, view.recentPages] {
                    for page in pages where page != KVPage.hole {
                        let count = pool.referenceCount(page)
                        if count > 1 {
                            let own = owners[page, default: 0] + 1
                            owners[page] = own
                            guard own == count else { continue }
                        }
                        bytes += heldBytes(page)
                    }
                }
            }
        }
        return bytes
    }

    /// One owner's equal part of a page's bytes; 0 for a hole.
    private func bytesOfOwner(_ page: Int32) -> Double {
        guard page != KVPage.hole else { return 0 }
        return Double(heldBytes(page)) / Double(pool.referenceCount(page))
    }

    private func heldBytes(_ page: Int32) -> Int {
        pool.sealedKind(of: page).map { pool.sealed[$0].pageBytes + KVPage.positionBytes }
            ?? shape.heldBytesPerPage
    }

    /// Live tokens of one sequence in every (layer, KV head).
    package func liveTokens(of id: SequenceID) -> LiveTokens {
        let state = state(id)
        return LiveTokens(
            keyValueHeadCount: shape.keyValueHeadCount,
            counts: (0..<shape.tableCount).map { state.tables[$0].liveSlots })
    }

    /// Live tokens in every (layer, KV head), summed over sequences.
    package func liveTokens() -> LiveTokens {
        var counts = [Int](repeating: 0, count: shape.tableCount)
        for state in states {
            guard let state else { continue }
            for index in 0..<shape.tableCount { counts[index] += state.tables[index].liveSlots }
        }
        return LiveTokens(keyValueHeadCount: shape.keyValueHeadCount, counts: counts)
    }

    /// Proves that each page is in as many tables as it counts owners, that free pages and tables
    /// partition the arena, that page counts fit lengths and reservations, that no reserved page is
    /// shared, that positions in each head are unique, ascending and below the sequence's count,
    /// and that the account of bytes and live tokens is true. Takes time linear in the pages.
    /// Throws `brokenIntegrity` with the first finding.
    package func checkIntegrity() throws(CacheError) {
        var owners = [UInt32](repeating: 0, count: pool.idCapacity)
        var total = 0
        for slot in states.indices {
            guard let state = states[slot] else { continue }
            var live = 0
            for index in 0..<shape.tableCount {
                try check(table: index, of: state, slot: slot, &owners)
                live += state.tables[index].liveSlots
            }
            guard live == state.liveSlots else {
                throw .brokenIntegrity(
                    "sequence \(slot): \(live) live slots, the account says \(state.liveSlots)")
            }
            total += live
        }
        guard total == liveSlots, liveSlots <= peakLiveSlots else {
            throw .brokenIntegrity(
                "\(total) live slots, the account says \(liveSlots), peak \(peakLiveSlots)")
        }
        try pool.checkIntegrity(owners: owners)
    }

    private func check(
        table index: Int, of state: CachedSequence, slot: Int, _ owners: inout [UInt32]
    ) throws(CacheError) {
        let (layer, head) = index.quotientAndRemainder(dividingBy: shape.keyValueHeadCount)
        let name = "sequence \(slot), layer \(layer), head \(head)"
        let (length, pages) = (state.tables[index].length, state.tables[index].pageCount)
        guard length <= state.count else {
            throw .brokenIntegrity("\(name): \(length) slots for \(state.count) tokens")
        }
        let needed = KVPage.count(forSlots: length + state.reserved)
        guard pages == needed else {
            throw .brokenIntegrity(
                "\(name): \(pages) entries for \(length) slots and \(state.reserved) reserved, "
                    + "expected \(needed)")
        }
        guard state.reserved == 0 || state.tables[index].sharedTail(in: pool) == nil else {
            throw .brokenIntegrity("\(name): the reserved tail page is shared")
        }
        try state.tables[index].checkIntegrity(
            below: state.count, in: pool, owners: &owners, name: name)
    }
}
