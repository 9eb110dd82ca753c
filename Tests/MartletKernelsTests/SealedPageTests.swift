// Sealed pages: what a few bits lose, and attention over pages of several kinds.

import CMartletKernels
import Foundation
import Testing

@testable import MartletKernels

@Suite struct SealedPageTests {
    static let seals: [mk_seal] = [.bits8, .bits4, .bits2, .bits4Even, .bits2Even]
    static func levels(_ seal: mk_seal) -> Double {
        switch seal {
        case .bits8: 255
        case .bits4, .bits4Even: 15
        case .bits2, .bits2Even: 3
        }
    }

    private func sealed(_ seal: mk_seal, _ keys: [Float], _ values: [Float], _ dimension: Int)
        -> (page: EdgeBuffer<UInt8>, keys: [Float], values: [Float])
    {
        let page = EdgeBuffer<UInt8>(
            count: mk_sealed_bytes(seal, Int32(dimension)), alignment: 64)
        mk_seal_page(seal, keys, values, Int32(dimension), page.base)
        var (k, v) = (keys, values)
        for slot in 0..<16 {
            k.withUnsafeMutableBufferPointer { k in
                v.withUnsafeMutableBufferPointer { v in
                    mk_read_sealed(
                        seal, page.base, Int32(dimension), Int32(slot),
                        k.baseAddress! + slot * dimension, v.baseAddress! + slot * dimension)
                }
            }
        }
        return (page, k, v)
    }

    /// No element is further off than half a step of its group, but for the rounding of scale and minimum
    /// to halves; what is constant in its group comes back as it was.
    @Test(arguments: [2, 19, 64, 80, 128]) func halfAStep(dimension: Int) {
        var random = CounterRandom(seed: 201, stream: UInt64(dimension))
        for seal in Self.seals {
            for magnitude: Float in [1e-2, 1, 100] {
                var keys = random.floats(16 * dimension, magnitude: magnitude)
                let values = random.floats(16 * dimension, magnitude: magnitude)
                for slot in 0..<16 { keys[slot * dimension] = 0.5 }
                let (_, k, v) = sealed(seal, keys, values, dimension)
                for d in 0..<dimension {
                    let channel = (0..<16).map { Double(keys[$0 * dimension + d]) }
                    let (low, high) = (channel.min()!, channel.max()!)
                    let bound = (high - low) / Self.levels(seal) * 0.502 + abs(low) * 1e-3 + 1e-7
                    for slot in 0..<16 {
                        let error = abs(
                            Double(k[slot * dimension + d]) - Double(keys[slot * dimension + d]))
                        #expect(error <= bound, "\(seal) key \(d): \(error) > \(bound)")
                    }
                }
                #expect((0..<16).allSatisfy { k[$0 * dimension] == 0.5 })
                guard seal != .bits4Even, seal != .bits2Even else { continue }
                for slot in 0..<16 {
                    for from in stride(from: 0, to: dimension, by: 64) {
                        let range =
                            slot * dimension + from..<slot * dimension
                            + min(dimension, from + 64)
                        let group = values[range].map(Double.init)
                        let (low, high) = (group.min()!, group.max()!)
                        let bound =
                            (high - low) / Self.levels(seal) * 0.502 + abs(low) * 1e-3 + 1e-7
                        for i in range {
                            #expect(abs(Double(v[i]) - Double(values[i])) <= bound, "\(seal)")
                        }
                    }
                }
            }
        }
    }

    /// A channel that stands out spoils the others by token, but not when channels are evened out first.
    @Test func evenChannelsLoseLess() {
        var random = CounterRandom(seed: 202)
        var values = random.floats(16 * 64)
        for slot in 0..<16 { values[slot * 64 + 5] *= 60 }
        func error(_ seal: mk_seal) -> Double {
            let decoded = sealed(seal, values, values, 64).values
            return values.indices.filter { $0 % 64 != 5 }
                .reduce(0.0) { $0 + pow(Double(decoded[$1] - values[$1]), 2) }
        }
        #expect(error(.bits4Even) < 0.2 * error(.bits4))
        #expect(error(.bits2Even) < 0.5 * error(.bits2))
    }

    /// Open pages, holes and two kinds of sealed ones in one table, against float64 over what the pages
    /// decode to.
    @Test(arguments: [CacheCodec.f16, .f32, .q8], [19, 64, 128])
    func mixedPagesEqualTheReference(codec: CacheCodec, dimension: Int) {
        var random = CounterRandom(seed: 203, stream: UInt64(dimension))
        let (pages, group, queries) = (21, 3, 2)
        let length = pages * 16 - 5
        for pair in [(mk_seal.bits8, mk_seal.bits2), (.bits4, .bits2Even), (.bits4Even, .bits8)] {
            let bytes = codec.pageBytes(headDimension: dimension)
            let sizes = [pair.0, pair.1].map { mk_sealed_bytes($0, Int32(dimension)) }
            let arenas = [bytes, sizes[0], sizes[1]].map {
                EdgeBuffer<UInt8>(count: pages * $0, alignment: 64)
            }
            let zeros = EdgeBuffer<UInt8>(count: bytes, alignment: 64)
            var (ids, keys, values): ([Int32], [Float], [Float]) = ([], [], [])
            let append = KernelSet(.portable).table.pointee.append
            for page in 0..<pages {
                let kind = page == pages - 1 ? 0 : Int(random.next() % 3)
                let own = random.floats(16 * dimension)
                let other = random.floats(16 * dimension)
                ids.append(Int32(kind * pages + page))
                var (k, v) = (own, other)
                if kind > 0 {
                    let result = sealed([pair.0, pair.1][kind - 1], own, other, dimension)
                    (k, v) = (result.keys, result.values)
                    (arenas[kind].base + page * sizes[kind - 1]).update(
                        from: result.page.base, count: sizes[kind - 1])
                } else {
                    let base = arenas[0].base + page * bytes
                    for slot in 0..<16 {
                        let range = slot * dimension..<(slot + 1) * dimension
                        append(
                            codec.code, base, Int32(dimension), Int32(slot), Array(own[range]),
                            Array(other[range]))
                        var (a, b) = (Array(own[range]), Array(other[range]))
                        mk_read_slot(codec.code, base, Int32(dimension), Int32(slot), &a, &b)
                        k.replaceSubrange(range, with: a)
                        v.replaceSubrange(range, with: b)
                    }
                }
                keys += k
                values += v
            }
            let stride = group * dimension
            let q = random.floats(queries * stride)
            let (query, table) = (EdgeBuffer(q), EdgeBuffer(ids))
            let scale = 1 / Float(dimension).squareRoot()
            let width = (dimension + 15) & ~15
            for set in InstructionSet.available {
                let rows = queries * group
                let (maximum, sum) = (GuardedFloats(count: rows), GuardedFloats(count: rows))
                let out = GuardedFloats(count: rows * width)
                let scratch = EdgeBuffer<UInt8>(
                    count: mk_attention_scratch(Int32(rows), Int32(dimension)), alignment: 64)
                let classes = [
                    mk_page_class(
                        first: Int32(pages), seal: pair.0, arena: arenas[1].base,
                        page_bytes: sizes[0]),
                    mk_page_class(
                        first: Int32(2 * pages), seal: pair.1, arena: arenas[2].base,
                        page_bytes: sizes[1]),
                ]
                classes.withUnsafeBufferPointer { classes in
                    var work = mk_attention(
                        arena: arenas[0].base, page_bytes: bytes, zero_page: zeros.base,
                        head_ids: table.base, head_pages: Int32(pages), tail_ids: table.base,
                        tail_base: Int32(pages), tail_pages: 0, codec: codec.code,
                        dimension: Int32(dimension), queries: Int32(queries), group: Int32(group),
                        q: query.base, query_stride: stride, scale: scale,
                        first_end: Int32(length - queries + 1), window: .max, sinks: 0,
                        sink_scores: nil, sink_first_query: 0, until: nil, first_position: 0,
                        bias: nil, classes: classes.baseAddress, class_count: 2, tile_begin: 0,
                        tile_end: Int32((length + 127) / 128), maximum: maximum.base, sum: sum.base,
                        out: out.base, out_stride: width, scratch: scratch.base)
                    KernelSet(set).table.pointee.attend(&work)
                }
                var worst = 0.0
                for row in 0..<rows {
                    let end = length - queries + 1 + row / group
                    let from = row / group * stride + row % group * dimension
                    let expected = Reference.attend(
                        query: q[from..<from + dimension], keys: keys, values: values,
                        scale: scale, range: 0..<length
                    ) { $0 < end }.result
                    for d in 0..<dimension {
                        let got = out.array[row * width + d] / sum.array[row]
                        worst = max(worst, abs(Double(got) - expected[d]))
                    }
                }
                #expect(worst < (codec == .q8 ? 1e-4 : 4e-6), "\(set) \(pair): \(worst)")
                #expect(out.isIntact && sum.isIntact && maximum.isIntact)
            }
        }
    }
}
