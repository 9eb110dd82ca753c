// Sealing by token: salient ones in more bits than the others (ZipCache, 2405.14256).

import CMartletKernels
import MartletAttention
import MartletCache
import MartletKernels

extension SealingStage {
    /// Sorts the open tokens of every table into salient ones and others, and seals whole units of each;
    /// what is left over stays open behind them.
    func sealByToken(
        _ sequence: SequenceID, _ memory: SealingMemory, _ cache: KVCache, share: Double
    ) throws(CacheError) {
        if memory.sealed.isEmpty {
            memory.sealed = Array(repeating: .init(), count: shape.tableCount)
        }
        var saliency = [[Float]](repeating: [], count: shape.tableCount)
        saliency.withUnsafeMutableBufferPointer { saliency in
            pool.run(shape.tableCount) { table, worker in
                saliency[table] = self.saliency(
                    sequence, memory, cache, table: table, probe: probes[worker])
            }
        }
        let remembered = memory.probes?.byteCount ?? 0
        cache.move(probes.takeTouches() + remembered, for: sequence)
        for table in 0..<shape.tableCount {
            try sealByToken(sequence, memory, cache, table: table, saliency[table], share: share)
        }
        // What has been judged needs no more queries.
        memory.probes = ProbeQueries(layerCount: shape.layerCount)
    }

    /// Tokens that share the scales of key channels and the factors of value channels.
    private var unitTokens: Int { Int(mk_sealed_pages(plan.kinds[0])) * KVPage.tokens }

    private func sealByToken(
        _ sequence: SequenceID, _ memory: SealingMemory, _ cache: KVCache, table: Int,
        _ saliency: [Float], share: Double
    ) throws(CacheError) {
        let (layer, head) = table.quotientAndRemainder(dividingBy: shape.keyValueHeadCount)
        let view = cache.table(sequence, layer: layer, head: head)
        let first = memory.sealed[table].pages
        let open = view.length - first * KVPage.tokens
        let ready = max(0, open - plan.residual)
        guard ready >= unitTokens else { return }
        var keys: [Float] = []
        var values: [Float] = []
        var positions: [Int32] = []
        cache.move(
            (KVPage.count(forSlots: view.length) - first) * shape.pageBytes, for: sequence)
        for entry in first..<KVPage.count(forSlots: view.length) {
            let count = min(KVPage.tokens, view.length - entry * KVPage.tokens)
            let part = read(cache, page: view[entry], slots: 0..<count)
            keys += part.keys
            values += part.values
            let stored = cache.positions(ofPage: view[entry])
            positions += (0..<count).map { stored[$0] }
        }
        let salient = Set(
            Ranking.largest(
                Int((Double(ready) * share).rounded()), of: Array(saliency[..<ready])))
        let groups = [
            (0..<Int32(ready)).filter { salient.contains($0) },
            (0..<Int32(ready)).filter { !salient.contains($0) },
        ]
        var sealedOrder: [(slots: ArraySlice<Int32>, kind: Int)] = []
        var rest: [Int32] = []
        for (kind, slots) in groups.enumerated() {
            let whole = slots.count / unitTokens * unitTokens
            for start in stride(from: 0, to: whole, by: unitTokens) {
                let unit = slots[start..<start + unitTokens]
                let places = unit.map { positions[Int($0)] }
                // Positions are stored by their distance, which tokens that methods left far apart may exceed.
                if Int(places.max() ?? 0) - Int(places.min() ?? 0) > PagePositions.reach {
                    rest += unit
                } else {
                    sealedOrder.append((unit, kind))
                }
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
        cache.reorderWeights(
            sequence, table: table, from: first * KVPage.tokens,
            as: sealedOrder.flatMap(\.slots) + rest)
        for (slots, kind) in sealedOrder {
            // `reopen` made sure of the room: sealed pages take less than the open ones did.
            guard let page = cache.allocateSealed(kind) else {
                preconditionFailure("SealingStage: more bytes than planned")
            }
            write(cache, pick(keys, slots), pick(values, slots), plan.kinds[kind], to: page)
            cache.appendSealed(
                sequence, table: table, firstPage: page, positions: slots.map { positions[Int($0)] }
            )
            let pages = slots.count / KVPage.tokens
            memory.sealed[table].pages += pages
            memory.sealed[table].bytes += pages * cache.sealedBytes(of: page)
        }
        cache.appendOpen(
            sequence, table: table, keys: pick(keys, rest), values: pick(values, rest),
            positions: rest.map { positions[Int($0)] }, kernels: kernels)
    }

    /// What the probes gave each open token of a table, divided by the probes that could see it.
    private func saliency(
        _ sequence: SequenceID, _ memory: SealingMemory, _ cache: KVCache, table: Int,
        probe: AttentionProbe
    ) -> [Float] {
        let (layer, head) = table.quotientAndRemainder(dividingBy: shape.keyValueHeadCount)
        let view = cache.table(sequence, layer: layer, head: head)
        let first = memory.sealed[table].pages
        let open = view.length - first * KVPage.tokens
        var sums = [Float](repeating: 0, count: open)
        guard let queries = memory.probes, open > 0 else { return sums }
        // The open pages alone: what is sealed is judged already.
        let part = PageTableView(
            pages: UnsafeBufferPointer(rebasing: view.recentPages[first...]), length: open)
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
                            stride: width, firstEnd: visible, head: (layer, head), table: part,
                            cache: cache, to: target)
                    } catch { preconditionFailure("SealingStage: \(error)") }
                }
                for slot in 0..<visible { seen[slot] += 1 }
            }
        }
        for slot in sums.indices where seen[slot] > 0 { sums[slot] /= seen[slot] }
        return sums
    }

    /// Keeps the queries of a sample of the tokens: a tenth of them, at most ``largestSample``.
    func sample(_ queries: QueryRows, layer: Int, cache: KVCache) {
        let (q, stride) = (queries.base, queries.stride)
        let width = headCount * shape.headDimension
        for slice in slices {
            let memory = memory(of: slice.sequence, cache)
            var probes = memory.probes ?? ProbeQueries(layerCount: shape.layerCount)
            memory.probes = nil
            for offset in 0..<slice.count {
                let position = slice.position + offset
                guard Self.rank(position) < .max / 10 else { continue }
                if layer == 0 { probes.positions.append(position) }
                probes.rows[layer] += UnsafeBufferPointer(
                    start: q + (slice.firstRow + offset) * stride, count: width)
            }
            if layer == shape.layerCount - 1 {
                probes.keep(Self.largestSample, width: width) { Self.rank($0) }
            }
            memory.probes = probes
        }
    }

    /// The most sampled queries of one sequence. They are held in memory beside the cache.
    private static let largestSample = 256

    /// The lowest ranks are sampled: a fixed shuffle, so that what is recorded does not depend on chunks.
    /// (The paper takes the last twentieth and a random one; where a prompt ends is not known while it
    /// is computed in chunks.)
    static func rank(_ position: Int) -> UInt64 {
        var random = CounterRandom(seed: 0x5EA1, stream: UInt64(position))
        return random.next()
    }
}
