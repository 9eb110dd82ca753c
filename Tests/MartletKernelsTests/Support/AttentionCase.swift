// One sequence's pages of one KV head, and the queries that attend to them.

import CMartletKernels
import Foundation

@testable import MartletKernels

/// The states of some rows after a pass: unnormalised, as the kernel leaves them.
struct AttentionRows {
    var maximum: [Float]
    var sum: [Float]
    /// `dimension` floats a row.
    var vectors: [[Float]]
    /// Whether nothing was written outside the rows' own floats.
    var isIntact: Bool

    var count: Int { sum.count }

    func hasSameBits(as other: AttentionRows, rows: Range<Int>) -> Bool {
        sameBits(maximum, Array(other.maximum[rows])) && sameBits(sum, Array(other.sum[rows]))
            && zip(vectors, other.vectors[rows]).allSatisfy { sameBits($0, $1) }
    }

    /// The rows' results, by the kernels' own normalisation.
    func results() -> [[Float]] {
        zip(vectors, sum).map { vector, sum in
            var out = Array(repeating: Float.nan, count: vector.count)
            mk_normalise(vector, sum, Int32(vector.count), &out)
            return out
        }
    }

    /// Folds in a later segment.
    mutating func merge(_ later: AttentionRows) {
        for r in 0..<count {
            let width = Int32(vectors[r].count)
            mk_merge(
                &maximum[r], &sum[r], &vectors[r], later.maximum[r], later.sum[r], later.vectors[r],
                width)
        }
    }
}

/// What queries see: all of what precedes them, or a window and sinks.
struct Pattern: Sendable {
    var window: Int?
    var sinks = 0

    func begin(end: Int) -> Int { max(0, end - (window ?? end)) }

    func sees(_ slot: Int, end: Int) -> Bool {
        Reference.isVisible(slot, begin: begin(end: end), end: end, sinks: sinks)
    }
}

/// What holds for single slots: until when they are seen, and what is added to their scores.
struct SlotRules {
    var until: [Int32]
    var bias: [Float]

    /// With whole tiles of what nobody may look at.
    var padded: (until: EdgeBuffer<Int32>, bias: EdgeBuffer<Float>) {
        let padding = (until.count + 127) / 128 * 128 - until.count
        return (
            EdgeBuffer(until + Array(repeating: .max, count: padding)),
            EdgeBuffer(bias + Array(repeating: 7, count: padding))
        )
    }
}

/// A page table as the kernel takes it.
struct PageIDs {
    var head: [Int32]
    var tailBase = 0
    var tail: [Int32] = []
}

final class AttentionCase {
    let codec: CacheCodec
    let dimension: Int
    let group: Int
    let length: Int
    let queries: Int
    let scale: Float
    let keys: [Float]
    let values: [Float]
    let q: [Float]
    let pageCount: Int
    /// Page ids in an order that is not the arena's.
    let dense: PageIDs
    private let pageBytes: Int
    private let arena: EdgeBuffer<UInt8>
    private let zeros: EdgeBuffer<UInt8>
    private let qBuffer: EdgeBuffer<Float>
    private let queryStride: Int
    private let width: Int

    /// Position of the first query plus one.
    var firstEnd: Int { length - queries + 1 }

    /// Fills `length` slots, every other slot of the pages with large finite garbage of
    /// `garbageSeed`, and `queries` queries whose last one sees all of them.
    init(
        _ codec: CacheCodec, dimension: Int, group: Int, length: Int, queries: Int,
        seed: UInt64 = 1,
        garbageSeed: UInt64 = 1, magnitude: Float = 1
    ) {
        (self.codec, self.dimension, self.group) = (codec, dimension, group)
        (self.length, self.queries) = (length, queries)
        scale = 1 / Float(dimension).squareRoot()
        width = (dimension + 15) & ~15
        pageCount = (length + 15) / 16
        pageBytes = codec.pageBytes(headDimension: dimension)
        arena = EdgeBuffer(count: pageCount * pageBytes, alignment: 64)
        zeros = EdgeBuffer(count: pageBytes, alignment: 64)
        var random = CounterRandom(seed: seed, stream: UInt64(dimension * 10_000 + length))
        var garbage = CounterRandom(seed: garbageSeed, stream: 99)
        dense = PageIDs(head: (0..<Int32(pageCount)).shuffled(using: &random))
        let append = KernelSet(.portable).table.pointee.append
        let token = EdgeBuffer<Float>(count: 2 * dimension)
        var (keys, values) = (
            Array(repeating: Float(0), count: length * dimension),
            Array(repeating: Float(0), count: length * dimension)
        )
        for slot in 0..<pageCount * 16 {
            let isReal = slot < length
            for i in 0..<2 * dimension {
                token.base[i] = isReal ? random.signedUnit() : garbage.signedUnit() * 1000
            }
            let page = arena.base + Int(dense.head[slot / 16]) * pageBytes
            append(
                codec.code, page, Int32(dimension), Int32(slot % 16), token.base,
                token.base + dimension)
            guard isReal else { continue }
            keys.withUnsafeMutableBufferPointer { k in
                values.withUnsafeMutableBufferPointer { v in
                    mk_read_slot(
                        codec.code, page, Int32(dimension), Int32(slot % 16),
                        k.baseAddress! + slot * dimension, v.baseAddress! + slot * dimension)
                }
            }
        }
        (self.keys, self.values) = (keys, values)
        queryStride = group * dimension + 7
        q = random.floats((queries - 1) * queryStride + group * dimension, magnitude: magnitude)
        qBuffer = EdgeBuffer(q)
    }

    /// Runs the kernel on some of the queries.
    func attend(
        _ set: InstructionSet, queries range: Range<Int>? = nil, pattern: Pattern = Pattern(),
        table: PageIDs? = nil, tiles: Range<Int>? = nil, sinkScores: [Float]? = nil,
        sinkFirstQuery: Int = 0, slotRules: SlotRules? = nil, cap: Float = 0
    ) -> AttentionRows {
        let range = range ?? 0..<queries
        let rows = range.count * group
        let table = table ?? dense
        let (head, tail) = (EdgeBuffer(table.head), EdgeBuffer(table.tail))
        let end = firstEnd + range.upperBound - 1
        let tiles = tiles ?? 0..<(end + Int(MK_TILE) - 1) / Int(MK_TILE)
        let outStride = width + 5
        let (maximum, sum) = (GuardedFloats(count: rows), GuardedFloats(count: rows))
        let out = GuardedFloats(count: rows * outStride)
        let scratch = EdgeBuffer<UInt8>(
            count: mk_attention_scratch(Int32(rows), Int32(dimension)), alignment: 64)
        memset(scratch.base, 0xFF, scratch.count)
        let scores = sinkScores.map {
            EdgeBuffer(
                Array(
                    $0[
                        range.lowerBound * group * pattern.sinks..<range.upperBound * group
                            * pattern.sinks]))
        }
        let rules = slotRules?.padded
        var work = mk_attention(
            arena: arena.base, page_bytes: pageBytes, zero_page: zeros.base, head_ids: head.base,
            head_pages: Int32(table.head.count), tail_ids: tail.base,
            tail_base: Int32(table.tailBase), tail_pages: Int32(table.tail.count),
            codec: codec.code, dimension: Int32(dimension), queries: Int32(range.count),
            group: Int32(group), q: qBuffer.base + range.lowerBound * queryStride,
            query_stride: queryStride, scale: scale, cap: cap,
            first_end: Int32(firstEnd + range.lowerBound),
            window: Int32(clamping: pattern.window ?? Int(Int32.max)), sinks: Int32(pattern.sinks),
            sink_scores: scores.map { UnsafePointer($0.base) },
            sink_first_query: Int32(max(0, sinkFirstQuery - range.lowerBound)),
            until: rules.map { UnsafePointer($0.until.base) },
            first_position: Int32(firstEnd - 1 + range.lowerBound),
            bias: rules.map { UnsafePointer($0.bias.base) }, classes: nil, class_count: 0,
            tile_begin: Int32(tiles.lowerBound),
            tile_end: Int32(tiles.upperBound),
            maximum: maximum.base, sum: sum.base, out: out.base, out_stride: outStride,
            scratch: scratch.base)
        withExtendedLifetime((head, tail, scores, rules)) {
            KernelSet(set).table.pointee.attend(&work)
        }
        let isPaddingIntact = (0..<rows).allSatisfy { row in
            out.isUntouched(row * outStride + width..<(row + 1) * outStride)
        }
        return AttentionRows(
            maximum: maximum.array, sum: sum.array,
            vectors: (0..<rows).map { row in
                Array(UnsafeBufferPointer(start: out.base + row * outStride, count: dimension))
            },
            isIntact: maximum.isIntact && sum.isIntact && out.isIntact && isPaddingIntact)
    }

    /// Scores of all queries against some pages, `stride` floats a row.
    func scores(
        _ set: InstructionSet, pages: Range<Int>
    ) -> (rows: [Float], stride: Int, isIntact: Bool) {
        let rows = queries * group
        let stride = pages.count * 16 + 16
        let out = GuardedFloats(count: rows * stride)
        let head = EdgeBuffer(dense.head)
        let scratch = EdgeBuffer<UInt8>(
            count: mk_attention_scratch(Int32(rows), Int32(dimension)), alignment: 64)
        var work = mk_attention(
            arena: arena.base, page_bytes: pageBytes, zero_page: zeros.base, head_ids: head.base,
            head_pages: Int32(dense.head.count), tail_ids: head.base, tail_base: Int32(pageCount),
            tail_pages: 0, codec: codec.code, dimension: Int32(dimension),
            queries: Int32(queries), group: Int32(group), q: qBuffer.base,
            query_stride: queryStride, scale: scale, cap: 0, first_end: 0, window: 0, sinks: 0,
            sink_scores: nil, sink_first_query: 0, until: nil,
            first_position: 0, bias: nil, classes: nil, class_count: 0, tile_begin: 0, tile_end: 0,
            maximum: out.base,
            sum: out.base, out: out.base, out_stride: 0, scratch: scratch.base)
        withExtendedLifetime(head) {
            KernelSet(set).table.pointee.scores(
                &work, Int32(pages.lowerBound), Int32(pages.upperBound), out.base, stride)
        }
        let isPaddingIntact = (0..<rows).allSatisfy { row in
            out.isUntouched(row * stride + pages.count * 16..<(row + 1) * stride)
        }
        return (out.array, stride, out.isIntact && isPaddingIntact)
    }

    /// The scaled product of one row's query with one slot's key.
    func score(row: Int, slot: Int) -> Double {
        let from = row / group * queryStride + row % group * dimension
        var sum = 0.0
        for i in 0..<dimension {
            sum += Double(q[from + i]) * Double(keys[slot * dimension + i])
        }
        return sum * Double(scale)
    }

    /// The definition, row by row.
    func expected(
        pattern: Pattern = Pattern(), slots: Range<Int>? = nil, sinkScores: [Float]? = nil,
        sinkFirstQuery: Int = 0, slotRules: SlotRules? = nil, cap: Double = 0
    ) -> [Reference.AttentionState] {
        (0..<queries * group).map { row in
            let query = row / group
            let from = query * queryStride + row % group * dimension
            let end = firstEnd + query
            var score: ((Int) -> Double?)?
            if let sinkScores, query >= sinkFirstQuery {
                score = { $0 < pattern.sinks ? Double(sinkScores[row * pattern.sinks + $0]) : nil }
            }
            if slotRules != nil || cap > 0 {
                let given = score
                score = { [self] slot in
                    let plain = given?(slot) ?? self.score(row: row, slot: slot)
                    return (cap > 0 ? cap * tanh(plain / cap) : plain)
                        + Double(slotRules?.bias[slot] ?? 0)
                }
            }
            return Reference.attend(
                query: q[from..<from + dimension], keys: keys, values: values, scale: scale,
                range: slots ?? 0..<length, score: score
            ) { slot in
                pattern.sees(slot, end: end)
                    && slotRules.map { $0.until[slot] > Int32(end - 1) } ?? true
            }
        }
    }

    /// Tables whose pages that no query sees are holes, or are left out of the tail.
    func tablesWithHoles(_ pattern: Pattern) -> [PageIDs] {
        let isSeen = (0..<pageCount).map { page in
            (0..<queries).contains { query in
                (page * 16..<page * 16 + 16).contains { pattern.sees($0, end: firstEnd + query) }
            }
        }
        let holes = dense.head.indices.map { isSeen[$0] ? dense.head[$0] : -1 }
        let sinkPages = min(pageCount, (pattern.sinks + 15) / 16)
        let first = max(sinkPages, pattern.begin(end: firstEnd) / 16)
        let split = PageIDs(
            head: Array(dense.head[0..<sinkPages]), tailBase: first,
            tail: Array(dense.head[min(first, pageCount)...]))
        return [PageIDs(head: holes), split]
    }

    /// Largest |value| that any row can see.
    var largestValue: Double { values.reduce(0) { max($0, Double($1.magnitude)) } }

    /// Worst error of the rows' results, relative to the largest value.
    func worstError(_ rows: AttentionRows, _ expected: [Reference.AttentionState]) -> Double {
        let errors = zip(rows.results(), expected).map {
            MartletKernelsTests.worstError($0, $1.result)
        }
        return (errors.max() ?? .infinity) / largestValue
    }
}
