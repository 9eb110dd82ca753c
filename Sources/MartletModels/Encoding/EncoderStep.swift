// The workspace of an encoder: rows of several texts, one text after another, without padding.

import CMartletKernels
import Foundation
import MartletKernels

/// A text's rows in a step.
struct EncodedSpan {
    let first: Int
    let count: Int
}

/// Buffers for up to `capacity` rows, of texts of up to `longest` tokens.
///
/// Not `Sendable`: one call owns it. Inside a parallel loop each iteration touches its own rows.
final class EncoderStep: RowWorkspace {
    let plan: EncoderPlan
    let kernels: KernelSet
    let pool: WorkerPool
    let capacity: Int
    private(set) var rows = 0
    private(set) var spans: [EncodedSpan] = []

    let hidden: UnsafeMutablePointer<Float>
    let normed: UnsafeMutablePointer<Float>
    let queryKeyValue: UnsafeMutablePointer<Float>
    let attended: UnsafeMutablePointer<Float>
    let inner: UnsafeMutablePointer<Float>
    /// By base of a rotation, the cosines and sines of the positions of a text.
    let turns: [Double: EncoderTurn]
    let scratch: [AttentionScratch]

    private let floats: AlignedBuffer<Float>
    private let quantBuffer: QuantisedBuffer
    private let ids: AlignedBuffer<Int32>
    var quantised: QuantisedRows { quantBuffer.rows }
    /// The token of each row, and its place in its text.
    var tokens: UnsafeMutablePointer<Int32> { ids.base }
    var places: UnsafeMutablePointer<Int32> { ids.base + capacity }

    init(
        _ plan: EncoderPlan, capacity: Int, longest: Int, kernels: KernelSet, pool: WorkerPool
    ) throws(KernelError) {
        self.plan = plan
        self.capacity = capacity
        self.kernels = kernels
        self.pool = pool
        // Halves that are not paired stand side by side.
        let innerWidth = plan.activation.isGated ? 2 * plan.intermediateSize : plan.intermediateSize
        let widths = [
            plan.hiddenSize, plan.hiddenSize, plan.projectedWidth, plan.queryWidth, innerWidth,
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
        quantBuffer = try QuantisedBuffer(
            rows: capacity, columns: max(plan.hiddenSize, plan.queryWidth, innerWidth),
            purpose: "a step")
        ids = try AlignedBuffer(count: capacity * 2, purpose: "a step")
        var turns: [Double: EncoderTurn] = [:]
        for case .some(let base) in plan.layers.map(\.rotaryBase) where turns[base] == nil {
            turns[base] = try EncoderTurn(
                base: base, headDimension: plan.headDimension, count: longest)
        }
        self.turns = turns
        var scratch: [AttentionScratch] = []
        for _ in 0..<pool.threadCount {
            scratch.append(
                try AttentionScratch(headDimension: plan.headDimension, longest: longest))
        }
        self.scratch = scratch
    }

    /// Lays texts out, one after another.
    func begin(_ texts: ArraySlice<[Int32]>) {
        rows = 0
        spans.removeAll(keepingCapacity: true)
        for text in texts {
            spans.append(EncodedSpan(first: rows, count: text.count))
            for (place, token) in text.enumerated() {
                tokens[rows] = token
                places[rows] = Int32(place)
                rows += 1
            }
        }
    }
}

/// Cosines and sines of the first positions.
final class EncoderTurn {
    let half: Int
    private let buffer: AlignedBuffer<Float>
    var cosines: UnsafeMutablePointer<Float> { buffer.base }
    var sines: UnsafeMutablePointer<Float> { buffer.base + buffer.count / 2 }

    init(base: Double, headDimension: Int, count: Int) throws(KernelError) {
        half = headDimension / 2
        buffer = try AlignedBuffer(count: 2 * half * count, purpose: "a step")
        let (cosines, sines) = (buffer.base, buffer.base + half * count)
        for pair in 0..<half {
            let frequency = 1 / pow(base, Double(2 * pair) / Double(headDimension))
            for position in 0..<count {
                let angle = Double(position) * frequency
                cosines[position * half + pair] = Float(cos(angle))
                sines[position * half + pair] = Float(sin(angle))
            }
        }
    }
}
