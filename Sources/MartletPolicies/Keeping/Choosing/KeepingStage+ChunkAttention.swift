// Attention within chunks of a prompt, in both directions, as the recorder sums it.

import Foundation
import MartletAttention
import MartletCache
import MartletKernels

extension KeepingStage {
    /// Keeps the queries of a slice's rows, and sums each chunk's attention when it is complete: where the prompt
    /// is cut into steps makes no difference.
    func recordQueries(
        _ recorder: PromptRecorder, _ slice: AttentionSlice, layer: Int, cache: KVCache,
        rows: UnsafePointer<Float>, stride: Int
    ) {
        let chunks = recorder.signals.chunkAttention
        let heads = shape.keyValueHeadCount
        var from = 0
        while from < slice.count {
            let position = slice.position + from
            let end = min(
                slice.count, (chunks?.next(after: position) ?? Int.max) - slice.position)
            recorder.keepQueries(
                layer: layer, position: position, count: end - from,
                queries: rows + from * stride, stride: stride)
            if let chunk = chunks?.chunk(completeAt: slice.position + end) {
                recorder.chunkMass.withUnsafeMutableBufferPointer { mass in
                    pool.run(heads) { head, worker in
                        let table = cache.table(slice.sequence, layer: layer, head: head)
                        mass[layer * heads + head] += recorder.attention(
                            within: chunk, layer: layer, head: head, group: headCount / heads,
                            table: table, cache: cache, probe: probes[worker])
                    }
                }
            }
            from = end
        }
    }
}

extension LayerView {
    /// Attention that each token received from its chunk, summed over queries and the heads of a KV head's group.
    /// First and last tokens, which take no part, are not in it. Needs ``PromptSignals/chunkAttention``.
    func chunkMass(_ head: Int) -> [Float] {
        guard let recorder, let chunks = recorder.signals.chunkAttention else { return [] }
        let whole = recorder.chunkMass[layer * headCount + head]
        let start = chunks.first + whole.count
        guard start < count - chunks.last else { return whole }
        return whole
            + recorder.attention(
                within: start..<count - chunks.last, layer: layer, head: head, group: group,
                table: cache.table(sequence, layer: layer, head: head), cache: cache, probe: probe)
    }
}

extension PromptRecorder {
    /// Attention that the tokens of a chunk receive from each other, products not being divided by the root of the
    /// dimension, summed over queries and the heads of a group. As in kvpress a short chunk is filled up: with keys
    /// whose product is 0, and with queries that attend to everything alike.
    fileprivate func attention(
        within chunk: Range<Int>, layer: Int, head: Int, group: Int, table: PageTableView,
        cache: KVCache, probe: AttentionProbe
    ) -> [Float] {
        let (ring, width) = (signals.heldQueries, headCount * dimension)
        let full = signals.chunkAttention?.chunk ?? chunk.count
        let missing = full - chunk.count
        let pages = chunk.lowerBound / KVPage.tokens..<KVPage.count(forSlots: chunk.upperBound)
        let offset = chunk.lowerBound % KVPage.tokens
        var sums = [Float](repeating: 0, count: chunk.count)
        var row = sums
        queries.withUnsafeBufferPointer { queries in
            guard let base = queries.baseAddress else { return }
            var position = chunk.lowerBound
            while position < chunk.upperBound {
                let place = position % ring
                let run = min(
                    max(1, AttentionProbe.rows / group), chunk.upperBound - position, ring - place)
                do {
                    let products = try probe.products(
                        of: base + (layer * ring + place) * width + head * group * dimension,
                        count: run, stride: width, pages: pages, scale: 1, table: table,
                        cache: cache)
                    for index in 0..<run * group {
                        let start = products + index * pages.count * KVPage.tokens + offset
                        Self.add(start, &row, missing: missing, to: &sums)
                    }
                } catch { preconditionFailure("PromptRecorder: \(error)") }
                position += run
            }
        }
        let share = Float(missing * group) / Float(full)
        return sums.map { $0 + share }
    }

    /// Adds a row's softmax, `missing` products of 0 being part of it.
    private static func add(
        _ products: UnsafePointer<Float>, _ row: inout [Float], missing: Int,
        to sums: inout [Float]
    ) {
        var largest: Float = missing > 0 ? 0 : -.infinity
        for slot in row.indices { largest = max(largest, products[slot]) }
        var sum = missing > 0 ? Float(missing) * exp(-largest) : 0
        for slot in row.indices {
            row[slot] = exp(products[slot] - largest)
            sum += row[slot]
        }
        for slot in row.indices { sums[slot] += row[slot] / sum }
    }
}
