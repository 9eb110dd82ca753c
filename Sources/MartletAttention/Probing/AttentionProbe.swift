// Attention weights themselves, for policies that choose by them; the forward pass never makes them.

import CMartletKernels
import Foundation
package import MartletCache
package import MartletKernels

/// Computes rows of attention weights over one head's cached tokens. One thread owns it.
package final class AttentionProbe {
    /// Query rows (tokens times heads of the group) that share a pass over the keys.
    package static let rows = 64

    private let shape: KVShape
    private let group: Int
    /// What scores are multiplied by.
    package let scale: Float
    /// What scaled scores are softly held below; 0 for none.
    private let cap: Float
    /// By layer and query head: logits without tokens; empty for none.
    private let sinkLogits: [[Float]]
    /// What its thread touches beside attention: every pass over keys here, and what its owner adds.
    package let touches: CacheTouches
    private let kernels: KernelSet
    private let scratch: AlignedBuffer<UInt8>
    private var weights: AlignedBuffer<Float>

    package init(
        shape: KVShape, group: Int, scale: Float, cap: Float = 0, sinkLogits: [[Float]] = [],
        kernels: KernelSet
    ) throws(KernelError) {
        self.sinkLogits = sinkLogits
        self.shape = shape
        self.group = group
        self.scale = scale
        self.cap = cap
        touches = CacheTouches(shape)
        self.kernels = kernels
        scratch = try AlignedBuffer(
            count: mk_attention_scratch(
                Int32(max(Self.rows, group)), Int32(shape.headDimension)))
        weights = try AlignedBuffer(count: 16)
    }

    /// Adds to `sums[slot]` the weights that `queries` tokens, `stride` floats apart, give to each
    /// slot with all heads of the group, token by token. Token `i` sees the slots below
    /// `firstEnd + i`. `sums` has at least as many places as the last of them sees.
    ///
    /// - Parameter head: the layer and the KV head that `table` belongs to.
    package func addWeights(
        of queries: UnsafePointer<Float>, count: Int, stride: Int, firstEnd: Int,
        head: (layer: Int, index: Int), table: PageTableView, cache: KVCache,
        to sums: UnsafeMutablePointer<Float>
    ) throws(KernelError) {
        let block = max(1, Self.rows / group)
        for first in Swift.stride(from: 0, to: count, by: block) {
            let tokens = min(block, count - first)
            let slots = firstEnd + first + tokens - 1
            let width = KVPage.count(forSlots: slots) * KVPage.tokens
            let rows = try weightRows(
                of: queries + first * stride, count: tokens, stride: stride,
                firstEnd: firstEnd + first, head: head, table: table, cache: cache)
            for row in 0..<tokens * group {
                let p = rows + row * width
                for slot in 0..<slots { sums[slot] += p[slot] }
            }
        }
    }

    /// Adds to `sums[slot]` the scaled products of one token's queries, all heads of the group, with the keys of
    /// the first `count` slots.
    package func addLogits(
        of queries: UnsafePointer<Float>, count: Int, table: PageTableView, cache: KVCache,
        to sums: UnsafeMutablePointer<Float>
    ) throws(KernelError) {
        let rows = try scoreRows(
            of: queries, count: 1, stride: 0, firstEnd: count, table: table, cache: cache)
        let width = KVPage.count(forSlots: count) * KVPage.tokens
        for member in 0..<group {
            for slot in 0..<count { sums[slot] += rows[member * width + slot] }
        }
    }

    /// Rows of weights `[count * group][slots, rounded up to whole pages]` of up to ``rows`` rows;
    /// valid until the next call.
    package func weightRows(
        of queries: UnsafePointer<Float>, count: Int, stride: Int, firstEnd: Int,
        head: (layer: Int, index: Int), table: PageTableView, cache: KVCache
    ) throws(KernelError) -> UnsafeMutablePointer<Float> {
        let base = try scoreRows(
            of: queries, count: count, stride: stride, firstEnd: firstEnd, table: table,
            cache: cache)
        let width = KVPage.count(forSlots: firstEnd + count - 1) * KVPage.tokens
        for row in 0..<count * group {
            let (scores, visible) = (base + row * width, firstEnd + row / group)
            guard let sink = sinkLogit(head, member: row % group) else {
                kernels.table.pointee.softmax(scores, Int32(visible), Int32(width))
                continue
            }
            var top = 0
            for slot in 1..<max(1, visible) where scores[slot] > scores[top] { top = slot }
            let largest = scores[top]
            kernels.table.pointee.softmax(scores, Int32(visible), Int32(width))
            // The largest weight is 1 over the sum of the others relative to it, to which the sink adds its own.
            let share = sink - largest > 80 ? 0 : 1 / (1 + exp(sink - largest) * scores[top])
            for slot in 0..<visible { scores[slot] *= share }
        }
        return base
    }

    /// The logit of a query head of a KV head's group that has no token behind it; nil in a model without.
    package func sinkLogit(_ head: (layer: Int, index: Int), member: Int) -> Float? {
        guard !sinkLogits.isEmpty else { return nil }
        return sinkLogits[head.layer][head.index * group + member]
    }

    /// The same before the softmax: scaled products, under the cap of a model that has one, nothing masked.
    package func scoreRows(
        of queries: UnsafePointer<Float>, count: Int, stride: Int, firstEnd: Int,
        table: PageTableView, cache: KVCache
    ) throws(KernelError) -> UnsafeMutablePointer<Float> {
        let pages = KVPage.count(forSlots: firstEnd + count - 1)
        let rows = try products(
            of: queries, count: count, stride: stride, pages: 0..<pages, scale: scale,
            table: table, cache: cache)
        if cap > 0 {
            kernels.table.pointee.soft_cap(
                rows, Int32(count * group * pages * KVPage.tokens), cap)
        }
        return rows
    }

    /// Products of up to ``rows`` rows with the keys of some of a table's pages, times `scale`,
    /// `[count * group][slots of the pages]`, nothing masked; valid until the next call.
    package func products(
        of queries: UnsafePointer<Float>, count: Int, stride: Int, pages: Range<Int>, scale: Float,
        table: PageTableView, cache: KVCache
    ) throws(KernelError) -> UnsafeMutablePointer<Float> {
        let width = pages.count * KVPage.tokens
        let needed = count * group * width
        if weights.count < needed {
            weights = try AlignedBuffer(count: needed, purpose: "attention weights")
        }
        let base = weights.base
        touches.readKeys(pages: pages.count)
        var work = mk_attention(
            arena: UnsafePointer(cache.arena.assumingMemoryBound(to: UInt8.self)),
            page_bytes: shape.pageBytes,
            zero_page: cache.zeroPage.assumingMemoryBound(to: UInt8.self),
            head_ids: table.sinkPages.baseAddress ?? PagedAttention.noPages,
            head_pages: Int32(table.sinkPages.count),
            tail_ids: table.recentPages.baseAddress ?? PagedAttention.noPages,
            tail_base: Int32(table.recentBase), tail_pages: Int32(table.recentPages.count),
            codec: shape.codec.code, dimension: Int32(shape.headDimension), queries: Int32(count),
            group: Int32(group), q: queries, query_stride: stride, scale: scale, cap: 0,
            first_end: Int32(pages.upperBound * KVPage.tokens), window: .max, sinks: 0,
            sink_scores: nil, sink_first_query: .max, until: nil, first_position: 0, bias: nil,
            classes: nil, class_count: 0, tile_begin: 0,
            tile_end: 0, maximum: base, sum: base, out: base,
            out_stride: 0, scratch: scratch.base)
        kernels.table.pointee.scores(
            &work, Int32(pages.lowerBound), Int32(pages.upperBound), base, width)
        return base
    }
}

extension [AttentionProbe] {
    /// Bytes that all of them counted since it was last taken; between two parallel loops.
    package func takeTouches() -> Int {
        var bytes = 0
        for probe in self { bytes += probe.touches.take() }
        return bytes
    }
}

extension StageContext {
    /// A probe for each thread.
    package func makeProbes() throws(KernelError) -> [AttentionProbe] {
        var probes: [AttentionProbe] = []
        for _ in 0..<pool.threadCount {
            probes.append(
                try AttentionProbe(
                    shape: shape, group: group, scale: scale, cap: cap, sinkLogits: sinkLogits,
                    kernels: kernels))
        }
        return probes
    }
}
