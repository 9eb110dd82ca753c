// Seals pages: at the end of the prompt, and as generated tokens leave the newest ones.

import CMartletKernels
import MartletKernels

/// One cache's sealing at work. The engine's thread owns it.
final class PageSealer {
    private let plan: SealPlan
    private let shape: KVShape
    private let headCount: Int
    private let kernels: KernelSet
    private let pool: WorkerPool
    private let probes: [AttentionProbe]
    private var slices: [AttentionSlice] = []

    init(
        _ plan: SealPlan, shape: KVShape, headCount: Int, scale: Float, kernels: KernelSet,
        pool: WorkerPool
    ) throws(KernelError) {
        self.plan = plan
        self.shape = shape
        self.headCount = headCount
        self.kernels = kernels
        self.pool = pool
        var probes: [AttentionProbe] = []
        for _ in 0..<pool.threadCount {
            probes.append(
                try AttentionProbe(
                    shape: shape, group: headCount / shape.keyValueHeadCount, scale: scale,
                    kernels: kernels))
        }
        self.probes = probes
    }

    /// Names the slices of the step.
    func begin(_ slices: [AttentionSlice]) { self.slices = slices }

    /// Seals what is due after the commit of a generated token.
    func finish(cache: KVCache) throws(CacheError) {
        for slice in slices {
            guard let state = cache.memory(of: slice.sequence), state.isPromptComplete else {
                continue
            }
            try seal(slice.sequence, state, cache, isPrompt: false)
        }
    }

    /// Seals what is due at the end of a prompt.
    func complete(_ sequence: SequenceID, cache: KVCache) throws(CacheError) {
        guard let state = cache.memory(of: sequence), state.sealed.isEmpty else { return }
        state.promptCount = cache.count(sequence)
        try seal(sequence, state, cache, isPrompt: true)
    }

    private func seal(
        _ sequence: SequenceID, _ state: PolicyMemory, _ cache: KVCache, isPrompt: Bool
    ) throws(CacheError) {
        switch plan.method {
        case .uniform: sealFullPages(sequence, state, cache) { _ in 0 }
        case .heads(_, _, let share, let gates):
            if state.sealKinds.isEmpty {
                state.sealKinds = headKinds(sequence, cache, share: share, gates: gates)
            }
            let kinds = state.sealKinds
            sealFullPages(sequence, state, cache) { kinds[$0] }
        case .salient(let share, let every):
            guard isPrompt || (cache.count(sequence) - state.promptCount) % every == 0 else {
                return
            }
            try sealByToken(sequence, state, cache, share: share)
        }
    }

    // MARK: Whole pages

    /// Seals in place every full page without newest tokens.
    private func sealFullPages(
        _ sequence: SequenceID, _ state: PolicyMemory, _ cache: KVCache, kind: (Int) -> Int
    ) {
        var work: [(table: Int, entry: Int, page: Int32, kind: Int)] = []
        for table in 0..<shape.tableCount {
            let (layer, head) = table.quotientAndRemainder(dividingBy: shape.keyValueHeadCount)
            let length = cache.table(sequence, layer: layer, head: head).length
            let end = max(0, length - plan.residual) / KVPage.tokens
            let first = state.sealed.isEmpty ? 0 : state.sealed[table].pages
            for entry in first..<max(first, end) {
                // When the budget holds no more for a moment, the page is sealed later.
                guard let page = cache.pool.allocateSealed(kind(table)) else { break }
                work.append((table, entry, page, kind(table)))
            }
        }
        guard !work.isEmpty else { return }
        if state.sealed.isEmpty {
            state.sealed = Array(repeating: .init(), count: shape.tableCount)
        }
        let kinds = plan.kinds
        pool.run(work.count) { index, _ in
            let (table, entry, page, kind) = work[index]
            let (layer, head) = table.quotientAndRemainder(dividingBy: shape.keyValueHeadCount)
            let id = cache.table(sequence, layer: layer, head: head)[entry]
            let (keys, values) = read(cache, page: id, slots: 0..<KVPage.tokens)
            write(cache, keys, values, kinds[kind], to: page)
        }
        for (table, entry, page, _) in work {
            cache.seal(sequence, table: table, entry: entry, page: page)
            state.sealed[table].pages += 1
            state.sealed[table].bytes += cache.sealedBytes(of: page)
        }
    }

    /// Kind by table: 0 for the share of heads with the highest gates, or, without gates, those whose
    /// keys vary most within a page and so lose most.
    private func headKinds(
        _ sequence: SequenceID, _ cache: KVCache, share: Double, gates: HeadGates?
    ) -> [Int] {
        var scores = [Float](repeating: 0, count: shape.tableCount)
        let (heads, dimension) = (shape.keyValueHeadCount, shape.headDimension)
        scores.withUnsafeMutableBufferPointer { scores in
            pool.run(shape.tableCount) { table, _ in
                let (layer, head) = table.quotientAndRemainder(dividingBy: heads)
                if let gates {
                    scores[table] = Float(gates.values[layer][head])
                    return
                }
                let view = cache.table(sequence, layer: layer, head: head)
                for entry in 0..<view.length / KVPage.tokens {
                    let keys = read(cache, page: view[entry], slots: 0..<KVPage.tokens).keys
                    for d in 0..<dimension {
                        var (low, high) = (keys[d], keys[d])
                        for slot in 1..<KVPage.tokens {
                            low = min(low, keys[slot * dimension + d])
                            high = max(high, keys[slot * dimension + d])
                        }
                        scores[table] += (high - low) * (high - low)
                    }
                }
            }
        }
        let count = Int((Double(shape.tableCount) * share).rounded())
        var kinds = [Int](repeating: 1, count: shape.tableCount)
        for table in Selection.largest(count, of: scores) { kinds[Int(table)] = 0 }
        return kinds
    }

    // MARK: By token

    /// Sorts the open tokens of every table into salient ones and others, and seals whole pages of each;
    /// what is left over stays open behind them.
    private func sealByToken(
        _ sequence: SequenceID, _ state: PolicyMemory, _ cache: KVCache, share: Double
    ) throws(CacheError) {
        if state.sealed.isEmpty {
            state.sealed = Array(repeating: .init(), count: shape.tableCount)
        }
        var saliency = [[Float]](repeating: [], count: shape.tableCount)
        saliency.withUnsafeMutableBufferPointer { saliency in
            pool.run(shape.tableCount) { table, worker in
                saliency[table] = self.saliency(
                    sequence, state, cache, table: table, probe: probes[worker])
            }
        }
        for table in 0..<shape.tableCount {
            try sealByToken(sequence, state, cache, table: table, saliency[table], share: share)
        }
        state.hasEvicted = true
        // What has been judged needs no more queries.
        state.probes = ProbeQueries(layerCount: shape.layerCount)
    }

    private func sealByToken(
        _ sequence: SequenceID, _ state: PolicyMemory, _ cache: KVCache, table: Int,
        _ saliency: [Float], share: Double
    ) throws(CacheError) {
        let (layer, head) = table.quotientAndRemainder(dividingBy: shape.keyValueHeadCount)
        let view = cache.table(sequence, layer: layer, head: head)
        let first = state.sealed[table].pages
        let open = view.length - first * KVPage.tokens
        let ready = max(0, open - plan.residual)
        guard ready >= KVPage.tokens else { return }
        var keys: [Float] = []
        var values: [Float] = []
        var positions: [Int32] = []
        for entry in first..<KVPage.count(forSlots: view.length) {
            let count = min(KVPage.tokens, view.length - entry * KVPage.tokens)
            let part = read(cache, page: view[entry], slots: 0..<count)
            keys += part.keys
            values += part.values
            positions += UnsafeBufferPointer(
                start: cache.positions(ofPage: view[entry]), count: count)
        }
        let salient = Set(
            Selection.largest(
                Int((Double(ready) * share).rounded()), of: Array(saliency[..<ready])))
        let groups = [
            (0..<Int32(ready)).filter { salient.contains($0) },
            (0..<Int32(ready)).filter { !salient.contains($0) },
        ]
        var sealedOrder: [(slots: ArraySlice<Int32>, kind: Int)] = []
        var rest: [Int32] = []
        for (kind, slots) in groups.enumerated() {
            let whole = slots.count / KVPage.tokens * KVPage.tokens
            for start in stride(from: 0, to: whole, by: KVPage.tokens) {
                sealedOrder.append((slots[start..<start + KVPage.tokens], kind))
            }
            rest += slots[whole...]
        }
        rest = rest.sorted() + (Int32(ready)..<Int32(open)).map(\.self)
        guard !sealedOrder.isEmpty else { return }
        let dimension = shape.headDimension
        func pick(_ x: [Float], _ slots: some Sequence<Int32>) -> [Float] {
            slots.flatMap { x[Int($0) * dimension..<(Int($0) + 1) * dimension] }
        }
        try cache.reopen(sequence, table: table, pages: first)
        for (slots, kind) in sealedOrder {
            guard let page = cache.pool.allocateSealed(kind) else {
                preconditionFailure("PageSealer: sealed pages take less than the open ones did")
            }
            write(cache, pick(keys, slots), pick(values, slots), plan.kinds[kind], to: page)
            cache.appendSealed(
                sequence, table: table, page: page, positions: slots.map { positions[Int($0)] })
            state.sealed[table].pages += 1
            state.sealed[table].bytes += cache.sealedBytes(of: page)
        }
        cache.appendOpen(
            sequence, table: table, keys: pick(keys, rest), values: pick(values, rest),
            positions: rest.map { positions[Int($0)] }, append: kernels.table.pointee.append)
    }

    /// What the probes gave each open token of a table, divided by the probes that could see it.
    private func saliency(
        _ sequence: SequenceID, _ state: PolicyMemory, _ cache: KVCache, table: Int,
        probe: AttentionProbe
    ) -> [Float] {
        let (layer, head) = table.quotientAndRemainder(dividingBy: shape.keyValueHeadCount)
        let view = cache.table(sequence, layer: layer, head: head)
        let first = state.sealed[table].pages
        let open = view.length - first * KVPage.tokens
        var sums = [Float](repeating: 0, count: open)
        guard let queries = state.probes, open > 0 else { return sums }
        // The open pages alone: what is sealed is judged already.
        let part = PageTableView(
            sinkPages: UnsafeBufferPointer(start: nil, count: 0),
            recentPages: UnsafeBufferPointer(rebasing: view.recentPages[first...]), recentBase: 0,
            length: open)
        let positions = (0..<open).map { slot in
            cache.positions(ofPage: part[slot / KVPage.tokens])[slot % KVPage.tokens]
        }
        let (width, group) = (headCount * shape.headDimension, headCount / shape.keyValueHeadCount)
        var seen = [Float](repeating: 0, count: open)
        queries.rows[layer].withUnsafeBufferPointer { rows in
            guard let base = rows.baseAddress else { return }
            for (row, position) in queries.positions.enumerated() {
                // Leftovers stand before what came later, each part in order; a probe sees a prefix of
                // the later part and all leftovers, which are older than any probe since.
                let visible = positions.firstIndex { $0 > position } ?? open
                guard visible > 0 else { continue }
                sums.withUnsafeMutableBufferPointer { sums in
                    guard let target = sums.baseAddress else { return }
                    do {
                        try probe.addWeights(
                            of: base + row * width + head * group * shape.headDimension, count: 1,
                            stride: width, firstEnd: visible, table: part, cache: cache, to: target)
                    } catch { preconditionFailure("PageSealer: \(error)") }
                }
                for slot in 0..<visible { seen[slot] += 1 }
            }
        }
        for slot in sums.indices where seen[slot] > 0 { sums[slot] /= seen[slot] }
        return sums
    }

    /// Keeps the queries of a sample of a twentieth of the tokens, and of the newest of each step.
    func record(layer: Int, cache: KVCache, q: UnsafePointer<Float>, stride: Int) {
        guard case .salient = plan.method else { return }
        let width = headCount * shape.headDimension
        for slice in slices {
            guard let state = cache.memory(of: slice.sequence) else { continue }
            var probes = state.probes ?? ProbeQueries(layerCount: shape.layerCount)
            state.probes = nil
            for offset in 0..<slice.count {
                let position = slice.position + offset
                guard Self.isSampled(position) else { continue }
                if layer == 0 { probes.positions.append(position) }
                probes.rows[layer] += UnsafeBufferPointer(
                    start: q + (slice.firstRow + offset) * stride, count: width)
            }
            state.probes = probes
        }
    }

    /// Whether a position belongs to the sample: a tenth of them, by a fixed shuffle, so that what is
    /// recorded does not depend on chunks. (The paper takes the last twentieth and a random one; where a
    /// prompt ends is not known while it is computed in chunks.)
    static func isSampled(_ position: Int) -> Bool {
        var random = CounterRandom(seed: 0x5EA1, stream: UInt64(position))
        return random.next() % 10 == 0
    }

    // MARK: Bytes

    private func read(
        _ cache: KVCache, page: Int32, slots: Range<Int>
    ) -> (keys: [Float], values: [Float]) {
        let dimension = shape.headDimension
        var keys = [Float](repeating: 0, count: slots.count * dimension)
        var values = keys
        let base = cache.pagePointer(page).assumingMemoryBound(to: UInt8.self)
        keys.withUnsafeMutableBufferPointer { keys in
            values.withUnsafeMutableBufferPointer { values in
                guard let k = keys.baseAddress, let v = values.baseAddress else { return }
                for slot in slots {
                    mk_read_slot(
                        shape.codec.code, base, Int32(dimension), Int32(slot),
                        k + (slot - slots.lowerBound) * dimension,
                        v + (slot - slots.lowerBound) * dimension)
                }
            }
        }
        return (keys, values)
    }

    private func write(
        _ cache: KVCache, _ keys: [Float], _ values: [Float], _ kind: mk_seal, to page: Int32
    ) {
        mk_seal_page(
            kind, keys, values, Int32(shape.headDimension),
            cache.pagePointer(page).assumingMemoryBound(to: UInt8.self))
    }
}
