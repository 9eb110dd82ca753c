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
    private let quantBuffer: AlignedBuffer<Int8>
    private let scaleBuffer: AlignedBuffer<Float>
    private let sumBuffer: AlignedBuffer<Int32>
    private let ids: AlignedBuffer<Int32>
    let hidden: UnsafeMutablePointer<Float>
    let normed: UnsafeMutablePointer<Float>
    let queryKeyValue: UnsafeMutablePointer<Float>
    let attended: UnsafeMutablePointer<Float>
    let inner: UnsafeMutablePointer<Float>
    private let turns: [RowRotation]
    /// Rows that have an adapter, in their order.
    private(set) var adaptedRows: [AdaptedRows] = []
    /// By row: inner products with an adapter's matrix, as many as the largest rank.
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
    /// Blocks from one row's activations to the next's, the same for every product: strips of rows are at
    /// different products at one time and must not overlap.
    let activationBlocks: Int
    /// The activations of a product in int8 blocks of 32, with a scale for each block, its sum, and its first half's.
    var quants: UnsafeMutablePointer<Int8> { quantBuffer.base }
    var scales: UnsafeMutablePointer<Float> { scaleBuffer.base }
    var sums: UnsafeMutablePointer<Int32> { sumBuffer.base }
    /// The token and the position of each row.
    var tokens: UnsafeMutablePointer<Int32> { ids.base }
    var positions: UnsafeMutablePointer<Int32> { ids.base + capacity }

    init(
        plan: DecoderPlan, innerWidth: Int, lowRankWidth: Int = 0, capacity: Int, cache: KVCache,
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
                shape.queryWidth, innerWidth, shape.keyValueHeadCount, shape.keyValueHeadCount,
            ] + rotations.flatMap { [$0.count, $0.count] }
        floats = try AlignedBuffer(
            count: widths.reduce(0) { $0 + ($1 * capacity + 15) & ~15 }, purpose: "a step")
        var starts: [UnsafeMutablePointer<Float>] = []
        var next = floats.base
        for width in widths {
            starts.append(next)
            next += (width * capacity + 15) & ~15
        }
        hidden = starts[0]
        normed = starts[1]
        queryKeyValue = starts[2]
        attended = starts[3]
        inner = starts[4]
        marks = starts[5]
        mergeWeights = starts[6]
        turns = rotations.indices.map { index in
            RowRotation(
                cosines: starts[7 + 2 * index], sines: starts[8 + 2 * index],
                half: rotations[index].count, growth: distinct[index].growth)
        }
        activationBlocks = (max(shape.hiddenSize, shape.queryWidth, innerWidth) + 31) / 32
        let blocks = activationBlocks * capacity
        quantBuffer = try AlignedBuffer(count: blocks * 32, purpose: "a step")
        scaleBuffer = try AlignedBuffer(count: blocks, purpose: "a step")
        sumBuffer = try AlignedBuffer(count: blocks * 2, purpose: "a step")
        ids = try AlignedBuffer(count: capacity * 2, purpose: "a step")
        experts = try ExpertScratch(shape, capacity: capacity)
        inputNorms = try AlignedBuffer(count: capacity, purpose: "a step")
        self.lowRankWidth = lowRankWidth
        lowRankBuffer = try AlignedBuffer(count: capacity * lowRankWidth, purpose: "a step")
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
}

/// Cosines and sines of the rows of a step, `half` of each for a row.
struct RowRotation {
    let cosines: UnsafeMutablePointer<Float>
    let sines: UnsafeMutablePointer<Float>
    let half: Int
    let growth: RotaryParameters.QueryGrowth?
}
