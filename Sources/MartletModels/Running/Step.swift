// The workspace of a step: one plan made at load, nothing allocated while it runs.

import CMartletKernels
import Foundation
import MartletAttention
import MartletCache
import MartletKernels

/// Buffers for up to `capacity` rows.
///
/// Not `Sendable`: one runner owns it. Inside a parallel loop each iteration touches its own rows.
final class Step: RowWorkspace {
    let shape: DecoderShape
    let kernels: KernelSet
    let pool: WorkerPool
    let capacity: Int
    let attention: PagedAttention
    private(set) var cache: KVCache
    private(set) var rows = 0
    /// Frequencies of each rotation that some layers share, and which of them each layer has.
    private let rotations: [[Double]]
    private let amplitudes: [Double]
    private let rotationOfLayer: [Int?]

    private let floats: AlignedBuffer<Float>
    private let quantBuffer: QuantisedBuffer
    private let innerQuantBuffer: QuantisedBuffer
    private let ids: AlignedBuffer<Int32>
    let hidden: UnsafeMutablePointer<Float>
    let normed: UnsafeMutablePointer<Float>
    let queryKeyValue: UnsafeMutablePointer<Float>
    let attended: UnsafeMutablePointer<Float>
    /// Rows that run through an MLP at once: what lies inside it has room for no more, whatever ``capacity`` is.
    let pieceRows: Int
    let inner: UnsafeMutablePointer<Float>
    private let turns: [RowRotation]
    /// The rows of which a result is asked for, in their order.
    private var wanted: [Range<Int>] = []
    /// Rows that have an adapter, in their order.
    private(set) var adaptedRows: [AdaptedRows] = []
    /// By row: inner products with an adapter's matrices of few rows, as many as the highest has.
    private let lowRankBuffer: AlignedBuffer<Float>
    let lowRankWidth: Int
    var lowRank: UnsafeMutablePointer<Float> { lowRankBuffer.base }
    /// By row and KV head: a positive number marks a token for eviction.
    let marks: UnsafeMutablePointer<Float>
    /// By row and KV head: what a token weighs in a running mean.
    let mergeWeights: UnsafeMutablePointer<Float>
    /// By row: the norm of what attention's projections read, where the cache's plan asks for it.
    let inputNorms: AlignedBuffer<Float>
    /// What layers of experts need; nil in a model without.
    let experts: ExpertScratch?
    var quantised: QuantisedRows { quantBuffer.rows }
    /// What an MLP's last product reads.
    var innerQuantised: QuantisedRows { innerQuantBuffer.rows }
    /// The token and the position of each row.
    var tokens: UnsafeMutablePointer<Int32> { ids.base }
    var positions: UnsafeMutablePointer<Int32> { ids.base + capacity }

    init(
        plan: DecoderPlan, innerWidth: Int, lowRankWidth: Int = 0, capacity: Int, pieceRows: Int,
        cache: KVCache,
        outputs: OutputProjection, sinkLogits: [[Float]], kernels: KernelSet, pool: WorkerPool
    ) throws(KernelError) {
        let shape = plan.shape
        self.shape = shape
        self.kernels = kernels
        self.pool = pool
        self.capacity = capacity
        self.cache = cache
        var distinct: [HeadRotation] = []
        for case .some(let rotation) in shape.layers.map(\.rotation)
        where !distinct.contains(rotation) {
            distinct.append(rotation)
        }
        let rotations = distinct.map(\.frequencies)
        self.rotations = rotations
        amplitudes = distinct.map(\.amplitude)
        rotationOfLayer = shape.layers.map { $0.rotation.flatMap(distinct.firstIndex) }
        attention = try PagedAttention(
            headCount: shape.headCount, cache: cache, scale: plan.attentionScale,
            cap: plan.attentionCap, sinkLogits: sinkLogits,
            markWindow: shape.evictionHead?.window, outputs: outputs,
            frequencies: shape.layers.map { $0.rotation?.frequencies ?? [] }, kernels: kernels,
            pool: pool)
        let widths =
            [
                shape.hiddenSize, shape.hiddenSize, shape.queryWidth + 2 * shape.keyValueWidth,
                shape.queryWidth, shape.keyValueHeadCount, shape.keyValueHeadCount,
            ] + rotations.flatMap { [$0.count, $0.count] }
        let pieceRows = min(capacity, max(pieceRows, Self.stripRows * pool.threadCount))
        let sizes =
            (widths.map { $0 * capacity } + [innerWidth * pieceRows]).map { ($0 + 15) & ~15 }
        self.pieceRows = pieceRows
        floats = try AlignedBuffer(count: sizes.reduce(0, +), purpose: "a step")
        var starts: [UnsafeMutablePointer<Float>] = []
        var next = floats.base
        for size in sizes {
            starts.append(next)
            next += size
        }
        hidden = starts[0]
        normed = starts[1]
        queryKeyValue = starts[2]
        attended = starts[3]
        marks = starts[4]
        mergeWeights = starts[5]
        inner = starts[sizes.count - 1]
        turns = rotations.indices.map { index in
            RowRotation(
                cosines: starts[6 + 2 * index], sines: starts[7 + 2 * index],
                half: rotations[index].count, growth: distinct[index].growth)
        }
        quantBuffer = try QuantisedBuffer(
            rows: capacity, columns: max(shape.hiddenSize, shape.queryWidth), purpose: "a step")
        innerQuantBuffer = try QuantisedBuffer(
            rows: pieceRows, columns: innerWidth, purpose: "a step")
        ids = try AlignedBuffer(count: capacity * 2, purpose: "a step")
        experts = try ExpertScratch(shape, capacity: capacity)
        inputNorms = try AlignedBuffer(count: capacity, purpose: "a step")
        self.lowRankWidth = lowRankWidth
        lowRankBuffer = try AlignedBuffer(count: capacity * lowRankWidth, purpose: "a step")
    }

    /// Bytes of all buffers.
    var byteCount: Int {
        let parts = [
            floats.byteCount, ids.byteCount, quantBuffer.byteCount, innerQuantBuffer.byteCount,
            inputNorms.byteCount, lowRankBuffer.byteCount, experts?.byteCount ?? 0,
        ]
        return parts.reduce(0, +)
    }

    /// Whether the cache's plan listens to the model's marks.
    var marksTokens: Bool { cache.traits.marks != nil }

    /// By what the rows' heads are turned in a layer; nil for nothing.
    func rotation(layer: Int) -> RowRotation? { rotationOfLayer[layer].map { turns[$0] } }

    /// Lays out the batch: tokens, positions, rotations and the plan of attention.
    func begin(
        _ slices: [AttentionSlice], tokens slicesTokens: [SequenceSlice],
        adapters: [LiveAdapter?] = [], cache: KVCache
    ) throws(KernelError) {
        self.cache = cache
        rows = 0
        adaptedRows.removeAll(keepingCapacity: true)
        for (slice, adapter) in zip(slices, adapters) {
            guard let adapter else { continue }
            if let last = adaptedRows.last, last.adapter === adapter,
                last.first + last.count == slice.firstRow
            {
                adaptedRows[adaptedRows.count - 1].count += slice.count
            } else {
                adaptedRows.append(
                    AdaptedRows(adapter: adapter, first: slice.firstRow, count: slice.count))
            }
        }
        wanted = zip(slices, slicesTokens).compactMap { slice, source in
            let end = slice.firstRow + slice.count
            let count = source.logits.rowCount(tokenCount: slice.count)
            return count > 0 ? end - count..<end : nil
        }
        for (slice, source) in zip(slices, slicesTokens) {
            for (offset, token) in source.tokens.enumerated() {
                tokens[rows] = token
                positions[rows] = Int32(slice.position + offset)
                rows += 1
            }
        }
        let positions = positions
        for ((frequencies, amplitude), turn) in zip(zip(rotations, amplitudes), turns) {
            frequencies.withUnsafeBufferPointer { frequencies in
                allRows.forEach(cost: turn.half * 50) { row in
                    for i in 0..<turn.half {
                        let angle = Double(positions[row]) * frequencies[i]
                        turn.cosines[row * turn.half + i] = Float(amplitude * cos(angle))
                        turn.sines[row * turn.half + i] = Float(amplitude * sin(angle))
                    }
                }
            }
        }
        try attention.begin(slices, tokens: tokens, cache: cache)
    }

    /// Moves the rows of which a result is asked for to the front, and forgets the others: what comes after the last layer's
    /// attention looks at no two rows together, and of a prompt's inner rows nobody reads it.
    func keepWanted() {
        let count = wanted.reduce(0) { $0 + $1.count }
        guard count < rows else { return }
        var next = 0
        for range in wanted {
            for (floats, width) in [(hidden, shape.hiddenSize), (attended, shape.queryWidth)] {
                // The places may overlap: they are never behind the rows.
                (floats + next * width).update(
                    from: floats + range.lowerBound * width, count: range.count * width)
            }
            next += range.count
        }
        adaptedRows = adaptedRows.compactMap { span in
            let before = wantedRows(before: span.first)
            let count = wantedRows(before: span.first + span.count) - before
            return count > 0
                ? AdaptedRows(adapter: span.adapter, first: before, count: count) : nil
        }
        rows = count
    }

    private func wantedRows(before row: Int) -> Int {
        wanted.reduce(0) { $0 + max(0, min(row, $1.upperBound) - $1.lowerBound) }
    }
}

/// Cosines and sines of the rows of a step, `half` of each for a row.
struct RowRotation {
    let cosines: UnsafeMutablePointer<Float>
    let sines: UnsafeMutablePointer<Float>
    let half: Int
    let growth: RotaryParameters.QueryGrowth?
}
