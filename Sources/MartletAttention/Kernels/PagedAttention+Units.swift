// One unit of attention: which pages, which rules, which segments, and folding their results.

import CMartletKernels
import MartletCache
import MartletKernels

extension PagedAttention {
    /// One layer's queries and where results go.
    struct LayerJob {
        var layer: Int
        var visibility: Visibility
        var q: UnsafePointer<Float>
        var queryStride: Int
        var out: UnsafeMutablePointer<Float>
        var outStride: Int
        /// By query head, logits without tokens; nil for none.
        var sinks: UnsafePointer<Float>?
        /// The step's slices, the stages that change what its units read, and whether slots may stand for several
        /// tokens: here, because each look at a property of a class costs a unit of few tokens noticeably.
        var slices: [AttentionSlice]
        var readers: [any CacheStage]
        var hasWeights: Bool
    }

    /// Attends for one unit over what the stages let it read.
    func run(
        _ unit: AttentionUnit, _ job: LayerJob, _ cache: KVCache, _ scratch: WorkerScratch,
        worker: Int
    ) {
        let slice = job.slices[unit.slice]
        let table = cache.table(slice.sequence, layer: job.layer, head: unit.head)
        guard job.hasWeights || !job.readers.isEmpty else {
            return attend(unit, job, cache, scratch, UnitReads(table: table))
        }
        let row = slice.firstRow + unit.query
        let seen = StageUnit(
            slice: unit.slice, layer: job.layer, head: unit.head, row: row, count: unit.count,
            slot: unit.firstSlot + unit.query, worker: worker,
            q: job.q + row * job.queryStride + unit.head * group * shape.headDimension,
            queryStride: job.queryStride)
        let weights =
            job.hasWeights
            ? cache.weights(of: slice.sequence)[job.layer * shape.keyValueHeadCount + unit.head]
            : []
        weights.withUnsafeBufferPointer { weights in
            let reads = UnitReads(table: table, bias: weights.isEmpty ? nil : weights.baseAddress)
            read(seen, reads, through: job.readers[...], cache) {
                attend(unit, job, cache, scratch, $0)
            }
        }
    }

    /// Asks the stages one after another, each for what the one before it left.
    private func read(
        _ unit: StageUnit, _ reads: UnitReads, through stages: ArraySlice<any CacheStage>,
        _ cache: KVCache, _ body: (UnitReads) -> Void
    ) {
        guard let stage = stages.first else { return body(reads) }
        stage.withReads(of: unit, reads, cache: cache) {
            read(unit, $0, through: stages.dropFirst(), cache, body)
        }
    }

    private func attend(
        _ unit: AttentionUnit, _ job: LayerJob, _ cache: KVCache, _ scratch: WorkerScratch,
        _ reads: UnitReads
    ) {
        let slice = job.slices[unit.slice]
        // A slot of the first query, which is its position unless tokens were taken out.
        let position = unit.firstSlot + unit.query
        let rows = unit.count * group
        let dimension = shape.headDimension
        let row = slice.firstRow + unit.query
        let table = reads.table
        let q = job.q + row * job.queryStride + unit.head * group * dimension
        var work = mk_attention(
            arena: UnsafePointer(cache.arena.assumingMemoryBound(to: UInt8.self)),
            page_bytes: shape.pageBytes,
            zero_page: cache.zeroPage.assumingMemoryBound(to: UInt8.self),
            head_ids: table.sinkPages.baseAddress ?? Self.noPages,
            head_pages: Int32(table.sinkPages.count),
            tail_ids: table.recentPages.baseAddress ?? Self.noPages,
            tail_base: Int32(table.recentBase), tail_pages: Int32(table.recentPages.count),
            codec: shape.codec.code, dimension: Int32(dimension), queries: Int32(unit.count),
            group: Int32(group), q: q, query_stride: job.queryStride, scale: scale, cap: cap,
            first_end: Int32(position + 1),
            window: Int32(clamping: job.visibility.window ?? Int(Int32.max)),
            sinks: Int32(job.visibility.sinks), sink_scores: reads.sinkScores,
            sink_first_query: Int32(clamping: reads.sinkFirstQuery), until: reads.until,
            first_position: Int32(slice.position + unit.query), bias: reads.bias,
            classes: reads.classes?.baseAddress ?? UnsafePointer(cache.classes),
            class_count: Int32(reads.classes?.count ?? cache.classCount), tile_begin: 0,
            tile_end: 0,
            maximum: scratch.maximum, sum: scratch.sum, out: scratch.vectors,
            out_stride: width, scratch: scratch.bytes.base)
        let end = position + unit.count
        if let segment = unit.segment {
            setTiles(&work, segment, end: end)
            let base = states.base + unit.state * (width + 2)
            work.maximum = base
            work.sum = base + rows
            work.out = base + 2 * rows
            kernels.table.pointee.attend(&work)
            return
        }
        var isFirst = true
        for segment in AttentionPlan.segments(position..<end, job.visibility) {
            setTiles(&work, segment, end: end)
            if isFirst {
                kernels.table.pointee.attend(&work)
                isFirst = false
                work.maximum = scratch.nextMaximum
                work.sum = scratch.nextSum
                work.out = scratch.nextVectors
                continue
            }
            kernels.table.pointee.attend(&work)
            for r in 0..<rows {
                mk_merge(
                    scratch.maximum + r, scratch.sum + r, scratch.vectors + r * width,
                    work.maximum[r], work.sum[r], work.out + r * width, Int32(dimension))
            }
        }
        finish(unit, job, slice, scratch.maximum, scratch.sum, scratch.vectors)
    }

    /// Divides what the last segment left of each row, a head's sink being one segment more.
    private func finish(
        _ unit: AttentionUnit, _ job: LayerJob, _ slice: AttentionSlice,
        _ maximum: UnsafeMutablePointer<Float>, _ sum: UnsafeMutablePointer<Float>,
        _ vectors: UnsafeMutablePointer<Float>
    ) {
        let dimension = Int32(shape.headDimension)
        for r in 0..<unit.count * group {
            let vector = vectors + r * width
            if let sinks = job.sinks {
                let logit = sinks[unit.head * group + r % group]
                mk_merge(maximum + r, sum + r, vector, logit, 1, zeros.base, dimension)
            }
            mk_normalise(vector, sum[r], dimension, target(job, unit, slice, r))
        }
    }

    static nonisolated(unsafe) let noPages: UnsafePointer<Int32> = {
        let empty = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
        empty.initialize(to: KVPage.hole)
        return UnsafePointer(empty)
    }()

    private func setTiles(_ work: inout mk_attention, _ segment: Int, end: Int) {
        let tiles = Int(MK_SEGMENT_TILES)
        work.tile_begin = Int32(segment * tiles)
        work.tile_end = Int32(min((segment + 1) * tiles, (end + Int(MK_TILE) - 1) / Int(MK_TILE)))
    }

    private func target(_ job: LayerJob, _ unit: AttentionUnit, _ slice: AttentionSlice, _ row: Int)
        -> UnsafeMutablePointer<Float>
    {
        let batchRow = slice.firstRow + unit.query + row / group
        let head = unit.head * group + row % group
        return job.out + batchRow * job.outStride + head * shape.headDimension
    }

    /// Folds the segments of a unit in order.
    func fold(_ unit: AttentionUnit, segments: Int, _ job: LayerJob) {
        let rows = unit.count * group
        let size = rows * (width + 2)
        let first = states.base + unit.state * (width + 2)
        for segment in 1..<segments {
            let next = first + segment * size
            for r in 0..<rows {
                mk_merge(
                    first + r, first + rows + r, first + 2 * rows + r * width, next[r],
                    next[rows + r], next + 2 * rows + r * width, Int32(shape.headDimension))
            }
        }
        finish(unit, job, job.slices[unit.slice], first, first + rows, first + 2 * rows)
    }
}
