// Reading a prompt a second time, to see what saying it again needs.

import MartletKernels

/// What a step repeats.
struct RepeatedChunk {
    /// The sequence whose prompt it is.
    var sequence: SequenceID
    /// The positions that are repeated.
    var range: Range<Int>
    /// Whether the rows come before the repetition.
    var isInstruction: Bool
}

extension PromptCompression {
    func rereading(of sequence: SequenceID, cache: KVCache) -> (tokens: [Int32], chunk: Int)? {
        let chunk = chosen.compressor.signals.rereadChunk
        guard chunk > 0, let state = cache.memory(of: sequence), !state.isPromptComplete,
            let budget = chosen.budget?.kept(of: cache.count(sequence), shape: shape),
            budget < cache.count(sequence)
        else { return nil }
        state.recorder?.reread = Array(
            repeating: Array(repeating: 0, count: cache.count(sequence)), count: shape.tableCount)
        return (state.promptTokens, chunk)
    }

    /// Notes the most attention that the repeated positions receive in one layer.
    func record(
        _ repeated: RepeatedChunk, layer: Int, cache: KVCache, q: UnsafePointer<Float>, stride: Int
    ) {
        guard let recorder = cache.memory(of: repeated.sequence)?.recorder, !repeated.isInstruction
        else { return }
        let (heads, dimension) = (shape.keyValueHeadCount, shape.headDimension)
        let group = headCount / heads
        for slice in slices {
            recorder.reread.withUnsafeMutableBufferPointer { reread in
                pool.run(heads) { head, worker in
                    let table = cache.table(slice.sequence, layer: layer, head: head)
                    let block = max(1, AttentionProbe.rows / group)
                    for first in Swift.stride(from: 0, to: slice.count, by: block) {
                        let count = min(block, slice.count - first)
                        let end = slice.position + first + 1
                        let width = KVPage.count(forSlots: end + count - 1) * KVPage.tokens
                        let from = (slice.firstRow + first) * stride + head * group * dimension
                        do {
                            let rows = try probes[worker].weightRows(
                                of: q + from, count: count, stride: stride, firstEnd: end,
                                table: table, cache: cache)
                            Self.raise(
                                &reread[layer * heads + head], to: rows, rows: count * group,
                                width: width, range: repeated.range)
                        } catch { preconditionFailure("PromptCompression: \(error)") }
                    }
                }
            }
        }
    }

    private static func raise(
        _ scores: inout [Float], to weights: UnsafePointer<Float>, rows: Int, width: Int,
        range: Range<Int>
    ) {
        for row in 0..<rows {
            for position in range {
                scores[position] = max(scores[position], weights[row * width + position])
            }
        }
    }
}
