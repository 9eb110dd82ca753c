// The workspace of a step: one plan made at load, nothing allocated while it runs.

import CMartletKernels
import Foundation
import MartletAttention
import MartletCache
import MartletKernels

/// Buffers for up to `capacity` rows.
///
/// Not `Sendable`: one runner owns it. Inside a parallel loop each iteration touches its own rows.
final class Step {
    let shape: DecoderShape
    let kernels: KernelSet
    let pool: WorkerPool
    let capacity: Int
    let attention: PagedAttention
    private(set) var cache: KVCache
    private(set) var rows = 0
    private let frequencies: [Double]

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
    let cosines: UnsafeMutablePointer<Float>
    let sines: UnsafeMutablePointer<Float>
    /// By row and KV head: a positive number marks a token for eviction.
    let marks: UnsafeMutablePointer<Float>
    /// By row and KV head: what a token weighs in a running mean.
    let mergeWeights: UnsafeMutablePointer<Float>
    /// By row: the norm of what attention's projections read, where the cache's plan asks for it.
    let inputNorms: AlignedBuffer<Float>
    /// Blocks from one row's to the next's, whatever the width of the product: strips of rows are at different
    /// products at one time, and must not meet.
    let activationBlocks: Int
    /// The activations of a product in int8 blocks of 32, with a scale and a sum for each block.
    var quants: UnsafeMutablePointer<Int8> { quantBuffer.base }
    var scales: UnsafeMutablePointer<Float> { scaleBuffer.base }
    var sums: UnsafeMutablePointer<Int32> { sumBuffer.base }
    /// The token and the position of each row.
    var tokens: UnsafeMutablePointer<Int32> { ids.base }
    var positions: UnsafeMutablePointer<Int32> { ids.base + capacity }

    init(
        shape: DecoderShape, innerWidth: Int, attentionScale: Float, capacity: Int, cache: KVCache,
        outputs: OutputProjection, kernels: KernelSet, pool: WorkerPool
    ) throws(KernelError) {
        self.shape = shape
        self.kernels = kernels
        self.pool = pool
        self.capacity = capacity
        self.cache = cache
        frequencies = shape.rotary?.frequencies(headDimension: shape.headDimension) ?? []
        attention = try PagedAttention(
            headCount: shape.headCount, cache: cache, scale: attentionScale,
            markWindow: shape.evictionHead?.window, outputs: outputs, frequencies: frequencies,
            kernels: kernels,
            pool: pool)
        let half = shape.headDimension / 2
        let widths = [
            shape.hiddenSize, shape.hiddenSize, shape.queryWidth + 2 * shape.keyValueWidth,
            shape.queryWidth, innerWidth, half, half, shape.keyValueHeadCount,
            shape.keyValueHeadCount,
        ]
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
        cosines = starts[5]
        sines = starts[6]
        marks = starts[7]
        mergeWeights = starts[8]
        activationBlocks = (max(shape.hiddenSize, shape.queryWidth, innerWidth) + 31) / 32
        let blocks = activationBlocks * capacity
        quantBuffer = try AlignedBuffer(count: blocks * 32, purpose: "a step")
        scaleBuffer = try AlignedBuffer(count: blocks, purpose: "a step")
        sumBuffer = try AlignedBuffer(count: blocks, purpose: "a step")
        ids = try AlignedBuffer(count: capacity * 2, purpose: "a step")
        inputNorms = try AlignedBuffer(count: capacity, purpose: "a step")
    }

    /// Whether the cache's plan listens to the model's marks.
    var marksTokens: Bool { cache.traits.marks != nil }

    /// Lays out the batch: tokens, positions, rotations and the plan of attention.
    func begin(_ slices: [AttentionSlice], tokens slicesTokens: [SequenceSlice], cache: KVCache)
        throws(KernelError)
    {
        self.cache = cache
        rows = 0
        let half = frequencies.count
        for (slice, source) in zip(slices, slicesTokens) {
            for (offset, token) in source.tokens.enumerated() {
                tokens[rows] = token
                positions[rows] = Int32(slice.position + offset)
                rows += 1
            }
        }
        let (positions, cosines, sines) = (positions, cosines, sines)
        frequencies.withUnsafeBufferPointer { frequencies in
            allRows.forEach(cost: half * 50) { row in
                for i in 0..<half {
                    let angle = Double(positions[row]) * frequencies[i]
                    cosines[row * half + i] = Float(cos(angle))
                    sines[row * half + i] = Float(sin(angle))
                }
            }
        }
        try attention.begin(slices, tokens: tokens, cache: cache)
    }
}
