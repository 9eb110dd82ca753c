// Products with packed weights: right against the reference, and the same bits however divided.

import CMartletKernels
import Foundation
import Testing

@testable import MartletKernels

@Suite struct MatmulTests {
    static let rowCounts = [1, 2, 3, 4, 5, 6, 7, 13, 17, 97, 130]
    /// 2,500 columns are more than one chunk of them.
    static let columnCounts = [1, 31, 32, 33, 64, 65, 100, 1000, 2500]
    static let channelCounts = [1, 15, 16, 17, 33, 100]

    /// Outputs of every row computed alone.
    static func alone(
        _ product: ProductCase, _ set: InstructionSet, epilogue: mk_epilogue = .store,
        width: Int
    ) -> GuardedFloats {
        let out = GuardedFloats(count: product.rows * width)
        for row in 0..<product.rows {
            product.run(
                set, rows: row..<row + 1, panels: 0..<product.panelCount, epilogue: epilogue,
                out: out.base + row * width, outStride: width)
        }
        return out
    }

    /// Tolerance 1e-6 of the sum of |x| |w|: a float sum of 2,500 terms in one order. A weight of a stored block may be
    /// the difference of two terms as large as the block's largest, so that one counts there.
    @Test(arguments: WeightType.allCases + WeightType.stored, columnCounts)
    func equalsTheReference(type: WeightType, columns: Int) {
        for channels in Self.channelCounts {
            let product = ProductCase(type, channels: channels, columns: columns, rows: 2, seed: 1)
            let expected = (0..<2).flatMap { row in
                let x = product.activations(row)
                let length = x.reduce(0) { $0 + $1.magnitude }
                return (0..<channels).map { channel in
                    var dot = Reference.dot(x, product.weights(channel))
                    if WeightType.stored.contains(type) {
                        let weights = product.weights(channel, padded: true)
                        dot.magnitude = length * Double(weights.reduce(0) { max($0, $1.magnitude) })
                    }
                    return dot
                }
            }
            for set in InstructionSet.available {
                let out = Self.alone(product, set, width: channels)
                var worst = 0.0
                for (i, expected) in expected.enumerated() {
                    let error = abs(Double(out.base[i]) - expected.sum)
                    if !(error <= worst * expected.magnitude) { worst = error / expected.magnitude }
                }
                #expect(worst < 1e-6, "\(set) \(type), \(channels) of \(columns)")
                #expect(out.isIntact)
            }
        }
    }

    @Test(arguments: WeightType.allCases + WeightType.stored, columnCounts)
    func aRowHasTheSameBitsAmongAnyOthers(type: WeightType, columns: Int) {
        for channels in columns > 1000 ? [17] : columns > 100 ? [33] : [1, 16, 33, 100] {
            let product = ProductCase(
                type, channels: channels, columns: columns, rows: 130, seed: 2)
            for set in InstructionSet.available {
                let alone = Self.alone(product, set, width: channels)
                let stride = channels + 5
                for count in Self.rowCounts {
                    let first = count % 2 == 0 ? 0 : 130 - count
                    let out = GuardedFloats(count: count * stride)
                    product.run(
                        set, rows: first..<first + count, panels: 0..<product.panelCount,
                        out: out.base, outStride: stride)
                    let same = (0..<count).allSatisfy { row in
                        sameBits(
                            out.base + row * stride, alone.base + (first + row) * channels, channels
                        )
                            && out.isUntouched(row * stride + channels..<(row + 1) * stride)
                    }
                    #expect(
                        same && out.isIntact,
                        "\(set) \(type), \(count) rows from \(first), \(channels) of \(columns)")
                }
            }
        }
    }

    @Test(arguments: InstructionSet.available, WeightType.allCases + WeightType.stored)
    func panelsGiveTheSameBitsHoweverDivided(set: InstructionSet, type: WeightType) {
        let (channels, rows) = (100, 9)
        for columns in [33, 100] {
            let product = ProductCase(
                type, channels: channels, columns: columns, rows: rows, seed: 3)
            let alone = Self.alone(product, set, width: channels)
            let divisions: [[Int]] = [
                [0, 7], [0, 1, 7], [0, 2, 7], [0, 3, 4, 7], [0, 1, 2, 3, 4, 5, 6, 7], [0, 5, 7],
            ]
            for division in divisions {
                let out = GuardedFloats(count: rows * channels)
                for (from, to) in zip(division, division.dropFirst()) {
                    product.run(
                        set, rows: 0..<rows, panels: from..<to, out: out.base, outStride: channels)
                }
                #expect(
                    sameBits(out.base, alone.base, rows * channels) && out.isIntact,
                    "\(set) \(type), division \(division), \(columns) columns")
            }
        }
    }

    @Test(arguments: InstructionSet.available, WeightType.allCases + WeightType.stored)
    func aPanelRangeWritesOnlyItsChannels(set: InstructionSet, type: WeightType) {
        let product = ProductCase(type, channels: 70, columns: 65, rows: 6, seed: 4)
        let out = GuardedFloats(count: 6 * 70)
        product.run(set, rows: 0..<6, panels: 1..<4, out: out.base, outStride: 70)
        for row in 0..<6 {
            for channel in 0..<70 {
                let isWritten = (16..<64).contains(channel)
                #expect(out.isUntouched(row * 70 + channel..<row * 70 + channel + 1) != isWritten)
            }
        }
        product.run(set, rows: 0..<6, panels: 5..<5, out: out.base, outStride: 70)
        product.run(set, rows: 2..<2, panels: 0..<5, out: out.base, outStride: 70)
        #expect(out.isUntouched(0..<1) && out.isUntouched(64..<70) && out.isIntact)
    }

    @Test(arguments: InstructionSet.available, WeightType.allCases + WeightType.stored)
    func biasAndAdditionAreOneRoundingEach(set: InstructionSet, type: WeightType) {
        for (channels, columns, rows) in [(1, 33, 1), (17, 64, 5), (100, 100, 7), (33, 1000, 13)] {
            let product = ProductCase(
                type, channels: channels, columns: columns, rows: rows, seed: 5)
            let plain = Self.alone(product, set, width: channels)
            var random = CounterRandom(seed: 6)
            let before = random.floats(rows * channels)
            for hasBias in [false, true] {
                let biased = (0..<rows * channels).map { i in
                    hasBias ? plain.base[i] + product.bias[i % channels] : plain.base[i]
                }
                let stored = GuardedFloats(count: rows * channels)
                let added = GuardedFloats(before)
                for (out, epilogue) in [(stored, mk_epilogue.store), (added, .add)] {
                    product.run(
                        set, rows: 0..<rows, panels: 0..<product.panelCount, bias: hasBias,
                        epilogue: epilogue, out: out.base, outStride: channels)
                }
                #expect(sameBits(stored.array, biased), "\(set) \(type) store, bias \(hasBias)")
                #expect(
                    sameBits(added.array, zip(before, biased).map { $0 + $1 }),
                    "\(set) \(type) add, bias \(hasBias)")
                #expect(stored.isIntact && added.isIntact)
            }
        }
    }

    /// Pairs of panels (gate, up); tolerance 1e-6 of the result, from the exponential.
    @Test(arguments: InstructionSet.available, WeightType.allCases + WeightType.stored)
    func swigluIsSiluOfGateTimesUp(set: InstructionSet, type: WeightType) {
        for (pairs, outputs) in [(1, 16), (1, 3), (3, 33), (4, 64)] {
            for columns in [31, 100] {
                // The last pair is padding from `outputs` on, in both of its panels.
                let rows = 13
                let product = ProductCase(
                    type, channels: pairs * 32, columns: columns, rows: rows, seed: 7)
                let plain = Self.alone(product, set, width: pairs * 32)
                let out = GuardedFloats(count: rows * outputs)
                SwigluCall(product: product, outputs: outputs)
                    .run(set, rows: 0..<rows, panels: 0..<pairs * 2, out: out.base)
                var worst = 0.0
                for row in 0..<rows {
                    for output in 0..<outputs {
                        let at = row * pairs * 32 + output / 16 * 32 + output % 16
                        let (gate, up) = (Double(plain.base[at]), Double(plain.base[at + 16]))
                        let expected = Reference.silu(gate) * up
                        let error = abs(Double(out.base[row * outputs + output]) - expected)
                        worst = max(worst, error / max(1e-3, expected.magnitude))
                    }
                }
                #expect(worst < 1e-6 && out.isIntact, "\(set) \(type) \(outputs) of \(columns)")

                let divided = GuardedFloats(count: rows * outputs)
                for pair in 0..<pairs {
                    for part in [0..<1, 1..<6, 6..<13] {
                        SwigluCall(product: product, outputs: outputs)
                            .run(
                                set, rows: part, panels: pair * 2..<pair * 2 + 2,
                                out: divided.base + part.lowerBound * outputs)
                    }
                }
                #expect(sameBits(divided.base, out.base, rows * outputs), "\(set) \(type)")
            }
        }
    }

    /// A fused gate and up product: the kernel is told of twice the outputs.
    private struct SwigluCall {
        let product: ProductCase
        let outputs: Int

        func run(
            _ set: InstructionSet, rows: Range<Int>, panels: Range<Int>,
            out: UnsafeMutablePointer<Float>
        ) {
            product.run(
                set, rows: rows, panels: panels, epilogue: .swiglu, channels: outputs * 2, out: out,
                outStride: outputs)
        }
    }
}
