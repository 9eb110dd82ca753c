// Scores of attention sinks at a bounded distance (StreamingLLM, LM-Infinite).
//
// Keys are stored rotated at their own position, so a sink is seen at another distance by turning
// the query instead: R(i)q . R(s)k at distance D needs the query at position s + D, which is the
// stored one turned by s + D - i.

import CMartletKernels
import Foundation
import MartletAttention
import MartletCache
import MartletKernels

/// The turns of one step, one set of angles for each (batch row, sink), and the scores that follow.
final class SinkRotation: CacheStage {
    private let window: SinkWindow
    private let shape: KVShape
    private let group: Int
    private let scale: Float
    /// The model's rotations, each once, and which of them each layer has; nil for none.
    private let rotations: [[Double]]
    private let rotationOfLayer: [Int?]
    /// By rotation.
    private var turns: [Turns]
    /// Of each thread: room for one key and one value, then for the scores of a unit.
    private let scratch: AlignedBuffer<Float>
    private let scratchStride: Int

    private var slices: [AttentionSlice] = []

    /// Whether some query of the step has passed the bound.
    private(set) var changesReads = false

    init(_ window: SinkWindow, _ context: StageContext) throws(KernelError) {
        self.window = window
        shape = context.shape
        group = context.group
        scale = context.scale
        var distinct: [[Double]] = []
        for frequencies in context.frequencies
        where !frequencies.isEmpty && !distinct.contains(frequencies) {
            distinct.append(frequencies)
        }
        rotations = distinct
        rotationOfLayer = context.frequencies.map { distinct.firstIndex(of: $0) }
        turns = Array(repeating: Turns(), count: distinct.count)
        let rows = max(AttentionPlan.unitRows, context.group)
        scratchStride = 2 * Self.padded(shape.headDimension) + Self.padded(rows * window.sinks)
        scratch = try AlignedBuffer(count: scratchStride * context.pool.threadCount)
    }

    /// Computes the turns of the slices' queries, unless none has passed the bound or positions are no
    /// rotations.
    func begin(_ slices: [AttentionSlice], tokens: UnsafePointer<Int32>?, cache: KVCache) {
        self.slices = slices
        changesReads =
            !rotations.isEmpty
            && slices.contains { $0.position + $0.count - 1 > window.limit }
        guard changesReads else { return }
        let rows = slices.reduce(0) { max($0, $1.firstRow + $1.count) }
        for (index, frequencies) in rotations.enumerated() {
            turns[index] = turns(of: slices, rows: rows, frequencies)
        }
    }

    /// Cosines and sines by which queries turn: `[row][sink][pair]`.
    private struct Turns {
        var half = 0
        var cosines: [Float] = []
        var sines: [Float] = []
    }

    private func turns(of slices: [AttentionSlice], rows: Int, _ frequencies: [Double]) -> Turns {
        let (sinks, half) = (window.sinks, frequencies.count)
        var result = Turns(
            half: half,
            cosines: [Float](repeating: 1, count: rows * sinks * half),
            sines: [Float](repeating: 0, count: rows * sinks * half))
        for slice in slices {
            for query in 0..<slice.count where slice.position + query > window.limit {
                let position = slice.position + query
                for sink in 0..<sinks {
                    let turn = sink + window.sinkDistance(query: position, sink: sink) - position
                    let base = ((slice.firstRow + query) * sinks + sink) * half
                    for i in 0..<half {
                        let angle = Double(turn) * frequencies[i]
                        result.cosines[base + i] = Float(cos(angle))
                        result.sines[base + i] = Float(sin(angle))
                    }
                }
            }
        }
        return result
    }

    /// Where sinks appear elsewhere than they are, their keys are read once more.
    func count(_ reads: inout StepReads, slice: Int, cache: KVCache) {
        let slice = slices[slice]
        guard changesReads, slice.position + slice.count - 1 > window.limit else { return }
        for layer in 0..<shape.layerCount
        where rotationOfLayer[layer] != nil && cache.visibility(layer: layer).sinks > 0 {
            let pages = KVPage.count(forSlots: window.sinks) * shape.keyValueHeadCount
            reads.otherBytes += pages * shape.keyBytes
        }
    }

    func withReads(
        of unit: StageUnit, _ reads: UnitReads, cache: KVCache, _ body: (UnitReads) -> Void
    ) {
        // A model's own window may leave no sinks in this layer.
        let first = min(unit.count, max(0, window.limit + 1 - unit.slot))
        guard cache.visibility(layer: unit.layer).sinks > 0, first < unit.count,
            let rotation = rotationOfLayer[unit.layer]
        else { return body(reads) }
        var reads = reads
        reads.sinkFirstQuery = first
        reads.sinkScores = scores(
            unit, first: first, turns[rotation], table: reads.table, cache: cache)
        body(reads)
    }

    /// Scaled scores `[count * group][sinks]` for queries from `first` on.
    private func scores(
        _ unit: StageUnit, first: Int, _ turns: Turns, table: PageTableView, cache: KVCache
    ) -> UnsafePointer<Float> {
        let (sinks, dimension) = (window.sinks, shape.headDimension)
        let half = turns.half
        let key = scratch.base + unit.worker * scratchStride
        let value = key + Self.padded(dimension)
        let scores = value + Self.padded(dimension)
        turns.cosines.withUnsafeBufferPointer { cosines in
            turns.sines.withUnsafeBufferPointer { sines in
                for sink in 0..<sinks {
                    let page = cache.pagePointer(table[sink / KVPage.tokens])
                    mk_read_slot(
                        shape.codec.code, page.assumingMemoryBound(to: UInt8.self),
                        Int32(dimension), Int32(sink % KVPage.tokens), key, value)
                    for query in first..<unit.count {
                        let turn = ((unit.row + query) * sinks + sink) * half
                        for head in 0..<group {
                            let x = unit.q + query * unit.queryStride + head * dimension
                            var sum: Float = 0
                            for i in 0..<half {
                                let (c, s) = (cosines[turn + i], sines[turn + i])
                                let (a, b) = (x[i], x[half + i])
                                sum += (a * c - b * s) * key[i] + (b * c + a * s) * key[half + i]
                            }
                            // Dimensions that no position turns.
                            for i in 2 * half..<dimension { sum += x[i] * key[i] }
                            scores[(query * group + head) * sinks + sink] = sum * scale
                        }
                    }
                }
            }
        }
        return UnsafePointer(scores)
    }

    private static func padded(_ count: Int) -> Int { (count + 15) & ~15 }
}
