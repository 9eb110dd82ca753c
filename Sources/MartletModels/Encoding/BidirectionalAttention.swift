// Attention of every token of a text to all of the text, or to its neighbourhood.

import CMartletKernels
import MartletKernels

/// What one thread needs while it attends: the keys and values of one head of a text as pages, laid out as those of a
/// cache are, so that the same kernel reads them.
final class AttentionScratch {
    /// Queries that share a pass over the keys.
    static let queryBlock = 128

    let pageBytes: Int
    let width: Int
    private let pageBuffer: AlignedBuffer<UInt8>
    private let idBuffer: AlignedBuffer<Int32>
    private let floats: AlignedBuffer<Float>
    private let bytes: AlignedBuffer<UInt8>
    /// Pages of keys and values; the one before them holds zeros.
    var pages: UnsafeMutablePointer<UInt8> { pageBuffer.base + pageBytes }
    var zeroPage: UnsafeMutablePointer<UInt8> { pageBuffer.base }
    var ids: UnsafeMutablePointer<Int32> { idBuffer.base }
    /// By slot, whether a token is there: the largest number, or 0.
    var until: UnsafeMutablePointer<Int32> { idBuffer.base + idBuffer.count / 2 }
    var maximum: UnsafeMutablePointer<Float> { floats.base }
    var sum: UnsafeMutablePointer<Float> { floats.base + Self.queryBlock }
    var queries: UnsafeMutablePointer<Float> { floats.base + 2 * Self.queryBlock }
    var out: UnsafeMutablePointer<Float> {
        floats.base + 2 * Self.queryBlock + Self.queryBlock * width
    }
    var kernelScratch: UnsafeMutableRawPointer { UnsafeMutableRawPointer(bytes.base) }

    init(headDimension: Int, longest: Int) throws(KernelError) {
        pageBytes = mk_page_bytes(CacheCodec.f32.code, Int32(headDimension))
        width = (headDimension + 15) & ~15
        let tile = Int(MK_TILE)
        // Slots of whole tiles, which is what `until` is read in.
        let slots = (longest + tile - 1) / tile * tile
        let count = slots / Int(MK_LANES)
        pageBuffer = try AlignedBuffer(count: (count + 1) * pageBytes, purpose: "attention")
        idBuffer = try AlignedBuffer(count: 2 * slots, purpose: "attention")
        for page in 0..<count { idBuffer.base[page] = Int32(page) }
        floats = try AlignedBuffer(
            count: 2 * Self.queryBlock * (1 + width), purpose: "attention")
        bytes = try AlignedBuffer(
            count: mk_attention_scratch(Int32(Self.queryBlock), Int32(headDimension)),
            purpose: "attention")
    }
}

extension EncoderStep {
    /// Attention of all rows, once they are projected. A head of keys of a text, with the heads of queries that share it, is
    /// one piece of work: a token's result depends on its own text alone, in one order.
    func attend(_ layer: EncoderLayer) {
        let heads = plan.keyValueHeadCount
        let turn = layer.plan.rotaryBase.flatMap { turns[$0] }
        pool.run(spans.count * heads) { piece, worker in
            let span = spans[piece / heads]
            // Where a neighbourhood is the whole text, it is computed as such.
            let reach = layer.plan.reach.flatMap { $0 < span.count - 1 ? $0 : nil }
            attend(span, head: piece % heads, reach: reach, turn: turn, layer, scratch[worker])
        }
    }

    private func attend(
        _ span: EncodedSpan, head: Int, reach: Int?, turn: EncoderTurn?, _ layer: EncoderLayer,
        _ scratch: AttentionScratch
    ) {
        let stride = plan.projectedWidth
        let group = plan.headCount / plan.keyValueHeadCount
        let first = queryKeyValue + span.first * stride
        write(span, first + plan.queryWidth + head * plan.headDimension, turn, layer, scratch)
        for query in head * group..<(head + 1) * group {
            let queries = first + query * plan.headDimension
            for place in 0..<span.count {
                ready(queries + place * stride, place, turn, layer.queryNorm)
            }
            attend(
                span, queries, attended + span.first * plan.queryWidth + query * plan.headDimension,
                reach: reach, scratch)
        }
    }

    /// Normalises and turns one head of one token.
    private func ready(
        _ vector: UnsafeMutablePointer<Float>, _ place: Int, _ turn: EncoderTurn?, _ norm: Norm?
    ) {
        norm?(kernels, vector, count: plan.headDimension, out: vector)
        guard let turn else { return }
        kernels.table.pointee.rotate(
            vector, turn.cosines + place * turn.half, turn.sines + place * turn.half,
            Int32(turn.half))
    }

    /// Writes keys and values of a head into pages.
    private func write(
        _ span: EncodedSpan, _ keys: UnsafeMutablePointer<Float>, _ turn: EncoderTurn?,
        _ layer: EncoderLayer, _ scratch: AttentionScratch
    ) {
        let table = kernels.table.pointee
        let lanes = Int(MK_LANES)
        let pageCount = (span.count + lanes - 1) / lanes
        // Slots behind the last token are read and weigh nothing; they must be numbers.
        (scratch.pages + (pageCount - 1) * scratch.pageBytes).update(
            repeating: 0, count: scratch.pageBytes)
        for place in 0..<span.count {
            let key = keys + place * plan.projectedWidth
            ready(key, place, turn, layer.keyNorm)
            table.append(
                CacheCodec.f32.code, scratch.pages + place / lanes * scratch.pageBytes,
                Int32(plan.headDimension), Int32(place % lanes), key, key + plan.keyWidth)
        }
    }

    /// One head of queries over the pages.
    private func attend(
        _ span: EncodedSpan, _ queries: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>,
        reach: Int?, _ scratch: AttentionScratch
    ) {
        let dimension = plan.headDimension
        let stride = plan.projectedWidth
        let table = kernels.table.pointee
        let lanes = Int(MK_LANES)
        let pageCount = (span.count + lanes - 1) / lanes
        let tile = Int(MK_TILE)
        if reach != nil {
            for slot in 0..<(span.count + tile - 1) / tile * tile {
                scratch.until[slot] = slot < span.count ? Int32.max : 0
            }
        }
        var work = mk_attention(
            arena: UnsafePointer(scratch.pages), page_bytes: scratch.pageBytes,
            zero_page: UnsafePointer(scratch.zeroPage), head_ids: UnsafePointer(scratch.ids),
            head_pages: Int32(pageCount), tail_ids: UnsafePointer(scratch.ids),
            tail_base: Int32(pageCount), tail_pages: 0, codec: CacheCodec.f32.code,
            dimension: Int32(dimension), queries: 1, group: 1, q: UnsafePointer(scratch.queries),
            query_stride: dimension,
            scale: plan.attentionScale ?? 1 / Float(dimension).squareRoot(), cap: 0,
            first_end: Int32(span.count), window: Int32.max, sinks: 0, sink_scores: nil,
            sink_first_query: 0, until: nil, first_position: 0, bias: nil, classes: nil,
            class_count: 0, tile_begin: 0, tile_end: Int32((span.count + tile - 1) / tile),
            maximum: scratch.maximum, sum: scratch.sum, out: scratch.out,
            out_stride: scratch.width, scratch: scratch.kernelScratch)
        for first in Swift.stride(from: 0, to: span.count, by: AttentionScratch.queryBlock) {
            let count = min(AttentionScratch.queryBlock, span.count - first)
            for query in 0..<count {
                (scratch.queries + query * dimension).update(
                    from: queries + (first + query) * stride, count: dimension)
            }
            if let reach {
                // Each query is one further on, and sees `reach` to each side.
                work.queries = Int32(count)
                work.first_end = Int32(first + reach + 1)
                work.window = Int32(2 * reach + 1)
                work.until = UnsafePointer(scratch.until)
                let end = min(span.count, first + count + reach)
                work.tile_begin = Int32(max(0, first - reach) / tile)
                work.tile_end = Int32((end + tile - 1) / tile)
            } else {
                // As many heads of one query that sees the whole text: each sees the same.
                work.group = Int32(count)
            }
            withUnsafePointer(to: work) { table.attend($0) }
            for query in 0..<count {
                mk_normalise(
                    scratch.out + query * scratch.width, scratch.sum[query], Int32(dimension),
                    result + (first + query) * plan.queryWidth)
            }
        }
    }
}
