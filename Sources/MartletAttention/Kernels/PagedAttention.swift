// Attention of a ragged batch over the paged cache: the only place that hands pages to kernels.

import CMartletKernels
import Foundation
package import MartletKernels

/// Appends keys and values to pages and attends to them, for all layers of a model.
///
/// Not `Sendable`: it owns the scratch of one engine's steps.
package final class PagedAttention {
    package let headCount: Int
    package let shape: KVShape
    package let kernels: KernelSet
    package let pool: WorkerPool
    let group: Int
    let width: Int
    let scale: Float

    private let frequencies: [Double]
    private var plans: [Visibility: AttentionPlan] = [:]
    private var appends: [AppendUnit] = []
    private(set) var slices: [AttentionSlice] = []
    private let workers: [WorkerScratch]
    var states: AlignedBuffer<Float>
    var sinkRotation: SinkRotation?
    /// The plan and the appends of one layer, where every head has its own length.
    private var ragged = AttentionPlan()
    private var raggedAppends: [AppendUnit] = []
    private var isRagged = false
    let compression: PromptCompression?
    /// What stores full pages in few bits, if the policy does.
    let sealer: PageSealer?
    /// What generated tokens read, if the policy chooses.
    let selection: DecodeSelection?
    /// Eviction that the model decides, if the policy asks for it.
    package let learned: LearnedCompression?

    /// - Parameters:
    ///   - headCount: query heads, a multiple of the KV heads.
    ///   - scale: what scores are multiplied by, usually 1 / sqrt(head dimension).
    ///   - policy: the cache's policy.
    ///   - evictionHead: the heads with which the model marks tokens, if it has any.
    ///   - frequencies: radians a position for each rotated pair of dimensions; empty for models
    ///     with learned positions, whose sinks then keep the scores they have.
    package init(
        headCount: Int, shape: KVShape, scale: Float, policy: CachePolicy,
        evictionHead: EvictionHeadShape? = nil, frequencies: [Double], kernels: KernelSet,
        pool: WorkerPool
    ) throws(KernelError) {
        precondition(
            headCount % shape.keyValueHeadCount == 0,
            "PagedAttention: \(headCount) heads are not a multiple of \(shape.keyValueHeadCount)")
        self.headCount = headCount
        self.shape = shape.under(policy)
        self.kernels = kernels
        self.pool = pool
        self.scale = scale
        self.frequencies = frequencies
        group = headCount / shape.keyValueHeadCount
        width = (shape.headDimension + 15) & ~15
        var workers: [WorkerScratch] = []
        for _ in 0..<pool.threadCount {
            workers.append(
                try WorkerScratch(
                    rows: max(AttentionPlan.unitRows, group), width: width,
                    dimension: shape.headDimension))
        }
        self.workers = workers
        if let chosen = policy.compression {
            compression = try PromptCompression(
                chosen, shape: shape, headCount: headCount, scale: scale, frequencies: frequencies,
                kernels: kernels, pool: pool)
        } else {
            compression = nil
        }
        if let selector = policy.selector {
            selection = try DecodeSelection(
                selector, shape: self.shape, headCount: headCount, scale: scale, kernels: kernels,
                pool: pool)
        } else {
            selection = nil
        }
        if let plan = policy.seal {
            sealer = try PageSealer(
                plan, shape: self.shape, headCount: headCount, scale: scale, kernels: kernels,
                pool: pool)
        } else {
            sealer = nil
        }
        learned = policy.learned.map {
            LearnedCompression($0, head: evictionHead, shape: shape)
        }
        states = try AlignedBuffer(count: 16)
    }

    /// Prepares the plans of a step. Call once before the layers run.
    /// `tokens` are the rows' ids, for policies that ask where sentences end.
    package func begin(
        _ slices: [AttentionSlice], tokens: UnsafePointer<Int32>? = nil, cache: KVCache
    ) throws(KernelError) {
        self.slices = slices
        selection?.begin(slices, tokens: tokens, cache: cache)
        isRagged =
            selection?.isActive == true
            || slices.contains { cache.memory(of: $0.sequence)?.hasEvicted == true }
        var rows = 0
        if isRagged {
            for layer in 0..<shape.layerCount {
                planRagged(layer: layer, cache: cache)
                rows = max(rows, ragged.stateRows)
            }
        } else {
            for visibility in Set(cache.visibilities) {
                var plan = plans.removeValue(forKey: visibility) ?? AttentionPlan()
                plan.build(
                    slices: slices, heads: shape.keyValueHeadCount, group: group,
                    visibility: visibility, threads: pool.threadCount)
                rows = max(rows, plan.stateRows)
                plans[visibility] = plan
            }
        }
        let needed = rows * (width + 2)
        if states.count < needed {
            states = try AlignedBuffer(count: needed * 2, purpose: "attention over long sequences")
        }
        sinkRotation = SinkRotation(
            policy: cache.policy, slices: slices, frequencies: frequencies)
        compression?.begin(slices, tokens: tokens, cache: cache)
        compression?.steps?.begin(slices, cache: cache)
        learned?.begin(slices, cache: cache)
        sealer?.begin(slices)
        coverBiases(cache)
        guard !isRagged else { return }
        appends.removeAll(keepingCapacity: true)
        for (index, slice) in slices.enumerated() {
            for head in 0..<shape.keyValueHeadCount {
                Self.divide(slice, index, head: head, firstSlot: slice.position, into: &appends)
            }
        }
    }

    /// Makes sure that what is added to scores covers the tiles of the step.
    private func coverBiases(_ cache: KVCache) {
        for slice in slices {
            guard let memory = cache.memory(of: slice.sequence), !memory.biases.isEmpty else {
                continue
            }
            for index in 0..<shape.tableCount {
                let (layer, head) = index.quotientAndRemainder(dividingBy: shape.keyValueHeadCount)
                let length = cache.table(slice.sequence, layer: layer, head: head).length
                memory.extendBias(table: index, to: length + slice.count)
            }
        }
    }

    /// Divides a slice's rows at page boundaries, so that no two threads write to one page.
    private static func divide(
        _ slice: AttentionSlice, _ index: Int, head: Int, firstSlot: Int,
        into units: inout [AppendUnit]
    ) {
        var from = 0
        while from < slice.count {
            let end = (firstSlot + from + 64) / KVPage.tokens * KVPage.tokens
            let to = min(slice.count, end - firstSlot)
            units.append(
                AppendUnit(slice: index, head: head, from: from, to: to, firstSlot: firstSlot))
            from = to
        }
    }

    private func planRagged(layer: Int, cache: KVCache) {
        ragged.build(
            slices: slices, heads: shape.keyValueHeadCount, group: group,
            visibility: cache.visibility(layer: layer), threads: pool.threadCount
        ) { [slices, selection] index, head in
            if let choice = selection?.choice(slice: index, head: head) { return choice.slots - 1 }
            return cache.table(slices[index].sequence, layer: layer, head: head).length
        }
    }

    private struct AppendUnit {
        var slice: Int
        var head: Int
        var from: Int
        var to: Int
        /// Slot of the slice's first row.
        var firstSlot: Int
    }

    /// Writes the keys and values of the step's rows into their pages.
    ///
    /// `prepare(row, head)` runs first for each row and KV head, on the thread that then appends:
    /// it rotates the head's key and the queries of its group. `keys` and `values` have `stride`
    /// floats between rows, KV heads one after another.
    package func append(
        layer: Int, cache: KVCache, keys: UnsafePointer<Float>, values: UnsafePointer<Float>,
        stride: Int, prepare: (_ row: Int, _ head: Int) -> Void
    ) {
        let (dimension, append) = (shape.headDimension, kernels.table.pointee.append)
        let codec = shape.codec.code
        learned?.decideByChance(layer: layer, cache: cache)
        if isRagged {
            raggedAppends.removeAll(keepingCapacity: true)
            for (index, slice) in slices.enumerated() {
                for head in 0..<shape.keyValueHeadCount {
                    let table = cache.table(slice.sequence, layer: layer, head: head)
                    Self.divide(
                        slice, index, head: head, firstSlot: table.length, into: &raggedAppends)
                }
            }
        }
        let appends = isRagged ? raggedAppends : appends
        func run(_ unit: AppendUnit) {
            let slice = slices[unit.slice]
            let table = cache.table(slice.sequence, layer: layer, head: unit.head)
            for offset in unit.from..<unit.to {
                let row = slice.firstRow + offset
                prepare(row, unit.head)
                let slot = unit.firstSlot + offset
                let page = cache.pagePointer(table[slot / KVPage.tokens])
                let at = row * stride + unit.head * dimension
                append(
                    codec, page.assumingMemoryBound(to: UInt8.self), Int32(dimension),
                    Int32(slot % KVPage.tokens), keys + at, values + at)
            }
            guard shape.boundsBytes > 0 else { return }
            let slots = unit.firstSlot + unit.to
            for page in (unit.firstSlot + unit.from) / KVPage.tokens..<KVPage.count(forSlots: slots)
            {
                cache.describePage(of: table, page, slots: slots)
            }
        }
        // A few rows take less time than waking a thread.
        if appends.count <= 4 {
            for unit in appends { run(unit) }
        } else {
            pool.run(appends.count) { index, _ in run(appends[index]) }
        }
    }

    /// Multiplications below which a thread is not worth waking: a few microseconds.
    private static let serialWork = 200_000
    /// What a unit takes whatever its length (its table, a softmax of a whole tile), in multiplications. Many short heads,
    /// as learned eviction leaves them, are work too.
    private static let unitWork = 30_000

    /// Ends a step, after its tokens were committed: heads that hold more than they may give tokens up.
    /// Throws `outOfPages` when a page that others share would have to be copied and none is free.
    package func finishStep(cache: KVCache) throws(CacheError) {
        compression?.steps?.finish(cache: cache)
        try compression?.finishStep(cache: cache)
        try learned?.finish(cache: cache)
        selection?.finish(cache: cache)
        try sealer?.finish(cache: cache)
    }

    /// Ends the prompt of a sequence: its compressor, if there is one, chooses which tokens stay.
    package func completePrompt(
        _ sequence: SequenceID, cache: KVCache
    ) throws(CacheError) {
        try compression?.complete(sequence, cache: cache)
        try learned?.complete(sequence, cache: cache)
        cache.memory(of: sequence)?.isPromptComplete = true
        try sealer?.complete(sequence, cache: cache)
    }

    /// The tokens of a complete prompt and the chunks in which its compressor wants them repeated; nil
    /// where it does not.
    package func rereading(
        of sequence: SequenceID, cache: KVCache
    ) -> (tokens: [Int32], chunk: Int)? {
        compression?.rereading(of: sequence, cache: cache)
    }

    /// Runs a step in which a fork repeats the positions `range` of a prompt, and notes what its rows
    /// attend to.
    package func repeating(
        _ range: Range<Int>, of sequence: SequenceID, _ body: () throws -> Void
    ) rethrows {
        compression?.repeated = RepeatedChunk(sequence: sequence, range: range)
        defer { compression?.repeated = nil }
        try body()
    }

    /// Takes the model's marks of one layer's rows, before ``append``.
    package func decide(layer: Int, cache: KVCache, isMarked: (_ row: Int, _ head: Int) -> Bool) {
        learned?.decide(layer: layer, cache: cache, isMarked: isMarked)
    }

    /// Attention of one layer: `out[row][head * dimension ...]` from `q[row][...]`, both with
    /// `stride` floats between rows of their own.
    package func attend(
        layer: Int, cache: KVCache, q: UnsafePointer<Float>, queryStride: Int,
        out: UnsafeMutablePointer<Float>, outStride: Int
    ) {
        let visibility = cache.visibility(layer: layer)
        sealer?.record(layer: layer, cache: cache, q: q, stride: queryStride)
        selection?.choose(layer: layer, cache: cache, q: q, stride: queryStride)
        if isRagged { planRagged(layer: layer, cache: cache) }
        guard let plan = isRagged ? ragged : plans[visibility] else { return }
        compression?.record(layer: layer, cache: cache, q: q, stride: queryStride)
        compression?.steps?.observe(layer: layer, cache: cache, q: q, stride: queryStride)
        let job = LayerJob(
            layer: layer, visibility: visibility, q: q, queryStride: queryStride, out: out,
            outStride: outStride)
        if plan.pairs * width + plan.units.count * Self.unitWork < Self.serialWork {
            for unit in plan.units { run(unit, job, cache, workers[0]) }
        } else {
            pool.run(plan.units.count) { index, worker in
                run(plan.units[index], job, cache, workers[worker])
            }
        }
        for fold in plan.folds { self.fold(fold.unit, segments: fold.segments, job) }
    }
}
