// What a compressor sees of one layer of one sequence.

import CMartletKernels
import MartletKernels

/// One layer of a sequence whose prompt has just been completed: every KV head holds all `count`
/// tokens, and a slot's number is its position.
struct LayerView {
    let layer: Int
    /// KV heads.
    let headCount: Int
    /// Query heads for each KV head.
    let group: Int
    let dimension: Int
    /// Tokens of the prompt.
    let count: Int
    /// Radians a position for each rotated pair; empty for learned positions.
    let frequencies: [Double]
    let recorder: PromptRecorder?

    let cache: KVCache
    let sequence: SequenceID
    let probe: AttentionProbe

    /// Keys of one KV head as attention sees them, `[count][dimension]`.
    func keys(_ head: Int) -> [Float] { decode(head).keys }
    /// Values of one KV head as attention sees them, `[count][dimension]`.
    func values(_ head: Int) -> [Float] { decode(head).values }

    /// Keys and values of one KV head.
    func decode(_ head: Int) -> (keys: [Float], values: [Float]) {
        var keys = [Float](repeating: 0, count: count * dimension)
        var values = keys
        let table = cache.table(sequence, layer: layer, head: head)
        let codec = cache.shape.codec.code
        keys.withUnsafeMutableBufferPointer { keys in
            values.withUnsafeMutableBufferPointer { values in
                guard let k = keys.baseAddress, let v = values.baseAddress else { return }
                for slot in 0..<count {
                    let page = cache.pagePointer(table[slot / KVPage.tokens])
                    mk_read_slot(
                        codec, page.assumingMemoryBound(to: UInt8.self), Int32(dimension),
                        Int32(slot % KVPage.tokens), k + slot * dimension, v + slot * dimension)
                }
            }
        }
        return (keys, values)
    }

    /// Attention that each token received from the last `rows` tokens and all heads of a KV head's
    /// group, summed. Needs ``PromptSignals/lastQueries``.
    func recentMass(_ head: Int, rows: Int) -> [Float] {
        var sums = [Float](repeating: 0, count: count)
        guard let recorder else { return sums }
        let (ring, width) = (recorder.signals.lastQueries, recorder.headCount * dimension)
        let table = cache.table(sequence, layer: layer, head: head)
        recorder.queries.withUnsafeBufferPointer { queries in
            sums.withUnsafeMutableBufferPointer { sums in
                guard let base = queries.baseAddress, let target = sums.baseAddress else { return }
                let offset = head * group * dimension
                // The ring holds the rows in two runs.
                var position = max(0, count - rows)
                while position < count {
                    let place = position % ring
                    let run = min(count - position, ring - place)
                    do {
                        try probe.addWeights(
                            of: base + (layer * ring + place) * width + offset, count: run,
                            stride: width, firstEnd: position + 1, table: table, cache: cache,
                            to: target)
                    } catch { preconditionFailure("LayerView: \(error)") }
                    position += run
                }
            }
        }
        return sums
    }

    /// Attention that each token received from all tokens. Needs ``PromptSignals/columnMass``.
    func columnMass(_ head: Int) -> [Float] {
        recorder?.mass[layer * headCount + head] ?? []
    }
}
