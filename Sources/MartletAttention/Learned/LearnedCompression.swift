// Carries out what a model's eviction heads decide: masks, merges, frees.
//
// DMS (2506.05345, section 3 and the released code): the mark of token t + 1 is the verdict on token
// t, which every query sees up to `window` tokens later.  DMC (2403.09636): the mark of token t
// merges it with what came before, so that the state before it is seen by nobody from t on: the same
// as DMS with a window of nothing, over running means.

import MartletKernels

/// One cache's learned eviction at work. The engine's thread owns it.
package final class LearnedCompression {
    /// What the policy says.
    package let rule: LearnedEviction
    /// Tokens for which a marked one is still seen after its own.
    let window: Int
    /// DMC: tokens that one mean covers at most.
    let memberLimit: Int
    private let shape: KVShape
    private var slices: [AttentionSlice] = []

    init(_ rule: LearnedEviction, head: EvictionHeadShape?, shape: KVShape) {
        self.rule = rule
        switch rule.method {
        case .sparsification:
            window = rule.window ?? head?.window ?? 256
            memberLimit = 0
        case .compression:
            window = 0
            memberLimit = rule.window ?? head?.window ?? 12
        }
        self.shape = shape
    }

    /// Names the slices of the step.
    func begin(_ slices: [AttentionSlice], cache: KVCache) {
        self.slices = slices
        for slice in slices {
            guard let state = cache.memory(of: slice.sequence), state.learned.isEmpty else {
                continue
            }
            state.learned = Array(
                repeating: EvictionTable(reach: window + 2), count: shape.tableCount)
        }
    }

    /// Takes the marks of one layer's rows. Call before ``PagedAttention/append``.
    func decide(layer: Int, cache: KVCache, isMarked: (_ row: Int, _ head: Int) -> Bool) {
        guard rule.decisions != .never else { return }
        for slice in slices {
            guard let state = cache.memory(of: slice.sequence) else { continue }
            for head in 0..<shape.keyValueHeadCount {
                let index = layer * shape.keyValueHeadCount + head
                let length = cache.table(slice.sequence, layer: layer, head: head).length
                decide(&state.learned[index], slice, length: length) { isMarked($0, head) }
                // What a generated token replaces is held until the step ends, and not read.
                if window == 0, slice.count == 1, slice.position > 0,
                    isMarked(slice.firstRow, head)
                {
                    state.hiddenSlots += 1
                }
            }
        }
    }

    private func decide(
        _ table: inout EvictionTable, _ slice: AttentionSlice, length: Int,
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

    /// Marks by chance: a function of seed, head and position alone.
    func decideByChance(layer: Int, cache: KVCache) {
        guard case .chance(let rate, let seed) = rule.decisions else { return }
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

    /// Marks a filled layer by chance; what was filled counts as this slice.
    func adopt(layer: Int, _ slice: AttentionSlice, cache: KVCache) {
        guard case .chance(let rate, let seed) = rule.decisions,
            let state = cache.memory(of: slice.sequence)
        else { return }
        for head in 0..<shape.keyValueHeadCount {
            let index = layer * shape.keyValueHeadCount + head
            decide(&state.learned[index], slice, length: 0) { row in
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
    /// that they continue or open, weighed by `weight`.
    package func merge(
        layer: Int, cache: KVCache, keys: UnsafeMutablePointer<Float>,
        values: UnsafeMutablePointer<Float>, stride: Int,
        isMarked: (_ row: Int, _ head: Int) -> Bool, weight: (_ row: Int, _ head: Int) -> Float
    ) {
        guard rule.decisions != .never else { return }
        let dimension = shape.headDimension
        for slice in slices {
            guard let state = cache.memory(of: slice.sequence) else { continue }
            for head in 0..<shape.keyValueHeadCount {
                let index = layer * shape.keyValueHeadCount + head
                for row in slice.firstRow..<slice.firstRow + slice.count {
                    let key = keys + row * stride + head * dimension
                    let value = values + row * stride + head * dimension
                    let token = MergedToken(
                        key: Array(UnsafeBufferPointer(start: key, count: dimension)),
                        value: Array(UnsafeBufferPointer(start: value, count: dimension)),
                        weight: weight(row, head))
                    if !isMarked(row, head) { state.learned[index].members.removeAll() }
                    if state.learned[index].members.count == memberLimit {
                        state.learned[index].members.removeFirst()
                    }
                    state.learned[index].members.append(token)
                    // A token alone is itself, bit for bit.
                    guard state.learned[index].members.count > 1 else { continue }
                    Self.mean(state.learned[index].members, key: key, value: value)
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

    /// Frees, after the commit, what the next token will not see: at the end of a prompt's block all of
    /// it, after a generated token the one token whose time is over.
    func finish(cache: KVCache) throws(CacheError) {
        for slice in slices {
            guard let state = cache.memory(of: slice.sequence) else { continue }
            state.hiddenSlots = 0
            guard rule.decisions != .never else { continue }
            if !state.isPromptComplete {
                if cache.count(slice.sequence) % LearnedEviction.promptBlock == 0 {
                    try compact(slice.sequence, cache: cache)
                }
            } else if slice.count == 1 {
                expire(slice, state, cache)
            } else {
                try compact(slice.sequence, cache: cache)
            }
        }
    }

    private func expire(_ slice: AttentionSlice, _ state: PolicyMemory, _ cache: KVCache) {
        // A verdict comes with the next token: without a window the time is over already.
        let position = slice.position - max(1, window)
        for index in 0..<shape.tableCount {
            guard let slot = state.learned[index].slot(of: position, endingBy: slice.position + 1)
            else { continue }
            let (layer, head) = index.quotientAndRemainder(dividingBy: shape.keyValueHeadCount)
            let last = state.learned[index].count - 1
            let table = cache.table(slice.sequence, layer: layer, head: head)
            let moved = Int(
                cache.positions(ofPage: table[last / KVPage.tokens])[last % KVPage.tokens])
            // The reservation made sure of a page for this.
            guard cache.evict(slice.sequence, layer: layer, head: head, slot: slot) else {
                continue
            }
            state.learned[index].remove(
                slot: slot, position: position, moved: slot == last ? nil : moved)
        }
    }

    /// Ends a prompt: frees what the next token will not see.
    func complete(_ sequence: SequenceID, cache: KVCache) throws(CacheError) {
        guard let state = cache.memory(of: sequence), !state.isPromptComplete else { return }
        if rule.decisions != .never, !state.learned.isEmpty { try compact(sequence, cache: cache) }
        state.isPromptComplete = true
    }

    private func compact(_ sequence: SequenceID, cache: KVCache) throws(CacheError) {
        guard let state = cache.memory(of: sequence) else { return }
        let next = Int32(cache.count(sequence))
        var kept: [[Int32]?] = []
        for table in state.learned {
            let slots = (0..<Int32(table.count)).filter { table.until[Int($0)] > next }
            kept.append(slots.count == table.count ? nil : slots)
        }
        guard kept.contains(where: { $0 != nil }) else { return }
        try cache.retain(sequence, kept)
        for (index, slots) in kept.enumerated() {
            guard let slots else { continue }
            let (layer, head) = index.quotientAndRemainder(dividingBy: shape.keyValueHeadCount)
            state.learned[index].compact(
                keeping: slots,
                positions: cache.heldPositions(sequence, layer: layer, head: head),
                newest: Int(next) - 1)
        }
    }

    /// By slot until when it is seen, if anything is hidden from the rows of a slice.
    func withRules<Result>(
        _ slice: AttentionSlice, table index: Int, cache: KVCache,
        _ body: (UnsafePointer<Int32>?) -> Result
    ) -> Result {
        guard let state = cache.memory(of: slice.sequence), rule.decisions != .never,
            !state.isPromptComplete || slice.count > 1 || window == 0
        else { return body(nil) }
        return state.learned[index].until.withUnsafeBufferPointer { body($0.baseAddress) }
    }
}
