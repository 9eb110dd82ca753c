// Reading a prompt a second time, to see what saying it again needs.

import Foundation
import MartletAttention
import MartletCache
import MartletKernels

/// What a row's attention is multiplied by, token by token, and divided by.
private struct TokenFactors {
    let values: [Float]
    let divisor: Float
}

extension KeepingStage {
    func rereading(of sequence: SequenceID, cache: KVCache) -> Rereading? {
        let part = chosen.compressor.signals.rereadPart
        guard part > 0, cache.promptCount(sequence) == nil,
            let budget = chosen.budget?.kept(of: cache.count(sequence), shape: shape),
            budget < cache.count(sequence)
        else { return nil }
        let memory = memory(of: sequence, cache)
        memory.recorder?.reread = Array(
            repeating: Array(repeating: 0, count: cache.count(sequence)), count: shape.tableCount)
        if chosen.compressor.signals.normalisesReread {
            memory.recorder?.outputNorms = outputNorms(sequence, cache)
        }
        return Rereading(tokens: memory.promptTokens, part: part)
    }

    private func outputNorms(_ sequence: SequenceID, _ cache: KVCache) -> [[[Float]]] {
        let heads = shape.keyValueHeadCount
        var norms = [[[Float]]](repeating: [], count: shape.tableCount)
        norms.withUnsafeMutableBufferPointer { norms in
            pool.run(shape.tableCount) { table, worker in
                let view = view(
                    sequence, layer: table / heads, cache: cache, probe: probes[worker],
                    budget: .max)
                norms[table] = view.outputNorms(table % heads, .l2)
            }
        }
        return norms
    }

    /// Notes the most attention that the repeated positions receive in one layer. As in kvpress the rows
    /// choose among the sinks, the chunk and what they have repeated so far, not among the whole prompt.
    func record(
        _ repeated: RepeatedPart, layer: Int, cache: KVCache, _ queries: QueryRows
    ) {
        guard let recorder = memory(of: repeated.sequence, cache).recorder else { return }
        let (heads, dimension) = (shape.keyValueHeadCount, shape.headDimension)
        let group = headCount / heads
        let count = cache.count(repeated.sequence)
        let (q, stride) = (queries.base, queries.stride)
        let sinks = min(chosen.sinks.tokens, repeated.range.lowerBound)
        for slice in slices {
            recorder.reread.withUnsafeMutableBufferPointer { reread in
                pool.run(heads) { head, worker in
                    let index = layer * heads + head
                    let table = cache.table(slice.sequence, layer: layer, head: head)
                    let norms = recorder.outputNorms.isEmpty ? [] : recorder.outputNorms[index]
                    let block = max(1, AttentionProbe.rows / group)
                    for first in Swift.stride(from: 0, to: slice.count, by: block) {
                        let rows = min(block, slice.count - first)
                        let end = slice.position + first + 1
                        let width = KVPage.count(forSlots: end + rows - 1) * KVPage.tokens
                        let from = (slice.firstRow + first) * stride + head * group * dimension
                        do {
                            let scores = try probes[worker].scoreRows(
                                of: q + from, count: rows, stride: stride, firstEnd: end,
                                table: table, cache: cache)
                            for row in 0..<rows * group {
                                let visible = [
                                    0..<sinks, repeated.range, count..<end + row / group,
                                ]
                                var factors: TokenFactors?
                                if let inputs = queries.inputNorms, !norms.isEmpty {
                                    factors = TokenFactors(
                                        values: norms[row % group],
                                        divisor: inputs[slice.firstRow + first + row / group])
                                }
                                let sink = probes[worker].sinkLogit(
                                    (layer, head), member: row % group)
                                Self.raise(
                                    &reread[index], scores + row * width, among: visible,
                                    sink: sink ?? -.infinity, of: repeated.range, factors)
                            }
                        } catch { preconditionFailure("KeepingStage: \(error)") }
                    }
                }
            }
        }
    }

    /// Raises the scores of `range` to a row's softmax over some ranges of slots and a head's sink.
    private static func raise(
        _ best: inout [Float], _ scores: UnsafePointer<Float>, among ranges: [Range<Int>],
        sink: Float, of range: Range<Int>, _ factors: TokenFactors?
    ) {
        var largest = sink
        for part in ranges { for slot in part { largest = max(largest, scores[slot]) } }
        var sum: Float = 0
        for part in ranges { for slot in part { sum += exp(scores[slot] - largest) } }
        sum += exp(sink - largest)
        guard let factors else {
            for slot in range { best[slot] = max(best[slot], exp(scores[slot] - largest) / sum) }
            return
        }
        for slot in range {
            let weight = exp(scores[slot] - largest) / sum
            best[slot] = max(best[slot], weight * factors.values[slot] / factors.divisor)
        }
    }
}
