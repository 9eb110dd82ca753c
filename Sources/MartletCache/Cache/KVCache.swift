/// The paged cache of all sequences: who holds which pages, within a budget. Knows no model and no
/// request; it is owned by the thread that runs the steps.

package import CMartletKernels

/// Keys and values of many sequences over one arena that never grows.
///
/// Each (layer, KV head) of a sequence has a page table with its own length. A step reserves room
/// for its tokens, kernels write keys and values through ``table(_:layer:head:)``, and the commit
/// counts them and frees the pages that left a window. Stages then take out what their methods
/// decide. Forks share pages; a page is copied when one of its owners is about to write to it. A
/// slot's number is its token's absolute position until tokens are taken out; from then on a head's
/// slots are in no particular order, and new tokens follow the last one.
package final class KVCache {
    /// What one token leaves in this cache.
    package let shape: KVShape
    /// The traits and the stages that the cache runs under.
    package let plan: CachePlan
    /// The attention pattern of each layer: the policy's, merged with the model's own window.
    package let visibilities: [Visibility]

    /// Tokens that end a sentence, for policies that read sentences; the owner of the tokenizer sets them.
    package var sentenceTokens: Set<Int32> = []

    /// Tokens that ask for the prompt to be repeated, for policies that read it a second time.
    package var repeatInstruction = RepeatInstruction()

    /// What the cache must do for the policy that it runs under.
    package var traits: CacheTraits { plan.traits }
    /// A prompt must be cut at multiples of this many tokens; nil where it may be cut anywhere.
    package var promptPiece: Int? { traits.promptPiece }
    /// The most of `tokens` tokens of a prompt that the next step may compute when `done` are computed.
    package func promptTokens(_ tokens: Int, after done: Int) -> Int {
        min(
            tokens, traits.promptPiece.map { $0 - done % $0 } ?? tokens,
            traits.promptStep ?? tokens)
    }
    /// The most pages that a sequence ever holds; nil for no bound.
    package var pageLimit: Int? { traits.pageLimit }

    /// The kinds of sealed pages, as kernels take them.
    package let classes: UnsafeMutablePointer<mk_page_class>
    /// Kinds of sealed pages.
    package let classCount: Int

    var pool: RigidPagePool
    var states: ContiguousArray<CachedSequence?> = []
    var generations: ContiguousArray<Int> = []
    var freeSlots: ContiguousArray<Int> = []
    var reads = CacheReads()
    var stepBytesRead = 0
    var liveSlots = 0
    var peakLiveSlots = 0
    var reservationNumber = 0
    /// Grows whenever sequences come to share pages or let go of some.
    package internal(set) var sharingVersion = 0
    /// Shared pages that the reservation being planned will copy; kept for its capacity.
    var plannedCopies: ContiguousArray<Int32> = []

    /// Creates an empty cache. `budgetBytes` bounds keys, values and positions of all sequences.
    /// `layerWindows` gives the model's own sliding window for each layer (nil: full attention);
    /// pages wholly outside it are freed, which loses nothing. An empty list means no windows.
    /// Throws `budgetTooSmall` when not even one page for each (layer, KV head) fits, and
    /// `policyNeedsFullAttention` for a plan that takes single tokens out of a model with sliding windows.
    package init(
        shape: KVShape, budgetBytes: Int, plan: CachePlan = .dense, layerWindows: [Int?] = []
    ) throws(CacheError) {
        let traits = plan.traits
        let shape = shape.under(traits)
        precondition(
            layerWindows.isEmpty || layerWindows.count == shape.layerCount,
            "KVCache: got \(layerWindows.count) layer windows, expected \(shape.layerCount)")
        if traits.tracksSlots, let window = layerWindows.compactMap(\.self).min() {
            throw .policyNeedsFullAttention(policy: traits.text, window: window)
        }
        self.shape = shape
        self.plan = plan
        visibilities = (0..<shape.layerCount).map { layer in
            traits.visibility(modelWindow: layerWindows.isEmpty ? nil : layerWindows[layer])
        }
        pool = try RigidPagePool(
            budgetBytes: budgetBytes, pageBytes: shape.pageBytes, boundsBytes: shape.boundsBytes,
            sealed: traits.sealKinds.map {
                let pages = Int(mk_sealed_pages($0))
                return SealedUnit(
                    pages: pages, bytes: mk_sealed_bytes($0, Int32(shape.headDimension)),
                    positions: shape.sealed != nil ? .consecutive : pages > 1 ? .near : .each)
            }, minimumPages: shape.tableCount)
        classCount = pool.sealed.count
        classes = .allocate(capacity: max(1, classCount))
        for (index, kind) in traits.sealKinds.enumerated() {
            let arena = pool.sealed[index]
            (classes + index).initialize(
                to: mk_sealed_class(
                    kind, Int32(shape.headDimension), Int32(arena.first),
                    UnsafePointer(arena.base.assumingMemoryBound(to: UInt8.self))))
        }
    }

    deinit { classes.deallocate() }

    // MARK: Memory

    /// First byte of the arena; page `p` starts `p * shape.pageBytes` bytes after it.
    package var arena: UnsafeMutableRawPointer { pool.arena }
    /// A page of zeros to read in place of a hole.
    package var zeroPage: UnsafeRawPointer { pool.zeroPage }
    /// First byte of a page.
    package func pagePointer(_ page: Int32) -> UnsafeMutableRawPointer { pool.pointer(to: page) }
    /// The absolute positions of a page's slots; only those below the table's length mean anything.
    package func positions(ofPage page: Int32) -> PagePositions { pool.anyPositions(of: page) }
    /// First byte of page 0's bounds; page `p`'s start `p * shape.boundsBytes` bytes after it.
    package var bounds: UnsafeMutableRawPointer { pool.bounds }
    /// Ids of open and sealed pages are below this number.
    package var idCapacity: Int { pool.idCapacity }
    /// Pages that the budget holds.
    package var pageCapacity: Int { pool.budgetPages }
    /// The largest budget, which the cache was made with.
    package var arenaBudgetBytes: Int { pool.arenaBudgetBytes }
    /// Pages that no sequence holds.
    package var freePages: Int { pool.freePages }
    /// Bytes that one token takes over all layers and heads when pages are full.
    package var bytesPerToken: Int { shape.bytesPerToken }

    /// The attention pattern of a layer: the policy's, merged with the model's own window.
    package func visibility(layer: Int) -> Visibility { visibilities[layer] }

    /// Sets the budget, at most to the one that the cache was made with. What is held beyond it stays until it is released.
    package func setBudget(_ bytes: Int) { pool.setBudget(bytes) }

    /// Gives the memory of pages that no sequence holds back to the system.
    package func returnFreePages() { pool.returnFreePages() }

    // MARK: Sequences

    /// Starts an empty sequence.
    package func makeSequence() -> SequenceID {
        insert(
            CachedSequence(
                tableCount: shape.tableCount, memories: plan.makers.map { $0.memory() }))
    }

    /// Starts a sequence that shares all committed tokens with `id`. The reservation of `id`, if
    /// any, is dropped: both must reserve before they write again. The fork's reads start at zero.
    package func fork(_ id: SequenceID) -> SequenceID {
        let source = state(id)
        dropReservation(source)
        sharingVersion += 1
        let copy = CachedSequence(
            tableCount: shape.tableCount, memories: source.memories.map { $0.copy() })
        for index in 0..<shape.tableCount {
            copy.tables[index] = source.tables[index].fork(sharing: &pool)
        }
        copy.count = source.count
        copy.liveSlots = source.liveSlots
        copy.peakLiveSlots = source.liveSlots
        copy.promptCount = source.promptCount
        copy.evictedAt = source.evictedAt
        copy.isDemoted = source.isDemoted
        copy.weights = source.weights
        addLiveSlots(copy.liveSlots)
        return insert(copy)
    }

    /// Ends a sequence; pages that no other sequence shares are free at once.
    package func release(_ id: SequenceID) {
        let state = state(id)
        sharingVersion += 1
        for index in 0..<shape.tableCount { state.tables[index].releaseAll(to: &pool) }
        liveSlots -= state.liveSlots
        states[id.slot] = nil
        generations[id.slot] += 1
        freeSlots.append(id.slot)
    }

    /// Tokens computed: absolute positions, not live tokens.
    package func count(_ id: SequenceID) -> Int { state(id).count }

    /// Tokens that can be committed before the next reservation.
    package func reserved(_ id: SequenceID) -> Int { state(id).reserved }

    /// Whether the name belongs to a living sequence.
    package func contains(_ id: SequenceID) -> Bool {
        id.slot < states.count && generations[id.slot] == id.generation && states[id.slot] != nil
    }

    /// The living sequences, in the order of their slots.
    package var sequences: [SequenceID] {
        states.indices.filter { states[$0] != nil }
            .map { SequenceID(slot: $0, generation: generations[$0]) }
    }

    /// The pages of one head, for kernels; valid until the cache is next changed.
    package func table(_ id: SequenceID, layer: Int, head: Int) -> PageTableView {
        precondition(
            layer >= 0 && layer < shape.layerCount && head >= 0 && head < shape.keyValueHeadCount,
            "KVCache.table: got layer \(layer), head \(head), expected below \(shape.layerCount), "
                + "\(shape.keyValueHeadCount)")
        return state(id).tables[layer &* shape.keyValueHeadCount &+ head].view
    }

    // MARK: What stages know of a sequence

    /// What a stage remembers of a sequence; `stage` is its index in the plan. The stage knows the type, and its
    /// own cast to a final class costs next to nothing.
    package func memory(of id: SequenceID, stage: Int) -> any StageMemory {
        state(id).memories[stage]
    }

    /// Bytes that the stages remember of a sequence beside its pages.
    package func memoryBytes(of id: SequenceID) -> Int {
        let state = state(id)
        return state.memories.reduce(state.weights.byteCount) { $0 + $1.byteCount }
    }

    /// Tokens of a sequence's prompt; nil until it is complete.
    package func promptCount(_ id: SequenceID) -> Int? { state(id).promptCount }

    /// Says that all tokens so far are a complete prompt.
    package func completePrompt(_ id: SequenceID) {
        let state = state(id)
        if state.promptCount == nil { state.promptCount = state.count }
    }

    /// Whether tokens were taken out or moved, so that a slot's number is not its token's position.
    package func hasEvicted(_ id: SequenceID) -> Bool { state(id).evictedAt != nil }

    /// How many tokens the sequence's slots stand for.
    package func weights(of id: SequenceID) -> SlotWeights { state(id).weights }

    // MARK: Shared by the facets

    func state(_ id: SequenceID) -> CachedSequence {
        precondition(contains(id), "KVCache: sequence \(id.rawValue) was released or never made")
        return states[id.slot].unsafelyUnwrapped
    }

    func dropReservation(_ state: CachedSequence) {
        guard state.reserved > 0 else { return }
        for index in 0..<shape.tableCount { state.tables[index].dropReservation(to: &pool) }
        state.reserved = 0
    }

    func addLiveSlots(_ change: Int) {
        liveSlots += change
        peakLiveSlots = max(peakLiveSlots, liveSlots)
    }

    func updateLiveSlots(of state: CachedSequence) {
        var total = 0
        for index in 0..<shape.tableCount { total += state.tables[index].liveSlots }
        addLiveSlots(total - state.liveSlots)
        state.liveSlots = total
    }

    private func insert(_ state: CachedSequence) -> SequenceID {
        if let slot = freeSlots.popLast() {
            states[slot] = state
            return SequenceID(slot: slot, generation: generations[slot])
        }
        states.append(state)
        generations.append(0)
        return SequenceID(slot: states.count - 1, generation: 0)
    }
}
