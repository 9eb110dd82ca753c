// Half precision and bfloat16: every half, and floats at and between the edges.

import CMartletKernels
import Foundation
import Testing

@testable import MartletKernels

@Suite struct ConversionTests {
    /// Floats where rounding, overflow and subnormals happen, and random bit patterns.
    static let floats: [Float] = {
        var values: [Float] = [
            0, -0.0, 1, -1, 65504, 65519, 65519.996, 65520, -65520, 65536, .infinity, -.infinity,
            .greatestFiniteMagnitude, .leastNonzeroMagnitude, .leastNormalMagnitude, 0x1p-14,
            0x1p-24, 0x1p-25, 0x1.000002p-25, 0x1.8p-24, 0x1.4p-23, 0x1.ffcp-15, 0x1.ffep-15,
            0x1.fffp-15, 1 + 0x1p-11, 1 + 0x1p-10 + 0x1p-11, 1 + 0x1p-8, 1 + 0x1p-7 + 0x1p-8,
        ]
        var random = CounterRandom(seed: 21)
        for _ in 0..<20_000 {
            values.append(Float(bitPattern: UInt32(truncatingIfNeeded: random.next())))
        }
        for _ in 0..<20_000 { values.append(random.signedUnit() * 0x1p-13) }
        // Every midpoint between neighbouring halves of one binade of normals and of subnormals.
        for i in 0..<2048 { values.append(Float(2 * i + 1) * 0x1p-25) }
        return values.filter { !$0.isNaN }
    }()

    @Test func everyHalfToFloat() {
        let bits = (0...UInt16.max).map { $0 }
        var floats = Array(repeating: Float(0), count: bits.count)
        mk_f16_to_f32(bits, &floats, bits.count)
        var back = Array(repeating: UInt16(0), count: bits.count)
        mk_f32_to_f16(floats, &back, bits.count)
        var wrong: [UInt16] = []
        for (i, half) in bits.enumerated() {
            let expected = Reference.half(half)
            if expected.isNaN {
                if !floats[i].isNaN || back[i] & 0x7C00 != 0x7C00 || back[i] & 0x3FF == 0 {
                    wrong.append(half)
                }
            } else if floats[i].bitPattern != expected.bitPattern || back[i] != half {
                wrong.append(half)
            }
        }
        #expect(wrong.isEmpty)
    }

    @Test func everyBfloatToFloat() {
        let bits = (0...UInt16.max).map { $0 }
        var floats = Array(repeating: Float(0), count: bits.count)
        mk_bf16_to_f32(bits, &floats, bits.count)
        var back = Array(repeating: UInt16(0), count: bits.count)
        mk_f32_to_bf16(floats, &back, bits.count)
        let wrong = bits.indices.filter { i in
            let expected = Reference.bfloat(bits[i])
            if expected.isNaN { return !floats[i].isNaN || !Reference.bfloat(back[i]).isNaN }
            return floats[i].bitPattern != expected.bitPattern || back[i] != bits[i]
        }
        #expect(wrong.isEmpty)
    }

    @Test func floatsToHalf() {
        let floats = Self.floats
        var halves = Array(repeating: UInt16(0), count: floats.count)
        mk_f32_to_f16(floats, &halves, floats.count)
        #expect(floats.indices.filter { halves[$0] != Reference.halfBits(floats[$0]) }.isEmpty)
        #if !(os(macOS) && arch(x86_64))
            #expect(floats.indices.filter { halves[$0] != Float16(floats[$0]).bitPattern }.isEmpty)
        #endif
        var nan: UInt16 = 0
        mk_f32_to_f16([Float.nan], &nan, 1)
        #expect(Reference.half(nan).isNaN)
        #expect(Half(1.5).bits == 0x3E00 && Half(bits: 0x3E00).float == 1.5)
    }

    @Test func floatsToBfloat() {
        let floats = Self.floats
        var bits = Array(repeating: UInt16(0), count: floats.count)
        mk_f32_to_bf16(floats, &bits, floats.count)
        #expect(floats.indices.filter { bits[$0] != Reference.bfloatBits(floats[$0]) }.isEmpty)
        var nan: UInt16 = 0
        mk_f32_to_bf16([Float(bitPattern: 0x7F80_0001)], &nan, 1)
        #expect(Reference.bfloat(nan).isNaN)
    }

    @Test func buffersConvertElementwise() {
        let bits: [UInt16] = [0x3C00, 0xBC00, 0, 0x7BFF]
        var floats = Array(repeating: Float(0), count: 4)
        bits.withUnsafeBufferPointer { source in
            floats.withUnsafeMutableBufferPointer { Half.toFloats(source, $0) }
        }
        #expect(floats == [1, -1, 0, 65504])
        bits.withUnsafeBufferPointer { source in
            floats.withUnsafeMutableBufferPointer { Half.bfloatsToFloats(source, $0) }
        }
        #expect(floats == bits.map(Reference.bfloat))
    }
}
