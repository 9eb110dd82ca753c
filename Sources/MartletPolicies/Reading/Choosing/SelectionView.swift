// What a page selector sees of one (layer, KV head) of a sequence that generates a token.

import CMartletKernels
import MartletAttention
import MartletCache
import MartletKernels

/// One head, its group's queries and its pages. The newest token is in the cache already.
struct SelectionView {
    let layer: Int
    let head: Int
    /// Query heads.
    let group: Int
    let dimension: Int
    let layerCount: Int
    /// Tokens generated before this one.
    let step: Int
    /// Slots that hold tokens of the prompt; they come first.
    var promptSlots: Int { slots - step - 1 }
    /// Position of the token.
    let position: Int
    /// The queries of the group, one after another.
    let q: UnsafePointer<Float>
    /// What the selector remembers of the whole sequence.
    let shared: ReadingMemory
    /// Positions of tokens that end a sentence, ascending.
    let sentenceEnds: [Int32]

    let cache: KVCache
    let table: PageTableView
    let kernels: KernelSet
    let probe: AttentionProbe
    /// Counts what the selector looks at while it chooses, beside what attention then reads.
    var touches: CacheTouches { probe.touches }

    /// Tokens held, the newest included.
    var slots: Int { table.length + 1 }
    /// Pages that hold them.
    var pages: Int { KVPage.count(forSlots: slots) }

    /// The largest product that any key of each page can have with the given queries (nil: the
    /// group's own), summed over them or the largest of them.
    func pageScores(maximum: Bool, of queries: [Float]? = nil) -> [Float] {
        touches.readBounds(pages: pages)
        var scores = [Float](repeating: 0, count: pages)
        let rows = queries.map { $0.count / dimension } ?? group
        func run(_ q: UnsafePointer<Float>) {
            let ids = UnsafeBufferPointer(rebasing: table.recentPages[..<pages])
            guard let base = ids.baseAddress else { return }
            scores.withUnsafeMutableBufferPointer { out in
                guard let target = out.baseAddress else { return }
                kernels.table.pointee.page_scores(
                    q, dimension, Int32(rows), Int32(dimension),
                    cache.bounds.assumingMemoryBound(to: UInt8.self), cache.shape.boundsBytes, base,
                    Int32(pages), maximum ? 1 : 0, target)
            }
        }
        if let queries {
            queries.withUnsafeBufferPointer { if let base = $0.baseAddress { run(base) } }
        } else {
            run(q)
        }
        return scores
    }

    /// As ``pageScores(maximum:of:)``, of every `size` tokens. The cache keeps bounds of whole pages, so these are found from
    /// the keys; what counts as looked at is what bounds of such parts would be.
    func partScores(of size: Int, maximum: Bool) -> [Float] {
        let count = (slots + size - 1) / size
        touches.readBounds(pages: count)
        var low = [Float](repeating: 0, count: dimension)
        var high = low
        var pair = [Float](repeating: 0, count: 2 * dimension)
        return (0..<count).map { part in
            let own = part * size..<min(slots, (part + 1) * size)
            for slot in own {
                read(slot, into: &pair)
                for d in 0..<dimension {
                    let isFirst = slot == own.lowerBound
                    low[d] = isFirst ? pair[d] : min(low[d], pair[d])
                    high[d] = isFirst ? pair[d] : max(high[d], pair[d])
                }
            }
            var score: Float = maximum ? -.infinity : 0
            for member in 0..<group {
                var sum: Float = 0
                for d in 0..<dimension {
                    let x = q[member * dimension + d]
                    sum += max(x * low[d], x * high[d])
                }
                score = maximum ? max(score, sum) : score + sum
            }
            return score
        }
    }

    /// Reads a slot's key and value.
    private func read(_ slot: Int, into pair: inout [Float]) {
        let page = cache.pagePointer(table[slot / KVPage.tokens])
        pair.withUnsafeMutableBufferPointer { pair in
            guard let base = pair.baseAddress else { return }
            mk_read_slot(
                cache.shape.codec.code, page.assumingMemoryBound(to: UInt8.self), Int32(dimension),
                Int32(slot % KVPage.tokens), base, base + dimension)
        }
    }

    /// Attention that every slot receives from the token, summed over the group. Reads every key.
    func weights() -> [Float] {
        var sums = [Float](repeating: 0, count: slots)
        addWeights(of: q, count: 1, to: &sums)
        return sums
    }

    /// Adds the attention that every slot receives from the queries of the newest `count` tokens.
    func addWeights(of queries: UnsafePointer<Float>, count: Int, to sums: inout [Float]) {
        sums.withUnsafeMutableBufferPointer { sums in
            guard let target = sums.baseAddress else { return }
            do {
                try probe.addWeights(
                    of: queries, count: count, stride: group * dimension,
                    firstEnd: slots - count + 1, head: (layer, head), table: table, cache: cache,
                    to: target)
            } catch { preconditionFailure("SelectionView: \(error)") }
        }
    }

    /// The key in a slot, as attention sees it.
    func key(_ slot: Int) -> [Float] {
        touches.readKey(page: table[slot / KVPage.tokens])
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * dimension) { pair in
            guard let base = pair.baseAddress else { return [] }
            let page = cache.pagePointer(table[slot / KVPage.tokens])
            mk_read_slot(
                cache.shape.codec.code, page.assumingMemoryBound(to: UInt8.self), Int32(dimension),
                Int32(slot % KVPage.tokens), base, base + dimension)
            return Array(pair[..<dimension])
        }
    }

    /// The absolute position of a slot's token.
    func position(ofSlot slot: Int) -> Int {
        let page = table[slot / KVPage.tokens]
        return Int(cache.positions(ofPage: page)[slot % KVPage.tokens])
    }

    /// The sum over the group of its queries' products with a key.
    func product(_ key: [Float]) -> Float {
        var sum: Float = 0
        for member in 0..<group {
            for d in 0..<dimension { sum += q[member * dimension + d] * key[d] }
        }
        return sum
    }

    /// The mean of the group's queries.
    var meanQuery: [Float] {
        (0..<dimension).map { d in
            var sum: Float = 0
            for member in 0..<group { sum += q[member * dimension + d] }
            return sum / Float(group)
        }
    }
}
