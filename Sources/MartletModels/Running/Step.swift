// The workspace of a step: one plan made at load, nothing allocated while it runs.

import CMartletKernels
import Foundation
import MartletAttention
import MartletKernels

/// Buffers for up to `capacity` rows, and the loops that layers run over them.
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
    private let quants: AlignedBuffer<Int8>
    private let scales: AlignedBuffer<Float>
    private let sums: AlignedBuffer<Int32>
    private let ids: AlignedBuffer<Int32>
    let hidden: UnsafeMutablePointer<Float>
    private let normed: UnsafeMutablePointer<Float>
    let queryKeyValue: UnsafeMutablePointer<Float>
    let attended: UnsafeMutablePointer<Float>
    let inner: UnsafeMutablePointer<Float>
    let cosines: UnsafeMutablePointer<Float>
    let sines: UnsafeMutablePointer<Float>
    /// By row and KV head: a positive number marks a token for eviction.
    let marks: UnsafeMutablePointer<Float>
    /// By row and KV head: what a token weighs in a running mean.
    let mergeWeights: UnsafeMutablePointer<Float>
    /// The token and the position of each row.
    var tokens: UnsafeMutablePointer<Int32> { ids.base }
    var positions: UnsafeMutablePointer<Int32> { ids.base + capacity }

    init(
        shape: DecoderShape, innerWidth: Int, attentionScale: Float, capacity: Int, cache: KVCache,
        kernels: KernelSet, pool: WorkerPool
    ) throws(KernelError) {
        self.shape = shape
        self.kernels = kernels
        self.pool = pool
        self.capacity = capacity
        self.cache = cache
        frequencies = shape.rotary?.frequencies(headDimension: shape.headDimension) ?? []
        attention = try PagedAttention(
            headCount: shape.headCount, shape: cache.shape, scale: attentionScale,
            policy: cache.policy, evictionHead: shape.evictionHead, frequencies: frequencies,
            kernels: kernels, pool: pool)
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
        let widest = max(shape.hiddenSize, shape.queryWidth, innerWidth)
        let blocks = (widest + 31) / 32 * capacity
        quants = try AlignedBuffer(count: blocks * 32, purpose: "a step")
        scales = try AlignedBuffer(count: blocks, purpose: "a step")
        sums = try AlignedBuffer(count: blocks, purpose: "a step")
        ids = try AlignedBuffer(count: capacity * 2, purpose: "a step")
    }

    /// Whether the cache's policy listens to the model's marks.
    var marksTokens: Bool { attention.learned?.rule.decisions == .model }

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
                for i in 0..<half {
                    let angle = Double(slice.position + offset) * frequencies[i]
                    cosines[rows * half + i] = Float(cos(angle))
                    sines[rows * half + i] = Float(sin(angle))
                }
                rows += 1
            }
        }
        try attention.begin(slices, tokens: tokens, cache: cache)
    }

    /// Runs `body` for each row; `cost` is about the nanoseconds a row takes, so that short loops
    /// stay on this thread.
    func forEachRow(cost: Int, count: Int? = nil, _ body: (Int) -> Void) {
        let rows = count ?? self.rows
        if rows * cost < 20_000 {
            for row in 0..<rows { body(row) }
            return
        }
        let chunk = max(1, (rows + pool.threadCount * 4 - 1) / (pool.threadCount * 4))
        pool.run((rows + chunk - 1) / chunk) { part, _ in
            for row in part * chunk..<min(rows, (part + 1) * chunk) { body(row) }
        }
    }

    /// Prepares rows for products with weights of `type`: normalised, and quantised if they ask so.
    func activation(
        of x: UnsafePointer<Float>, stride: Int, rows: Int, columns: Int, norm: Norm?,
        for type: WeightType
    ) -> Activation {
        let blocks = (columns + 31) / 32
        let (normed, kernels) = (normed, kernels)
        let (quants, scales, sums) = (quants.base, scales.base, sums.base)
        if norm != nil || type.quantisesActivations {
            forEachRow(cost: columns / 2, count: rows) { row in
                var source = x + row * stride
                if let norm {
                    norm(kernels, source, count: columns, out: normed + row * columns)
                    source = UnsafePointer(normed + row * columns)
                }
                guard type.quantisesActivations else { return }
                kernels.table.pointee.quantize(
                    source, Int32(columns), quants + row * blocks * 32, scales + row * blocks,
                    sums + row * blocks)
            }
        }
        return Activation(
            x: norm == nil ? x : UnsafePointer(normed), stride: norm == nil ? stride : columns,
            quants: quants, scales: scales, sums: sums, blocks: blocks)
    }

    /// out = activation · matrixᵀ, divided over panels.
    func multiply(
        _ matrix: PackedMatrix, _ activation: Activation, rows: Int, bias: UnsafePointer<Float>?,
        out: UnsafeMutablePointer<Float>, outStride: Int, epilogue: mk_epilogue
    ) {
        let work = mk_matmul(
            weights: matrix.panels, panel_bytes: matrix.panelBytes, panel_begin: 0, panel_end: 0,
            channels: Int32(matrix.channels), columns: Int32(matrix.columns), rows: Int32(rows),
            type: matrix.type.code, epilogue: epilogue, x: activation.x,
            x_stride: activation.stride,
            x_quants: activation.quants, x_scales: activation.scales, x_sums: activation.sums,
            x_blocks: activation.blocks, bias: bias, out: out, out_stride: outStride)
        let panels = matrix.panelCount
        let matmul = kernels.table.pointee.matmul
        // Even numbers of panels, since pairs share a pass; several parts a thread, so that one
        // that is held up leaves little behind.
        // A small product takes less time than waking a thread.
        let isSmall = matrix.byteCount * ((rows + 3) / 4) < 256 << 10
        let parts = pool.threadCount == 1 || isSmall ? 1 : pool.threadCount * 6
        let chunk = max(2, ((panels + parts - 1) / parts + 1) & ~1)
        pool.run((panels + chunk - 1) / chunk) { part, _ in
            var piece = work
            piece.panel_begin = Int32(part * chunk)
            piece.panel_end = Int32(min(panels, (part + 1) * chunk))
            withUnsafePointer(to: piece) { matmul($0) }
        }
    }
}
