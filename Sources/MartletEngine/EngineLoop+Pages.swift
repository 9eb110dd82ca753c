/// How the loop lives within the cache's budget: admission, reservation, pre-emption.

import MartletCache

/// Pages that a sequence holds, over all layers and KV heads, as a function of its length in tokens. The scheduler
/// admits chains by it and refuses prompts that can never fit. Layers with the same attention pattern are counted
/// together.
///
/// A model that marks its own tokens decides only while it runs how many it holds. Then admission uses the expected
/// number, and a prompt is refused only when its smallest possible number does not fit.
struct PageFootprint {
    private let layers: [(visibility: Visibility, tables: Int)]
    private let chunk: Int
    private let bound: Int
    /// What the cache does beside holding pages.
    private let traits: CacheTraits
    private let compression: Double
    private let shape: KVShape
    /// Bytes of a page that is stored in fewer bits for lack of room; nil where none is.
    private let demotedBytesPerPage: Int?
    /// Bytes that one page takes from the budget.
    var bytesPerPage: Int { shape.heldBytesPerPage }

    /// - Parameters:
    ///   - cache: its shape and its policy.
    ///   - chunk: the most tokens that one step adds to a sequence.
    ///   - compression: the expected number of tokens for each slot when the model evicts; 1 otherwise.
    init(cache: KVCache, chunk: Int, compression: Double = 1) {
        var tables: [Visibility: Int] = [:]
        for visibility in cache.visibilities {
            tables[visibility, default: 0] += cache.shape.keyValueHeadCount
        }
        layers = tables.map { ($0.key, $0.value) }
        self.chunk = min(chunk, cache.traits.promptStep ?? chunk)
        bound = cache.pageLimit ?? .max
        traits = cache.traits
        self.compression = max(1, compression)
        shape = cache.shape
        demotedBytesPerPage = cache.demotedBytesPerPage
    }

    /// Expected pages of a sequence of `tokens` tokens while its last chunk is computed.
    func pages(_ tokens: Int) -> Int {
        pages(traits.expectedTokens(tokens, compression: compression), chunk: chunk)
    }

    /// The fewest pages that a sequence of `tokens` tokens can need: computed one by one, with every eviction that the
    /// model may decide.
    ///
    /// - Parameter demoting: whether its full pages may be stored in fewer bits, where the policy does that.
    func leastPages(_ tokens: Int, demoting: Bool) -> Int {
        pages(
            traits.leastTokens(tokens), chunk: 1,
            fullPageBytes: demoting ? demotedBytesPerPage : nil)
    }

    /// Tokens that the rows at these positions read, averaged over layers.
    func reads(_ rows: Range<Int>) -> Double {
        let reads = layers.reduce(0) { $0 + $1.visibility.readCount(rows: rows) * $1.tables }
        return Double(reads) / Double(shape.tableCount)
    }

    /// - Parameter fullPageBytes: what a page takes that nothing is added to; nil where the shape says it.
    private func pages(_ tokens: Int, chunk: Int, fullPageBytes: Int? = nil) -> Int {
        guard tokens > 0 else { return 0 }
        let rows = max(0, tokens - chunk)..<tokens
        // Supply is counted in open pages, so that sealed ones are parts of them.
        let bytes = layers.reduce(0) { sum, layer in
            let pages = layer.visibility.pageCount(rows: rows)
            let table =
                fullPageBytes.map { bytesPerPage + (pages - 1) * $0 }
                ?? shape.heldBytes(pages: pages, chunk: chunk)
            return sum + layer.tables * table
        }
        return min((bytes + bytesPerPage - 1) / bytesPerPage, bound)
    }
}

/// A chain that there was no room for, and what must change before there may be.
struct Blockage {
    private let chain: ChainID
    private let version: [Int]
    private let freePages: Int

    init(_ chain: ChainID, _ loop: EngineLoop) {
        self.chain = chain
        version = Self.version(loop)
        freePages = loop.cache.freePages
    }

    private static func version(_ loop: EngineLoop) -> [Int] {
        [loop.kept.version, loop.cache.sharingVersion, loop.scheduler.running.count]
    }

    /// Whether there cannot be room yet.
    func lasts(_ first: ChainID, _ loop: EngineLoop) -> Bool {
        first == chain && version == Self.version(loop) && loop.cache.freePages <= freePages
    }
}

extension EngineLoop {
    /// Admits waiting chains in order while there is room. What is more urgent than a running chain takes its place.
    func admit() {
        while let blocked = admitWhatFits() {
            let isFull = scheduler.running.count >= scheduler.budget.maximumSequences
            let lack = Lack(
                relief: { [footprint] in Scheduler.demand($0, footprint.pages) },
                isOfPlaces: isFull)
            guard isFull || displacingHelps(blocked) else { return }
            if demote(lack, below: blocked.key.priority) { continue }
            guard let victim = victim(lack, below: blocked.key.priority) else { return }
            giveWay(victim)
        }
    }

    /// Whether a chain would fit if all less urgent ones gave way: otherwise it waits, and they go on.
    private func displacingHelps(_ blocked: SequenceState) -> Bool {
        let staying = scheduler.running.filter { $0.key.priority >= blocked.key.priority }
        // One chain alone always runs.
        if staying.isEmpty { return true }
        var state = blocked
        state.computed = search(for: blocked).best?.count ?? 0
        let promised = (staying + [state]).reduce(0) {
            $0 + Scheduler.demand($1, footprint.pages)
        }
        let going = scheduler.running.filter { $0.key.priority < blocked.key.priority }
        let freed = cache.bytesHeld(
            onlyBy: going.compactMap(\.sequence) + kept.all.map(\.sequence))
        return promised <= cache.freePages + freed / footprint.bytesPerPage
    }

    /// Admits waiting chains in order while there is room, and returns the first that there is none for.
    private func admitWhatFits() -> SequenceState? {
        guard let first = scheduler.waiting.first, blockage?.lasts(first.id, self) != true else {
            return nil
        }
        blockage = nil
        let supply = PageSupply(
            fits: { [self] needed in
                needed <= cache.freePages || needed <= cache.freePages + keptPages
            }, pages: footprint.pages)
        var beginning: Beginning?
        var scheduler = self.scheduler
        let blocked = scheduler.admit(
            pages: supply,
            open: { state, sibling, hasRoom in
                guard let opened = open(state, sibling, hasRoom: hasRoom) else { return nil }
                beginning = opened.beginning
                return opened.opening
            },
            close: { cache.release($0.sequence) },
            admitted: { state, opening in opened(state, opening, beginning) })
        self.scheduler = scheduler
        if let blocked, blocked.id == first.id { blockage = Blockage(blocked.id, self) }
        return blocked
    }

    /// Lets a chain share its prompt with a sibling, instead of computing and holding it
    /// again. Nil when there is no sibling, or when the policy has freed part of the prompt.
    func share(_ state: SequenceState, _ sibling: SequenceID?) -> Opening? {
        guard let sibling, !cache.isDemoted(sibling) else { return nil }
        precondition(
            state.target > state.promptCount,
            "EngineLoop: \(state.id) has siblings before its prompt was computed")
        return cache.fork(sibling, to: state.promptCount).map {
            Opening(sequence: $0, computed: state.promptCount)
        }
    }

    /// Reserves the plan's pages. While they do not suffice what requests left is given up; then pages of running chains are
    /// stored in fewer bits, where the policy allows that, or running chains give way, whichever costs less;
    /// where that helps nobody the first gets a smaller chunk instead, and ends when not even one token fits. A prompt of
    /// which the model evicts too little fails. What a request may not hold is not computed.
    func reserve(_ plan: inout StepPlan) {
        while !plan.isEmpty {
            do {
                try cache.reserve(
                    plan.slices.map { slice in
                        guard let sequence = scheduler[slice.id]?.sequence else {
                            preconditionFailure("EngineLoop: \(slice.id) has no sequence")
                        }
                        return (sequence, slice.count)
                    })
                if staysWithinLimits(&plan) { return notePeak() }
            } catch {
                relieve(&plan, of: error)
            }
        }
    }

    private func relieve(_ plan: inout StepPlan, of error: CacheError) {
        var missing = 1
        if case .outOfPages(let needed, let free, _) = error { missing = needed - free }
        if giveUp(pages: missing) { return }
        let counts = Dictionary(uniqueKeysWithValues: plan.slices.map { ($0.id, $0.count) })
        let lack = Lack(
            relief: { [cache] state in
                guard let count = counts[state.id], let sequence = state.sequence else { return 0 }
                return cache.estimatePages(sequence, tokens: count)
            }, sparesFirst: true)
        if demote(lack) { return }
        if let victim = victim(lack) {
            giveWay(victim)
            plan.slices.removeAll { $0.id == victim.id }
        } else if plan.slices[0].count > 1 {
            plan.slices[0].count /= 2
        } else {
            let id = plan.slices.removeFirst().id
            if let state = scheduler[id], scorings[id.request] != nil {
                failRequest(
                    id.request,
                    .outOfPages(
                        computedTokens: state.computed,
                        budgetBytes: cache.statistics.budgetBytes))
            } else if let state = scheduler[id], state.target == state.promptCount {
                failRequest(
                    id.request,
                    .promptOutgrewBudget(
                        promptTokens: state.promptCount, computedTokens: state.computed,
                        budgetBytes: cache.statistics.budgetBytes))
            } else {
                end(id, .outOfMemory)
            }
        }
    }

    /// Gives a chain's pages back, after noting what it has read.
    func releaseSequence(of state: SequenceState) {
        guard let sequence = state.sequence else { return }
        kept.unregister(state.id)
        noteReads(of: state)
        cache.release(sequence)
    }

    /// Notes what a chain has read and held, before its sequence is no longer its own.
    func noteReads(of state: SequenceState) {
        guard let sequence = state.sequence, let generation = generations[state.id.request] else {
            return
        }
        let chain = state.id.chain
        generation.chains[chain].demotedTokens.raise(to: cache.demotedTokens(of: sequence))
        generation.chains[chain].kvReads += cache.reads(of: sequence).kvReads
        generation.chains[chain].bytesMoved += cache.reads(of: sequence).bytesMoved
        generation.chains[chain].peakTokens = max(
            generation.chains[chain].peakTokens, cache.peakTokens(of: sequence))
    }

    /// Pages are most right after a reservation, before the policy frees any.
    private func notePeak() {
        let held = cache.statistics.bytesHeld
        var sequences: [RequestID: [SequenceID]] = [:]
        for state in scheduler.running {
            guard let sequence = state.sequence else { continue }
            sequences[state.id.request, default: []].append(sequence)
        }
        for (id, own) in sequences {
            if let generation = generations[id], !generation.leading.isEmpty {
                noteLeading(id, generation)
            }
            let ownBytes = cache.bytesHeld(by: own)
            generations[id]?.peakOwnBytes.raise(to: ownBytes)
            scorings[id]?.result.usage.peakRequestBytes.raise(to: ownBytes)
        }
        for generation in generations.values { generation.peakBytes.raise(to: held) }
        for scoring in scorings.values { scoring.result.usage.peakCacheBytes.raise(to: held) }
    }

    /// Notes what the first chains of a request hold by themselves.
    private func noteLeading(_ id: RequestID, _ generation: ActiveGeneration) {
        let running = scheduler.running.filter { $0.id.request == id }
            .sorted { $0.id.chain < $1.id.chain }
        let chains = running.compactMap { state in
            state.sequence.map { (chain: state.id.chain, sequence: $0) }
        }
        for (place, width) in generation.leading.map(\.width).enumerated() {
            let own = chains.prefix { $0.chain < width }.map(\.sequence)
            guard !own.isEmpty else { continue }
            generation.leading[place].peakBytes.raise(to: cache.bytesHeld(alone: own))
        }
    }
}

extension Int {
    mutating func raise(to other: Int) { self = Swift.max(self, other) }
}
