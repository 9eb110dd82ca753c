// Seals pages: at the end of the prompt, and as generated tokens leave the newest ones.

import CMartletKernels
import MartletAttention
import MartletCache
import MartletKernels

/// One cache's sealing at work.
final class SealingStage: CacheStage {
    let plan: SealPlan
    let shape: KVShape
    let headCount: Int
    let kernels: KernelSet
    let pool: WorkerPool
    let probes: [AttentionProbe]
    private(set) var slices: [AttentionSlice] = []
    /// What becomes sealed inside the step, where positions say so.
    var passing: [Passing] = []
    let passed: PassedPages
    /// Kind of sealed page by table, where gates say it.
    let gateKinds: [Int]

    /// Its place in the plan, under which the cache holds its memories.
    private let index: Int

    init(_ plan: SealPlan, _ context: StageContext, index: Int) throws(KernelError) {
        self.plan = plan
        self.index = index
        shape = context.shape
        headCount = context.headCount
        kernels = context.kernels
        pool = context.pool
        probes = try context.makeProbes()
        passed = PassedPages(kinds: plan.kinds, dimension: shape.headDimension)
        if case .heads(_, _, let share, let gates?) = plan.method {
            gateKinds = Self.kinds(gates.values.flatMap { $0.map { Float($0) } }, share: share)
        } else {
            gateKinds = []
        }
    }

    func memory(of id: SequenceID, _ cache: KVCache) -> SealingMemory {
        guard let memory = cache.memory(of: id, stage: index) as? SealingMemory else {
            preconditionFailure("SealingStage: the cache runs another plan")
        }
        return memory
    }

    /// Names the slices of the step.
    func begin(_ slices: [AttentionSlice], tokens: UnsafePointer<Int32>?, cache: KVCache) {
        self.slices = slices
        _ = probes.takeTouches()
        if plan.isByPosition { findPassing() }
    }

    var changesReads: Bool { !passing.isEmpty }
    var dividesAtPages: Bool { !passing.isEmpty }

    /// Seals what passes, and keeps the queries that salient tokens are known by.
    func willAttend(_ queries: QueryRows, layer: Int, cache: KVCache) {
        if !passing.isEmpty { sealPassing(layer: layer, cache: cache) }
        if case .salient = plan.method { sample(queries, layer: layer, cache: cache) }
    }

    func withReads(
        of unit: StageUnit, _ reads: UnitReads, cache: KVCache, _ body: (UnitReads) -> Void
    ) {
        guard let part = passing.first(where: { $0.slice == unit.slice }) else {
            return body(reads)
        }
        withPassing(of: unit, part, reads, cache: cache, body)
    }

    /// What is sealed takes fewer bytes to read.
    func count(_ reads: inout StepReads, slice: Int, cache: KVCache) {
        if plan.isByPosition { return countByPosition(&reads, slice: slice, cache: cache) }
        if plan.isOnDemand {
            reads.attentionBytes -= cache.demotedSavings(of: slices[slice].sequence)
            return
        }
        for part in memory(of: slices[slice].sequence, cache).sealed {
            reads.attentionBytes -= part.pages * shape.pageBytes - part.bytes
        }
    }

    /// Seals what is due after a commit.
    func finishStep(cache: KVCache) throws(CacheError) {
        for slice in slices {
            let memory = memory(of: slice.sequence, cache)
            let count = cache.count(slice.sequence)
            if plan.isByPosition {
                try sealByPosition(slice.sequence, cache)
            } else if let promptCount = cache.promptCount(slice.sequence) {
                try seal(slice.sequence, memory, cache, generated: count - promptCount)
            } else if let piece = plan.promptPiece, count % piece == 0 {
                try seal(slice.sequence, memory, cache, generated: 0)
            }
        }
    }

    /// Seals what is due at the end of a prompt, or of what was filled in its place.
    func completePrompt(_ sequence: SequenceID, cache: KVCache) throws(CacheError) {
        guard !plan.isByPosition else { return try sealByPosition(sequence, cache) }
        try seal(sequence, memory(of: sequence, cache), cache, generated: 0)
    }

    private func sealByPosition(
        _ sequence: SequenceID, _ cache: KVCache
    ) throws(CacheError) {
        let end = plan.sealedPages(before: cache.count(sequence))
        let memory = memory(of: sequence, cache)
        guard memory.sealed.first.map({ $0.pages < end }) ?? (end > 0) else { return }
        try sealFullPages(sequence, memory, cache, end: { _ in end }) { table in
            gateKinds.isEmpty ? 0 : gateKinds[table]
        }
    }

    private func seal(
        _ sequence: SequenceID, _ memory: SealingMemory, _ cache: KVCache, generated: Int
    ) throws(CacheError) {
        switch plan.method {
        case .onDemand: return
        case .uniform: try sealFullPages(sequence, memory, cache, end: outsideResidual) { _ in 0 }
        case .heads(_, _, let share, let gates):
            if memory.kinds.isEmpty {
                memory.kinds =
                    gates == nil ? kindsByKeys(sequence, cache, share: share) : gateKinds
            }
            let kinds = memory.kinds
            try sealFullPages(sequence, memory, cache, end: outsideResidual) { kinds[$0] }
        case .salient(let share, let every):
            guard generated % every == 0 else { return }
            try sealByToken(sequence, memory, cache, share: share)
        }
    }

    // MARK: Whole pages

    /// Full pages of a table of `length` slots without newest tokens.
    private func outsideResidual(_ length: Int) -> Int {
        max(0, length - plan.residual) / KVPage.tokens
    }

    /// Seals in place the pages of every table up to `end`, which is asked with the table's length.
    private func sealFullPages(
        _ sequence: SequenceID, _ memory: SealingMemory, _ cache: KVCache, end: (Int) -> Int,
        kind: (Int) -> Int
    ) throws(CacheError) {
        var work: [SealingWork] = []
        for table in 0..<shape.tableCount {
            let (layer, head) = table.quotientAndRemainder(dividingBy: shape.keyValueHeadCount)
            let view = cache.table(sequence, layer: layer, head: head)
            let first = memory.sealed.isEmpty ? 0 : memory.sealed[table].pages
            let end = end(view.length)
            for entry in first..<max(first, end) {
                // What a window of the model has left is not sealed, but counts as done.
                if view[entry] == KVPage.hole { continue }
                work.append((table, entry, kind(table)))
            }
        }
        guard !work.isEmpty else { return }
        if memory.sealed.isEmpty {
            memory.sealed = Array(repeating: .init(), count: shape.tableCount)
        }
        try exchange(work, of: sequence, memory, cache) { table, entry, bytes in
            memory.sealed[table].pages = entry + 1
            memory.sealed[table].bytes += bytes
        }
    }

    /// A page to be sealed in place.
    typealias SealingWork = (table: Int, entry: Int, kind: Int)

    /// Seals pages in place, and says of each what it takes.
    func exchange(
        _ work: [SealingWork], of sequence: SequenceID, _ memory: SealingMemory, _ cache: KVCache,
        done: (_ table: Int, _ entry: Int, _ bytes: Int) -> Void
    ) throws(CacheError) {
        memory.lastCount = cache.count(sequence)
        // Encoded in parallel, some pages at a time, and then exchanged one by one.
        for start in stride(from: 0, to: work.count, by: Self.batch) {
            let part = Array(work[start..<min(start + Self.batch, work.count)])
            var encoded = [[UInt8]](repeating: [], count: part.count)
            encoded.withUnsafeMutableBufferPointer { encoded in
                pool.run(part.count) { index, _ in
                    let (table, entry, kind) = part[index]
                    let (layer, head) = table.quotientAndRemainder(
                        dividingBy: shape.keyValueHeadCount)
                    let id = cache.table(sequence, layer: layer, head: head)[entry]
                    encoded[index] = encode(cache, page: id, plan.kinds[kind])
                }
            }
            for (index, (table, entry, kind)) in part.enumerated() {
                let bytes = try cache.seal(
                    sequence, table: table, entry: entry, kind: kind, content: encoded[index])
                done(table, entry, bytes)
            }
        }
    }

    /// Pages that are encoded before any of them is exchanged.
    private static let batch = 512

    private func encode(_ cache: KVCache, page: Int32, _ kind: mk_seal) -> [UInt8] {
        let dimension = Int32(shape.headDimension)
        let (keys, values) = read(cache, page: page, slots: 0..<KVPage.tokens)
        var content = [UInt8](repeating: 0, count: mk_sealed_bytes(kind, dimension))
        mk_seal_pages(kind, keys, values, dimension, &content)
        return content
    }

    /// Kind by table: 0 for the share of heads whose keys vary most within a page and so lose most.
    private func kindsByKeys(_ sequence: SequenceID, _ cache: KVCache, share: Double) -> [Int] {
        var scores = [Float](repeating: 0, count: shape.tableCount)
        let (heads, dimension) = (shape.keyValueHeadCount, shape.headDimension)
        scores.withUnsafeMutableBufferPointer { scores in
            pool.run(shape.tableCount) { table, _ in
                let (layer, head) = table.quotientAndRemainder(dividingBy: heads)
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
        return Self.kinds(scores, share: share)
    }

    /// Kind by table: 0 for the share of them with the highest scores.
    private static func kinds(_ scores: [Float], share: Double) -> [Int] {
        let count = Int((Double(scores.count) * share).rounded())
        var kinds = [Int](repeating: 1, count: scores.count)
        for table in Ranking.largest(count, of: scores) { kinds[Int(table)] = 0 }
        return kinds
    }

    // MARK: Bytes

    /// Decoded keys and values of some slots of an open page.
    func read(
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

    /// Seals the tokens of a unit.
    func write(
        _ cache: KVCache, _ keys: [Float], _ values: [Float], _ kind: mk_seal, to page: Int32
    ) {
        mk_seal_pages(
            kind, keys, values, Int32(shape.headDimension),
            cache.pagePointer(page).assumingMemoryBound(to: UInt8.self))
    }
}
