// What a compressor sees of one layer of one sequence.

import CMartletKernels
import Foundation
import MartletAttention
import MartletCache
import MartletKernels

/// One layer of a sequence. When its prompt has just been completed every KV head holds all `count`
/// tokens, and a slot's number is its position; later a head holds ``length(_:)`` tokens, still in the
/// order of their positions.
struct LayerView {
    let layer: Int
    /// KV heads.
    let headCount: Int
    /// Query heads for each KV head.
    let group: Int
    let dimension: Int
    /// Tokens computed: those of the prompt, when it has just been completed.
    let count: Int
    /// Tokens that a head keeps on average over all layers; the largest integer where no budget says so. What a
    /// ``TokenAllowance`` gives way to.
    let kept: Int
    /// Radians a position for each rotated pair; empty for learned positions.
    let frequencies: [Double]
    let recorder: PromptRecorder?
    /// The model's output projection; nil where there is no model.
    let outputs: OutputProjection?

    let cache: KVCache
    let sequence: SequenceID
    let probe: AttentionProbe

    /// Tokens that one KV head holds.
    func length(_ head: Int) -> Int { cache.table(sequence, layer: layer, head: head).length }

    /// Positions of the tokens that one KV head holds.
    func positions(_ head: Int) -> [Int] {
        cache.heldPositions(sequence, layer: layer, head: head)
    }

    /// Tokens that each slot of one KV head stands for.
    func sizes(_ head: Int) -> [Float] {
        let length = length(head)
        let own = cache.weights(of: sequence)[layer * headCount + head]
        return (0..<length).map { $0 < own.count ? exp(own[$0]).rounded() : 1 }
    }

    /// Keys of one KV head as attention sees them, `[length][dimension]`.
    func keys(_ head: Int) -> [Float] { decode(head).keys }
    /// Values of one KV head as attention sees them, `[length][dimension]`.
    func values(_ head: Int) -> [Float] { decode(head).values }

    /// Keys and values of one KV head.
    func decode(_ head: Int) -> (keys: [Float], values: [Float]) {
        let table = cache.table(sequence, layer: layer, head: head)
        probe.touches.readPages(KVPage.count(forSlots: table.length))
        var keys = [Float](repeating: 0, count: table.length * dimension)
        var values = keys
        let codec = cache.shape.codec.code
        keys.withUnsafeMutableBufferPointer { keys in
            values.withUnsafeMutableBufferPointer { values in
                guard let k = keys.baseAddress, let v = values.baseAddress else { return }
                for slot in 0..<table.length {
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
        let length = length(head)
        var sums = [Float](repeating: 0, count: length)
        guard let recorder else { return sums }
        let (ring, width) = (recorder.signals.heldQueries, recorder.headCount * dimension)
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
                            stride: width, firstEnd: max(1, length - count + position + 1),
                            head: (layer, head), table: table, cache: cache, to: target)
                    } catch { preconditionFailure("LayerView: \(error)") }
                    position += run
                }
            }
        }
        return sums
    }

    /// Scaled products of the last `rows` tokens' queries with the keys of one KV head, nothing masked,
    /// `[row][query head of the group][length]`, the oldest row first. Needs ``PromptSignals/lastQueries``.
    func recentLogits(_ head: Int, rows: Int) -> [Float] {
        let length = length(head)
        guard let recorder, recorder.signals.heldQueries >= rows, length > 0 else { return [] }
        let (ring, width) = (recorder.signals.heldQueries, recorder.headCount * dimension)
        let table = cache.table(sequence, layer: layer, head: head)
        var result: [Float] = []
        result.reserveCapacity(rows * group * length)
        for position in max(0, count - rows)..<count {
            recorder.queries.withUnsafeBufferPointer { queries in
                guard let base = queries.baseAddress else { return }
                let place = (layer * ring + position % ring) * width
                do {
                    let logits = try probe.scoreRows(
                        of: base + place + head * group * dimension, count: 1, stride: width,
                        firstEnd: length, table: table, cache: cache)
                    let padded = KVPage.count(forSlots: length) * KVPage.tokens
                    for member in 0..<group {
                        result += UnsafeBufferPointer(
                            start: logits + member * padded, count: length)
                    }
                } catch { preconditionFailure("LayerView: \(error)") }
            }
        }
        return result
    }

    /// The same summed over the query heads of the group, `[row][length]`.
    func recentGroupLogits(_ head: Int, rows: Int) -> [[Float]] {
        let (length, logits) = (length(head), recentLogits(head, rows: rows))
        guard length > 0 else { return [] }
        return stride(from: 0, to: logits.count, by: group * length).map { first in
            var sums = Array(logits[first..<first + length])
            for member in 1..<max(1, group) {
                for slot in 0..<length { sums[slot] += logits[first + member * length + slot] }
            }
            return sums
        }
    }

    /// Calls `body` for each key of one KV head, from the first to the last, with its cosines with all of
    /// them, `[length]`, which it may change. Takes length² products of vectors. In q8 and q4 the first key of
    /// a pair is rounded once more, as a query is.
    func visitCosines(
        _ head: Int, _ body: (_ slot: Int, _ cosines: UnsafeMutablePointer<Float>) -> Void
    ) {
        let (length, keys) = (length(head), keys(head))
        let table = cache.table(sequence, layer: layer, head: head)
        let inverse = keys.norms(of: dimension).map { 1 / ($0 + 1e-8) }
        let factors = inverse.map { $0 / probe.scale }
        // Keys take the place of queries, a group of them that of one token's.
        let block = max(1, AttentionProbe.rows / group) * group
        var units = [Float](repeating: 0, count: block * dimension)
        for first in Swift.stride(from: 0, to: length, by: block) {
            let rows = min(block, length - first)
            let tokens = (rows + group - 1) / group
            for row in 0..<rows {
                for i in 0..<dimension {
                    units[row * dimension + i] =
                        keys[(first + row) * dimension + i] * inverse[first + row]
                }
            }
            do {
                let products = try probe.products(
                    of: units, count: tokens, stride: group * dimension,
                    pages: 0..<KVPage.count(forSlots: length), scale: probe.scale, table: table,
                    cache: cache)
                let padded = KVPage.count(forSlots: length) * KVPage.tokens
                factors.withUnsafeBufferPointer { factors in
                    for row in 0..<rows {
                        let cosines = products + row * padded
                        for slot in 0..<length { cosines[slot] *= factors[slot] }
                        body(first + row, cosines)
                    }
                }
            } catch { preconditionFailure("LayerView: \(error)") }
        }
    }

    /// Attention that each token received from all tokens. Needs ``PromptSignals/columnMass``.
    func columnMass(_ head: Int) -> [Float] {
        recorder?.mass[layer * headCount + head] ?? []
    }
}
