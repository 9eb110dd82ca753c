// Carries out what a model's eviction heads decide: masks, merges, frees.
//
// DMS (2506.05345, section 3 and the released code): the mark of token t + 1 is the verdict on token
// t, which every query sees up to `window` tokens later.  DMC (2403.09636): the mark of token t
// merges it with what came before, so that the state before it is seen by nobody from t on: the same
// as DMS with a window of nothing, over running means.

import MartletCache
import MartletKernels

/// One cache's learned eviction at work.
final class LearnedStage: CacheStage {
    private let decisions: LearnedEviction.Decisions
    /// How far marks reach, where the policy's text says it: tokens for which a marked one is still seen after its own, in
    /// DMC tokens that one mean covers at most.
    private let givenReach: Int?
    /// The same as the model was trained, for sequences whose marks are its own.
    private let usualReach: Int
    /// Whether marked tokens are merged (DMC), and seen by nobody after their own.
    private let isMerging: Bool
    private let shape: KVShape
    /// Its place in the plan, under which the cache holds its memories.
    private let index: Int
    private var slices: [AttentionSlice] = []
    /// By slice of the step: its sequence's memory, and whether some of its slots may have to be hidden.
    private var memories: [LearnedMemory] = []
    private var hides: [Bool] = []
    /// By slice of the step: slots, over all tables, that are held and that none of its queries sees.
    private var hiddenSlots: [Int] = []
    /// By slice of the step: bytes of open means that its tokens were merged with.
    private var mergedBytes: [Int] = []

    init(_ eviction: LearnedEviction, _ context: StageContext, index: Int) {
        decisions = eviction.decisions
        switch eviction.rule {
        case .evicting(let window):
            (givenReach, usualReach) = (window, context.markWindow ?? 256)
            isMerging = false
        case .merging(let members):
            (givenReach, usualReach) = (members, context.markWindow ?? 12)
            isMerging = true
        }
        shape = context.shape
        self.index = index
    }

    private func memory(of id: SequenceID, _ cache: KVCache) -> LearnedMemory {
        guard let memory = cache.memory(of: id, stage: index) as? LearnedMemory else {
            preconditionFailure("LearnedStage: the cache runs another plan")
        }
        return memory
    }

    /// Names the slices of the step.
    func begin(_ slices: [AttentionSlice], tokens: UnsafePointer<Int32>?, cache: KVCache) {
        self.slices = slices
        memories.removeAll(keepingCapacity: true)
        hides.removeAll(keepingCapacity: true)
        hiddenSlots.removeAll(keepingCapacity: true)
        mergedBytes.removeAll(keepingCapacity: true)
        for slice in slices {
            let memory = memory(of: slice.sequence, cache)
            if memory.tables.isEmpty {
                let reach = givenReach ?? slice.markWindow ?? usualReach
                (memory.window, memory.memberLimit) = isMerging ? (0, reach) : (reach, 0)
                memory.tables = Array(
                    repeating: EvictionTable(reach: memory.window + 2), count: shape.tableCount)
            }
            memories.append(memory)
            let isPrompt = cache.promptCount(slice.sequence) == nil
            hides.append(isPrompt || slice.count > 1 || memory.window == 0)
            hiddenSlots.append(0)
            mergedBytes.append(0)
        }
    }

    /// Takes the marks of one layer's rows and merges what they say is one.
    func willAppend(_ rows: AppendedRows, layer: Int, cache: KVCache) {
        switch decisions {
        case .never: return
        case .model:
            guard let marks = rows.marks else { return }
            decide(layer: layer, cache: cache) { marks.isMarked($0, $1) }
            if isMerging { merge(rows, marks, layer: layer, cache: cache) }
        case .chance(let rate, let seed):
            var positions: [Int: Int] = [:]
            for slice in slices {
                for offset in 0..<slice.count {
                    positions[slice.firstRow + offset] = slice.position + offset
                }
            }
            decide(layer: layer, cache: cache) { row, head in
                Self.isMarked(
                    rate: rate, seed: seed, table: layer * shape.keyValueHeadCount + head,
                    position: positions[row] ?? 0)
            }
        }
    }

    private func decide(layer: Int, cache: KVCache, isMarked: (_ row: Int, _ head: Int) -> Bool) {
        for (place, slice) in slices.enumerated() {
            let memory = memories[place]
            for head in 0..<shape.keyValueHeadCount {
                let index = layer * shape.keyValueHeadCount + head
                let length = cache.table(slice.sequence, layer: layer, head: head).length
                decide(&memory.tables[index], slice, length: length, window: memory.window) {
                    isMarked($0, head)
                }
                // What a generated token replaces is held until the step ends, and not read.
                if memory.window == 0, slice.count == 1, slice.position > 0,
                    isMarked(slice.firstRow, head)
                {
                    hiddenSlots[place] += 1
                }
            }
        }
    }

    private func decide(
        _ table: inout EvictionTable, _ slice: AttentionSlice, length: Int, window: Int,
        isMarked: (_ row: Int) -> Bool
    ) {
        table.extend(to: length + slice.count)
        for offset in 0..<slice.count {
            let position = slice.position + offset
            // The verdict on the token before this one; the first token has none before it.
            if position > 0, isMarked(slice.firstRow + offset),
                let slot = offset > 0 ? length + offset - 1 : table.slot(of: position - 1)
            {
                table.hide(slot: slot, from: position + window)
            }
            table.place(position: position, slot: length + offset)
        }
    }

    /// Marks a filled sequence's tokens by chance.
    func adopt(_ sequence: SequenceID, cache: KVCache, seed: UInt64) {
        let count = cache.count(sequence)
        guard count > 0 else { return }
        let slice = AttentionSlice(sequence: sequence, firstRow: 0, count: count, position: 0)
        begin([slice], tokens: nil, cache: cache)
        guard case .chance(let rate, let seed) = decisions else { return }
        let memory = memory(of: sequence, cache)
        for index in 0..<shape.tableCount {
            decide(&memory.tables[index], slice, length: 0, window: memory.window) { row in
                Self.isMarked(rate: rate, seed: seed, table: index, position: row)
            }
        }
    }

    /// Whether chance marks a token.
    static func isMarked(rate: Double, seed: UInt64, table: Int, position: Int) -> Bool {
        var random = CounterRandom(
            seed: seed, stream: UInt64(truncatingIfNeeded: table) << 32 | UInt64(position))
        return random.unit() < rate
    }

    /// DMC: replaces the rows' keys (before rotation) and values of one layer by the running means
    /// that they continue or open, weighed by their weights.
    private func merge(
        _ rows: AppendedRows, _ marks: TokenMarks, layer: Int, cache: KVCache
    ) {
        let dimension = shape.headDimension
        for (place, (slice, memory)) in zip(slices, memories).enumerated() {
            for head in 0..<shape.keyValueHeadCount {
                let index = layer * shape.keyValueHeadCount + head
                for offset in 0..<slice.count {
                    let row = slice.firstRow + offset
                    let key = rows.keys + row * rows.stride + head * dimension
                    let value = rows.values + row * rows.stride + head * dimension
                    let token = MergedToken(
                        key: Array(UnsafeBufferPointer(start: key, count: dimension)),
                        value: Array(UnsafeBufferPointer(start: value, count: dimension)),
                        weight: marks.weight(row, head))
                    // The first token has none before it.
                    if slice.position + offset == 0 || !marks.isMarked(row, head) {
                        memory.tables[index].members.removeAll()
                    }
                    if memory.tables[index].members.count == memory.memberLimit {
                        memory.tables[index].members.removeFirst()
                    }
                    memory.tables[index].members.append(token)
                    // A token alone is itself, bit for bit.
                    guard memory.tables[index].members.count > 1 else { continue }
                    mergedBytes[place] += memory.tables[index].memberBytes
                    Self.mean(memory.tables[index].members, key: key, value: value)
                }
            }
        }
    }

    private static func mean(
        _ members: [MergedToken], key: UnsafeMutablePointer<Float>,
        value: UnsafeMutablePointer<Float>
    ) {
        var total: Float = 0
        for member in members { total += member.weight }
        for i in 0..<members[0].key.count {
            var (k, v): (Float, Float) = (0, 0)
            for member in members {
                k += member.weight * member.key[i]
                v += member.weight * member.value[i]
            }
            key[i] = k / total
            value[i] = v / total
        }
    }

    func count(_ reads: inout StepReads, slice: Int, cache: KVCache) {
        reads.tokens -= hiddenSlots[slice]
        reads.otherBytes += mergedBytes[slice]
        guard decisions != .never, hides[slice] else { return }
        for table in memories[slice].tables {
            reads.otherBytes += table.count * MemoryLayout<Int32>.stride
        }
    }

    /// Frees, after the commit, what the next token will not see: at the end of a prompt's piece all of
    /// it, after a generated token the one token whose time is over.
    func finishStep(cache: KVCache) throws(CacheError) {
        guard decisions != .never else { return }
        for slice in slices {
            if cache.promptCount(slice.sequence) == nil {
                if cache.count(slice.sequence) % LearnedEviction.promptPiece == 0 {
                    try compact(slice.sequence, cache: cache)
                }
            } else if slice.count == 1 {
                expire(slice, memory(of: slice.sequence, cache), cache)
            } else {
                try compact(slice.sequence, cache: cache)
            }
        }
    }

    private func expire(_ slice: AttentionSlice, _ memory: LearnedMemory, _ cache: KVCache) {
        // A verdict comes with the next token: without a window the time is over already.
        let position = slice.position - max(1, memory.window)
        for index in 0..<shape.tableCount {
            guard let slot = memory.tables[index].slot(of: position, endingBy: slice.position + 1)
            else { continue }
            let (layer, head) = index.quotientAndRemainder(dividingBy: shape.keyValueHeadCount)
            let last = memory.tables[index].count - 1
            let table = cache.table(slice.sequence, layer: layer, head: head)
            let moved = Int(
                cache.positions(ofPage: table[last / KVPage.tokens])[last % KVPage.tokens])
            // The reservation made sure of a page for this.
            guard cache.evict(slice.sequence, layer: layer, head: head, slot: slot) else {
                continue
            }
            memory.tables[index].remove(
                slot: slot, position: position, moved: slot == last ? nil : moved)
        }
    }

    /// Ends a prompt: frees what the next token will not see.
    func completePrompt(_ sequence: SequenceID, cache: KVCache) throws(CacheError) {
        guard decisions != .never, !memory(of: sequence, cache).tables.isEmpty else { return }
        try compact(sequence, cache: cache)
    }

    private func compact(_ sequence: SequenceID, cache: KVCache) throws(CacheError) {
        let memory = memory(of: sequence, cache)
        let next = Int32(cache.count(sequence))
        var kept: [[Int32]?] = []
        for table in memory.tables {
            let slots = (0..<Int32(table.count)).filter { table.until[Int($0)] > next }
            kept.append(slots.count == table.count ? nil : slots)
        }
        guard kept.contains(where: { $0 != nil }) else { return }
        try cache.retain(sequence, kept)
        for (index, slots) in kept.enumerated() {
            guard let slots else { continue }
            let (layer, head) = index.quotientAndRemainder(dividingBy: shape.keyValueHeadCount)
            memory.tables[index].compact(
                keeping: slots,
                positions: cache.heldPositions(sequence, layer: layer, head: head),
                newest: Int(next) - 1)
        }
    }

    var changesReads: Bool { decisions != .never && hides.contains(true) }

    /// Hides slots whose time is over from the rows of a slice, where some are held.
    func withReads(
        of unit: StageUnit, _ reads: UnitReads, cache: KVCache, _ body: (UnitReads) -> Void
    ) {
        guard hides[unit.slice] else { return body(reads) }
        memories[unit.slice].tables[unit.layer * shape.keyValueHeadCount + unit.head].until
            .withUnsafeBufferPointer {
                var reads = reads
                reads.until = $0.baseAddress
                body(reads)
            }
    }
}
