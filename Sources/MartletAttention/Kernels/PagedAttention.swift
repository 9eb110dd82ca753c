// Attention of a ragged batch over the paged cache, and the loop over the cache's stages.

import CMartletKernels
package import MartletCache
package import MartletKernels

/// Appends keys and values to pages and attends to them, for all layers of a model. It calls the stages of the
/// cache's plan at every point that ``CacheStage`` names, and knows none of them.
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
    let cap: Float
    /// `[layer][query head]` of logits without tokens, where the model has any.
    private let sinkLogits: AlignedBuffer<Float>
    private let hasSinks: Bool
    /// A vector of zeros, which such a logit adds.
    let zeros: AlignedBuffer<Float>

    private var plans: [Visibility: AttentionPlan] = [:]
    private var appends: [AppendUnit] = []
    private(set) var slices: [AttentionSlice] = []
    private let workers: [WorkerScratch]
    var states: AlignedBuffer<Float>
    /// The plan and the appends of one layer, where every head has its own length.
    private var ragged = AttentionPlan()
    private var raggedAppends: [AppendUnit] = []
    private var isRagged = false
    /// What acts on the cache, in the order of its plan.
    let stages: [any CacheStage]
    /// Those of them that change what units of the step read.
    private(set) var readers: [any CacheStage] = []
    /// Whether a slot may stand for several tokens in the step.
    private(set) var hasWeights = false
    /// Whether units of the step end where pages do.
    private var dividesAtPages = false

    /// - Parameters:
    ///   - headCount: query heads, a multiple of the KV heads.
    ///   - cache: a cache of the shape and plan that steps will run against.
    ///   - scale: what scores are multiplied by, usually 1 / sqrt(head dimension).
    ///   - cap: what scaled scores are softly held below (c tanh(s / c)); 0 for none.
    ///   - sinkLogits: by layer, a logit of each query head that takes part in its softmax and has no token behind
    ///     it; empty for none.
    ///   - markWindow: tokens that the model's own marks reach, if it has heads for them.
    ///   - outputs: the model's output projection, for stages that ask for it.
    ///   - frequencies: by layer, radians a position for each rotated pair of dimensions; empty for
    ///     layers without rotation, whose sinks then keep the scores they have.
    package init(
        headCount: Int, cache: KVCache, scale: Float, cap: Float = 0,
        sinkLogits: [[Float]] = [], markWindow: Int? = nil,
        outputs: OutputProjection? = nil, frequencies: [[Double]], kernels: KernelSet,
        pool: WorkerPool
    ) throws(KernelError) {
        shape = cache.shape
        precondition(
            headCount % shape.keyValueHeadCount == 0,
            "PagedAttention: \(headCount) heads are not a multiple of \(shape.keyValueHeadCount)")
        precondition(
            frequencies.count == shape.layerCount,
            "PagedAttention: got frequencies of \(frequencies.count) layers, expected \(shape.layerCount)"
        )
        self.headCount = headCount
        self.kernels = kernels
        self.pool = pool
        self.scale = scale
        self.cap = cap
        group = headCount / shape.keyValueHeadCount
        width = (shape.headDimension + 15) & ~15
        precondition(
            !cache.traits.assumesPlainScores || (cap == 0 && sinkLogits.isEmpty),
            "PagedAttention: \(cache.traits.text) on scores with a cap or with sinks")
        zeros = try AlignedBuffer(count: width)
        hasSinks = !sinkLogits.isEmpty
        precondition(
            !hasSinks
                || sinkLogits.map(\.count) == Array(repeating: headCount, count: shape.layerCount),
            "PagedAttention: expected a sink for each of \(headCount) heads of each layer")
        self.sinkLogits = try AlignedBuffer(count: max(1, sinkLogits.count * headCount))
        for (index, logit) in sinkLogits.joined().enumerated() {
            self.sinkLogits.base[index] = logit
        }
        var workers: [WorkerScratch] = []
        for _ in 0..<pool.threadCount {
            workers.append(
                try WorkerScratch(
                    rows: max(AttentionPlan.unitRows, group), width: width,
                    dimension: shape.headDimension))
        }
        self.workers = workers
        stages = try cache.plan.makeStages(
            StageContext(
                shape: shape, headCount: headCount, scale: scale, cap: cap,
                sinkLogits: sinkLogits, frequencies: frequencies, markWindow: markWindow,
                outputs: outputs, kernels: kernels, pool: pool))
        states = try AlignedBuffer(count: 16)
    }

    /// Prepares the plans of a step. Call once before the layers run.
    /// `tokens` are the rows' ids, for stages that ask for them.
    package func begin(
        _ slices: [AttentionSlice], tokens: UnsafePointer<Int32>? = nil, cache: KVCache
    ) throws(KernelError) {
        self.slices = slices
        for stage in stages { stage.begin(slices, tokens: tokens, cache: cache) }
        readers.removeAll(keepingCapacity: true)
        for stage in stages where stage.changesReads { readers.append(stage) }
        dividesAtPages = stages.contains(where: \.dividesAtPages)
        isRagged =
            stages.contains(where: \.replacesTables)
            || slices.contains { cache.hasEvicted($0.sequence) }
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
                    visibility: visibility, threads: pool.threadCount, atPages: dividesAtPages)
                rows = max(rows, plan.stateRows)
                plans[visibility] = plan
            }
        }
        let needed = rows * (width + 2)
        if states.count < needed {
            states = try AlignedBuffer(count: needed * 2, purpose: "attention over long sequences")
        }
        for slice in slices { cache.coverWeights(slice.sequence, tokens: slice.count) }
        hasWeights = slices.contains { !cache.weights(of: $0.sequence).isEmpty }
        guard !isRagged else { return }
        appends.removeAll(keepingCapacity: true)
        for (index, slice) in slices.enumerated() {
            for head in 0..<shape.keyValueHeadCount {
                Self.divide(slice, index, head: head, firstSlot: slice.position, into: &appends)
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
            visibility: cache.visibility(layer: layer), threads: pool.threadCount,
            atPages: dividesAtPages
        ) { [slices, stages] index, head in
            for stage in stages {
                if let slots = stage.slotCount(slice: index, head: head) { return slots - 1 }
            }
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
    /// it rotates the head's key and the queries of its group.
    package func append(
        layer: Int, cache: KVCache, rows: AppendedRows, prepare: (_ row: Int, _ head: Int) -> Void
    ) {
        let (keys, values, stride) = (rows.keys, rows.values, rows.stride)
        let (dimension, append) = (shape.headDimension, kernels.table.pointee.append)
        let codec = shape.codec.code
        for stage in stages { stage.willAppend(rows, layer: layer, cache: cache) }
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
        let (arena, pageBytes) = (cache.arena, shape.pageBytes)
        func run(_ unit: AppendUnit) {
            let slice = slices[unit.slice]
            let table = cache.table(slice.sequence, layer: layer, head: unit.head)
            for offset in unit.from..<unit.to {
                let row = slice.firstRow + offset
                prepare(row, unit.head)
                let slot = unit.firstSlot + offset
                // What is written to is an open page.
                let page = arena + Int(table[slot / KVPage.tokens]) * pageBytes
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
    /// The fixed cost of a unit (its table, the softmax of a whole tile), in multiplications. Many short heads are work too.
    private static let unitWork = 30_000

    /// What a slice of the step reads; nil where no stage has a say in it.
    package func reads(slice index: Int, isDecode: Bool, cache: KVCache) -> StepReads? {
        guard !stages.isEmpty else { return nil }
        let slice = slices[index]
        var reads = cache.plainReads(slice.sequence, tokens: slice.count, isDecode: isDecode)
        for stage in stages { stage.count(&reads, slice: index, cache: cache) }
        return reads
    }

    /// Ends a step, after its tokens were committed: stages take out what may not stay.
    /// Throws `outOfPages` when a page that others share would have to be copied and none is free.
    package func finishStep(cache: KVCache) throws(CacheError) {
        for stage in stages { try stage.finishStep(cache: cache) }
    }

    /// Ends the prompt of a sequence: stages choose which of its tokens stay, and how.
    package func completePrompt(
        _ sequence: SequenceID, cache: KVCache
    ) throws(CacheError) {
        guard cache.promptCount(sequence) == nil else { return }
        for stage in stages { try stage.completePrompt(sequence, cache: cache) }
        cache.completePrompt(sequence)
    }

    /// Makes room by sealing what can be of a sequence, where ``CacheTraits/demotes``; returns the number of pages.
    package func demote(_ sequence: SequenceID, cache: KVCache) throws(CacheError) -> Int {
        var pages = 0
        for stage in stages { pages += try stage.demote(sequence, cache: cache) }
        return pages
    }

    /// The tokens of a complete prompt and the parts in which a stage wants them repeated; nil where none
    /// does.
    package func rereading(of sequence: SequenceID, cache: KVCache) -> Rereading? {
        for stage in stages {
            if let wish = stage.rereading(of: sequence, cache: cache) { return wish }
        }
        return nil
    }

    /// Runs a step in which a fork repeats the positions `range` of a prompt, which stages take note of.
    package func repeating(
        _ range: Range<Int>, of sequence: SequenceID, _ body: () throws -> Void
    ) rethrows {
        for stage in stages { stage.repeating(RepeatedPart(sequence: sequence, range: range)) }
        defer { for stage in stages { stage.repeating(nil) } }
        try body()
    }

    /// Attention of one layer: `out[row][head * dimension ...]` from `q[row][...]`, both with
    /// `stride` floats between rows of their own. `inputNorms` are for stages that ask for them; see
    /// ``QueryRows``.
    package func attend(
        layer: Int, cache: KVCache, q: UnsafePointer<Float>, queryStride: Int,
        inputNorms: UnsafePointer<Float>? = nil, out: UnsafeMutablePointer<Float>, outStride: Int
    ) {
        let visibility = cache.visibility(layer: layer)
        let queries = QueryRows(base: q, stride: queryStride, inputNorms: inputNorms)
        for stage in stages { stage.willAttend(queries, layer: layer, cache: cache) }
        if isRagged { planRagged(layer: layer, cache: cache) }
        guard let plan = isRagged ? ragged : plans[visibility] else { return }
        let job = LayerJob(
            layer: layer, visibility: visibility, q: q, queryStride: queryStride, out: out,
            outStride: outStride,
            sinks: hasSinks ? UnsafePointer(sinkLogits.base + layer * headCount) : nil,
            slices: slices,
            readers: readers, hasWeights: hasWeights)
        if plan.pairs * width + plan.units.count * Self.unitWork < Self.serialWork {
            for unit in plan.units { run(unit, job, cache, workers[0], worker: 0) }
        } else {
            pool.run(plan.units.count) { index, worker in
                run(plan.units[index], job, cache, workers[worker], worker: worker)
            }
        }
        for fold in plan.folds { self.fold(fold.unit, segments: fold.segments, job) }
    }
}
