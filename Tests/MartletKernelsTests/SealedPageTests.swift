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

    /// Tokens of a unit.
    private static func tokens(_ seal: mk_seal) -> Int { Int(mk_sealed_pages(seal)) * 16 }

    private func sealed(_ seal: mk_seal, _ keys: [Float], _ values: [Float], _ dimension: Int)
        -> (page: EdgeBuffer<UInt8>, keys: [Float], values: [Float])
    {
        let page = EdgeBuffer<UInt8>(
            count: mk_sealed_bytes(seal, Int32(dimension)), alignment: 64)
        mk_seal_pages(seal, keys, values, Int32(dimension), page.base)
        var (k, v) = (keys, values)
        for slot in 0..<Self.tokens(seal) {
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

    /// What a range of numbers may lose: half a step, by the step that reaches both ends from a centre next to the
    /// true one, whole in the units of what is stored together.
    private struct Bound {
        var centre: Double
        var step: Double

        init(
            _ ranges: [(low: Double, high: Double)], levels: Double, scales: Double,
            centres: Double
        ) {
            centre = (ranges.map { abs($0.low + $0.high) / 2 }.max() ?? 0) / centres
            step = ((ranges.map { $0.high - $0.low }.max() ?? 0) + centre) / levels / scales
        }

        /// The mean square of a range: its step is chosen for that, and cuts single numbers off.
        func meanSquare(_ range: (low: Double, high: Double), levels: Double) -> Double {
            pow(((range.high - range.low + centre) / levels + step) / 2, 2) * 1.001 + 1e-14
        }
    }

    /// Nothing loses more than steps that reach both ends of its range do; what is constant in its range comes back as
    /// near as its centre is stored.
    @Test(arguments: [2, 19, 64, 80, 128, 256]) func halfAStep(dimension: Int) {
        var random = CounterRandom(seed: 201, stream: UInt64(dimension))
        for seal in Self.seals {
            for magnitude: Float in [1e-2, 1, 100] {
                let tokens = Self.tokens(seal)
                var keys = random.floats(tokens * dimension, magnitude: magnitude)
                let values = random.floats(tokens * dimension, magnitude: magnitude)
                for slot in 0..<tokens { keys[slot * dimension] = 0.5 }
                let (_, k, v) = sealed(seal, keys, values, dimension)
                let channels = (0..<dimension).map { d in
                    (0..<tokens).map { $0 * dimension + d }
                }
                check(seal, channels, keys, k, scales: 255, centres: 127)
                let centre = channels.map { abs(range($0, keys).low + range($0, keys).high) / 2 }
                let off = (0..<tokens).map { abs(k[$0 * dimension] - 0.5) }.max() ?? 0
                #expect(Double(off) <= (centre.max() ?? 0) / 127 * 0.5001 + 1e-7)
                guard seal != .bits4Even, seal != .bits2Even else { continue }
                let groups = (0..<tokens).flatMap { slot in
                    stride(from: 0, to: dimension, by: 64).map { from in
                        Array(
                            slot * dimension + from..<slot * dimension + min(dimension, from + 64))
                    }
                }
                check(seal, groups, values, v, scales: 15, centres: 7)
            }
        }
    }

    private func range(_ indices: [Int], _ x: [Float]) -> (low: Double, high: Double) {
        let numbers = indices.map { Double(x[$0]) }
        return (numbers.min() ?? 0, numbers.max() ?? 0)
    }

    private func check(
        _ seal: mk_seal, _ groups: [[Int]], _ x: [Float], _ decoded: [Float],
        scales: Double, centres: Double
    ) {
        let ranges = groups.map { range($0, x) }
        let bound = Bound(
            ranges, levels: Self.levels(seal), scales: scales, centres: centres)
        for (group, range) in zip(groups, ranges) {
            let lost = group.reduce(0.0) { $0 + pow(Double(decoded[$1]) - Double(x[$1]), 2) }
            let allowed = bound.meanSquare(range, levels: Self.levels(seal))
            #expect(lost / Double(group.count) <= allowed, "\(seal) \(group.first ?? 0)")
        }
    }

    /// A channel with a bias of hundreds, as some models have, leaves the others their bits: they lose less than
    /// half as much again.
    @Test func biasesLeaveOthersTheirBits() {
        var random = CounterRandom(seed: 204)
        let plain = random.floats(16 * 64)
        var biased = plain
        for slot in 0..<16 { biased[slot * 64 + 9] += 40 }
        func error(_ keys: [Float]) -> Double {
            let decoded = sealed(.bits4, keys, plain, 64).keys
            return keys.indices.filter { $0 % 64 != 9 }
                .reduce(0.0) { $0 + pow(Double(decoded[$1] - keys[$1]), 2) }
        }
        #expect(error(biased) < 1.5 * error(plain))
    }

    /// A channel that stands out spoils the others by token, but not when channels are evened out first.
    @Test func evenChannelsLoseLess() {
        var random = CounterRandom(seed: 202)
        var values = random.floats(128 * 64)
        for slot in 0..<128 { values[slot * 64 + 5] *= 60 }
        func error(_ seal: mk_seal) -> Double {
            stride(from: 0, to: 128, by: Self.tokens(seal)).reduce(0.0) { sum, first in
                let part = Array(values[first * 64..<(first + Self.tokens(seal)) * 64])
                let decoded = sealed(seal, part, part, 64).values
                return part.indices.filter { $0 % 64 != 5 }
                    .reduce(sum) { $0 + pow(Double(decoded[$1] - part[$1]), 2) }
            }
        }
        #expect(error(.bits4Even) < 0.2 * error(.bits4))
        #expect(error(.bits2Even) < 0.5 * error(.bits2))
    }

    /// Open pages, holes and two kinds of sealed ones in one table, against float64 over what the pages
    /// decode to.
    @Test(arguments: [CacheCodec.f16, .f32, .q8], [19, 64, 128])
    func mixedPagesEqualTheReference(codec: CacheCodec, dimension: Int) {
        var random = CounterRandom(seed: 203, stream: UInt64(dimension))
        let (pages, group, queries) = (45, 3, 2)
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
            let units = [1] + [pair.0, pair.1].map { Int(mk_sealed_pages($0)) }
            var used = [0, 0, 0]
            while ids.count < pages {
                var kind = Int(random.next() % 3)
                if ids.count + units[kind] >= pages { kind = 0 }
                let (page, tokens) = (ids.count, units[kind] * 16)
                let own = random.floats(tokens * dimension)
                let other = random.floats(tokens * dimension)
                var (k, v) = (own, other)
                if kind > 0 {
                    let result = sealed([pair.0, pair.1][kind - 1], own, other, dimension)
                    (k, v) = (result.keys, result.values)
                    let unit = used[kind] / units[kind]
                    (arenas[kind].base + unit * sizes[kind - 1]).update(
                        from: result.page.base, count: sizes[kind - 1])
                    ids += (0..<units[kind]).map { Int32(kind * pages + used[kind] + $0) }
                    used[kind] += units[kind]
                } else {
                    ids.append(Int32(page))
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
                    mk_sealed_class(
                        pair.0, Int32(dimension), Int32(pages), arenas[1].base),
                    mk_sealed_class(
                        pair.1, Int32(dimension), Int32(2 * pages), arenas[2].base),
                ]
                classes.withUnsafeBufferPointer { classes in
                    var work = mk_attention(
                        arena: arenas[0].base, page_bytes: bytes, zero_page: zeros.base,
                        head_ids: table.base, head_pages: Int32(pages), tail_ids: table.base,
                        tail_base: Int32(pages), tail_pages: 0, codec: codec.code,
                        dimension: Int32(dimension), queries: Int32(queries), group: Int32(group),
                        q: query.base, query_stride: stride, scale: scale, cap: 0,
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
