// Pages of the cache: their bytes, what a token becomes in each codec, and the error it costs.

import CMartletKernels
import Foundation
import Testing

@testable import MartletKernels

@Suite struct PageTests {
    static let dimensions = [1, 2, 6, 8, 19, 38, 64, 80, 128, 200]

    @Test(arguments: CacheCodec.allCases)
    func pagesAreWholeCacheLines(codec: CacheCodec) {
        for dimension in 1...300 {
            let bytes = codec.pageBytes(headDimension: dimension)
            #expect(bytes == Reference.PageLayout(codec, dimension: dimension).byteCount)
            #expect(bytes % 64 == 0)
        }
    }

    /// Tokens written in any order of slots give the bytes of the reference, no other byte changes,
    /// and they read back as the reference decodes them.
    @Test(arguments: CacheCodec.allCases, dimensions)
    func appendGivesTheBytesOfTheReference(codec: CacheCodec, dimension: Int) {
        var random = CounterRandom(seed: 31, stream: UInt64(dimension))
        let bytes = codec.pageBytes(headDimension: dimension)
        let before = (0..<bytes).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        var expected = before
        let slots = (0..<16).shuffled(using: &random)
        let tokens = slots.map { slot in
            let magnitude: Float = [0, 1e-6, 1e-3, 1, 300][slot % 5]
            return (
                key: random.floats(dimension, magnitude: magnitude).map { $0 + 0 },
                value: random.floats(dimension)
            )
        }
        for (slot, token) in zip(slots, tokens) {
            Reference.append(
                codec, page: &expected, dimension: dimension, slot: slot, key: token.key,
                value: token.value)
        }
        for set in InstructionSet.available {
            let page = EdgeBuffer(before, alignment: 64)
            for (slot, token) in zip(slots, tokens) {
                let (key, value) = (EdgeBuffer(token.key), EdgeBuffer(token.value))
                KernelSet(set).table.pointee.append(
                    codec.code, page.base, Int32(dimension), Int32(slot), key.base, value.base)
            }
            let got = page.array
            let isEqual = got == expected
            #expect(isEqual, "\(set) \(codec) \(dimension)")
            for slot in 0..<16 {
                let (key, value) = (
                    GuardedFloats(count: dimension), GuardedFloats(count: dimension)
                )
                mk_read_slot(
                    codec.code, page.base, Int32(dimension), Int32(slot), key.base, value.base)
                let decoded = Reference.read(codec, page: got, dimension: dimension, slot: slot)
                #expect(worstError(key.array, decoded.key.map(Double.init)) <= 1e-7 * 300)
                #expect(worstError(value.array, decoded.value.map(Double.init)) <= 1e-7)
                #expect(key.isIntact && value.isIntact)
            }
        }
    }

    /// What each codec promises of one element: exact; half a unit of an 11-bit or 8-bit mantissa;
    /// half a step of 1/127 of the group's largest (with its f16 scale at most 2^-10 too large);
    /// half a step of 1/15 of the group's span and what the rounding of the minimum to f16 and of
    /// the scale (15 steps of it) add.
    @Test(arguments: CacheCodec.allCases, [Float(1e-2), 1, 100])
    func errorsStayWithinTheBounds(codec: CacheCodec, magnitude: Float) {
        let dimension = 80
        var random = CounterRandom(seed: 32)
        var page = Array(repeating: UInt8(0), count: codec.pageBytes(headDimension: dimension))
        var isWithin = true
        for round in 0..<200 {
            let offset = round % 3 == 0 ? magnitude * 3 : 0
            let x = random.floats(dimension, magnitude: magnitude).map { $0 + offset }
            KernelSet(.portable).table.pointee.append(
                codec.code, &page, Int32(dimension), Int32(round % 16), x, x)
            var (key, value) = (x, x)
            mk_read_slot(codec.code, page, Int32(dimension), Int32(round % 16), &key, &value)
            for (decoded, size) in [(key, codec == .q8 ? 64 : 32), (value, 64)] {
                for d in 0..<dimension {
                    let part = x[d / size * size..<min(dimension, d / size * size + size)]
                    let (low, high) = (part.min() ?? 0, part.max() ?? 0)
                    let largest = max(-low, high)
                    let bound =
                        switch codec {
                        case .f32: Float(0)
                        case .f16: max(x[d].magnitude * 0x1p-11, 0x1p-25)
                        case .bf16: x[d].magnitude * 0x1p-8
                        case .q8: largest / 127 * 0.501
                        case .q4:
                            (high - low) / 15 * 0.51 + (high - low) * 0x1p-11 + largest * 0x1p-11
                        }
                    isWithin = isWithin && abs(decoded[d] - x[d]) <= bound
                }
            }
        }
        #expect(isWithin)
    }

    /// A value beyond what a codec can hold saturates: an infinity in a slot that a query may not see
    /// would reach it as 0 times infinity.
    @Test(arguments: InstructionSet.available, [CacheCodec.f16, .q8, .q4])
    func hugeValuesSaturate(set: InstructionSet, codec: CacheCodec) {
        var page = Array(repeating: UInt8(0), count: codec.pageBytes(headDimension: 8))
        for huge: Float in [1e5, -1e5, 1e9, -3e38] {
            let x = Array(repeating: huge, count: 8)
            KernelSet(set).table.pointee.append(codec.code, &page, 8, 3, x, x)
            var (key, value) = (x, x)
            mk_read_slot(codec.code, page, 8, 3, &key, &value)
            #expect((key + value).allSatisfy { $0.isFinite && ($0 > 0) == (huge > 0) })
        }
    }

    /// Zeros, constants and the edges of half precision survive the scales.
    @Test(arguments: InstructionSet.available, CacheCodec.allCases)
    func constantTokens(set: InstructionSet, codec: CacheCodec) {
        for constant: Float in [0, 1, -1, 1e-7, -1e-7, 60000, -60000] {
            var page = Array(repeating: UInt8(0xFF), count: codec.pageBytes(headDimension: 33))
            let x = Array(repeating: constant, count: 33)
            KernelSet(set).table.pointee.append(codec.code, &page, 33, 5, x, x)
            var (key, value) = (x, x)
            mk_read_slot(codec.code, page, 33, 5, &key, &value)
            let bound =
                constant.magnitude * (codec == .bf16 || codec == .q8 ? 0x1p-8 : 0x1p-11) + 0x1p-24
            for y in key + value {
                #expect(abs(y - constant) <= bound, "\(set) \(codec) \(constant)")
            }
        }
    }

    /// Attention to a single slot returns its value: what kernels widen is every finite half exactly.
    @Test(arguments: InstructionSet.available)
    func everyFiniteHalfIsReadExactly(set: InstructionSet) {
        let codes = (0...UInt16.max).filter { $0 & 0x7C00 != 0x7C00 }
        let halves = codes.map(Reference.half)
        let kernels = KernelSet(set).table.pointee
        let page = EdgeBuffer<UInt8>(
            count: CacheCodec.f16.pageBytes(headDimension: 128), alignment: 64)
        let scratch = EdgeBuffer<UInt8>(count: mk_attention_scratch(1, 128), alignment: 64)
        let q = EdgeBuffer(Array(repeating: Float(0), count: 128))
        let (id, out) = (EdgeBuffer<Int32>([0]), EdgeBuffer<Float>(count: 128))
        let (maximum, sum) = (EdgeBuffer<Float>(count: 1), EdgeBuffer<Float>(count: 1))
        var wrong: [Float] = []
        for from in stride(from: 0, to: halves.count, by: 128) {
            let part = Array(halves[from..<min(from + 128, halves.count)])
            let values = part + Array(repeating: 0, count: 128 - part.count)
            kernels.append(CacheCodec.f16.code, page.base, 128, 0, values, values)
            var work = mk_attention(
                arena: page.base, page_bytes: page.count, zero_page: page.base, head_ids: id.base,
                head_pages: 1, tail_ids: id.base, tail_base: 1, tail_pages: 0,
                codec: CacheCodec.f16.code, dimension: 128, queries: 1, group: 1, q: q.base,
                query_stride: 128, scale: 1, cap: 0, first_end: 1, window: .max, sinks: 0,
                sink_scores: nil, sink_first_query: 0, until: nil, first_position: 0, bias: nil,
                classes: nil,
                class_count: 0, tile_begin: 0,
                tile_end: 1, maximum: maximum.base,
                sum: sum.base, out: out.base, out_stride: 128, scratch: scratch.base)
            kernels.attend(&work)
            if sum.base[0] != 1 { wrong.append(sum.base[0]) }
            for d in 0..<128 where out.base[d] != values[d] { wrong.append(values[d]) }
        }
        #expect(wrong.isEmpty)
    }
}
