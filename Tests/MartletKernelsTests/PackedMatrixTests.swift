// Packed weights: what is stored, what it costs, and that products use exactly that.

import CMartletKernels
import Foundation
import Testing

@testable import MartletKernels

@Suite struct PackedMatrixTests {
    /// A matrix and the rows it was made of.
    static func matrix(
        _ type: WeightType, channels: Int, columns: Int, threads: Int = 1, magnitude: Float = 1
    ) throws -> (PackedMatrix, [[Float]]) {
        var random = CounterRandom(seed: 41, stream: UInt64(channels * 10_000 + columns))
        let rows = (0..<channels).map { _ in random.floats(columns, magnitude: magnitude) }
        let matrix = try PackedMatrix(
            type: type, channels: channels, columns: columns, pool: WorkerPool(threadCount: threads)
        ) { panel, out in
            let count = min(16, channels - panel * 16)
            for lane in 0..<count {
                for k in 0..<columns { out[lane * columns + k] = rows[panel * 16 + lane][k] }
            }
            return count
        }
        return (matrix, rows)
    }

    static func row(_ matrix: PackedMatrix, _ channel: Int) -> [Float] {
        let out = GuardedFloats(count: matrix.columns)
        matrix.readRow(
            channel, into: UnsafeMutableBufferPointer(start: out.base, count: matrix.columns))
        #expect(out.isIntact)
        return out.array
    }

    @Test(arguments: WeightType.allCases)
    func rowsReadBackAsTheReferenceDecodes(type: WeightType) throws {
        for (channels, columns) in [(1, 1), (15, 31), (16, 32), (17, 33), (33, 65), (100, 100)] {
            let (matrix, _) = try Self.matrix(type, channels: channels, columns: columns)
            #expect(matrix.panelCount == (channels + 15) / 16)
            #expect(
                matrix.byteCount
                    == matrix.panelCount * type.layout.panelBytes(columns: columns))
            for channel in 0..<matrix.panelCount * 16 {
                let panel = UnsafeRawBufferPointer(
                    start: matrix.panels + channel / 16 * matrix.panelBytes,
                    count: matrix.panelBytes)
                let expected = (0..<columns).map {
                    type.layout.weight(panel: panel, lane: channel % 16, column: $0)
                }
                let got = Self.row(matrix, channel)
                #expect(sameBits(got, expected), "\(type) \(channels) x \(columns)")
                if channel >= channels { #expect(got.allSatisfy { $0 == 0 }) }
            }
        }
    }

    /// A product with a unit vector is a column; its activation 1 is 127 steps of 1/127 where
    /// activations are quantised, which costs one rounding.
    @Test(arguments: InstructionSet.available, WeightType.allCases)
    func productsUseTheValuesReadBack(set: InstructionSet, type: WeightType) throws {
        let (channels, columns) = (33, 70)
        let (matrix, _) = try Self.matrix(type, channels: channels, columns: columns)
        let rows = (0..<channels).map { Self.row(matrix, $0) }
        let kernels = KernelSet(set).table.pointee
        let blocks = (columns + 31) / 32
        for k in 0..<columns {
            let x = EdgeBuffer((0..<columns).map { $0 == k ? Float(1) : 0 })
            let (quants, sums) = (
                EdgeBuffer<Int8>(count: blocks * 32), EdgeBuffer<Int32>(count: blocks * 2)
            )
            let (scales, out) = (EdgeBuffer<Float>(count: blocks), GuardedFloats(count: channels))
            kernels.quantise(x.base, Int32(columns), quants.base, scales.base, sums.base)
            var work = mk_matmul(
                weights: matrix.panels, panel_bytes: matrix.panelBytes, panel_begin: 0,
                panel_end: Int32(matrix.panelCount), channels: Int32(channels),
                columns: Int32(columns), rows: 1, type: type.code, epilogue: .store, x: x.base,
                x_stride: columns, x_quants: quants.base, x_scales: scales.base, x_sums: sums.base,
                x_blocks: blocks, bias: nil, out: out.base, out_stride: channels)
            kernels.matmul(&work)
            for channel in 0..<channels {
                let (got, expected) = (out.base[channel], rows[channel][k])
                let bound: Float = type.quantisesActivations ? 3e-7 : 0
                // A weight near zero is the difference of two terms as large as its block's minimum.
                var terms = expected.magnitude
                if case .ranged = type.layout.element {
                    terms += rows[channel].reduce(0) { max($0, $1.magnitude) }
                }
                #expect(abs(got - expected) <= bound * terms, "\(set) \(type) \(k)")
            }
        }
    }

    /// f32 is exact, bf16 and f16 the nearest. q8: half a step of max |w| / 127, and the rounding of that
    /// step to f16 for each of at most 127 steps. q4, q5, q6: the block's own range divided into steps, and what the
    /// bytes of scale and minimum round off. q4-plain: one step of max |w| / 8 (the far end, which
    /// has no integer of its own), and never a larger squared error than that step gives.
    @Test(arguments: WeightType.allCases, [Float(1e-3), 1, 50])
    func roundTripErrors(type: WeightType, magnitude: Float) throws {
        let (channels, columns) = (40, 100)
        let (matrix, rows) = try Self.matrix(
            type, channels: channels, columns: columns, magnitude: magnitude)
        var (all, allNaive) = (0.0, 0.0)
        for (channel, row) in rows.enumerated() {
            let got = Self.row(matrix, channel)
            for from in stride(from: 0, to: columns, by: 32) {
                let block = from..<min(from + 32, columns)
                let largest = row[block].reduce(0) { max($0, $1.magnitude) }
                let extreme = row[block].first { $0.magnitude == largest } ?? 0
                var (squares, naive) = (0.0, 0.0)
                for k in block {
                    let error = abs(got[k] - row[k])
                    switch type {
                    case .f32: #expect(error == 0)
                    case .bf16: #expect(got[k] == Reference.bfloat(Reference.bfloatBits(row[k])))
                    case .f16: #expect(got[k] == Reference.half(Reference.halfBits(row[k])))
                    case .q8:
                        let scale = largest / 127
                        #expect(error <= scale * 0.5001 + 127 * max(scale * 0x1p-11, 0x1p-25))
                    case .q4, .q5, .q6:
                        let (low, high) = (row[block].min() ?? 0, row[block].max() ?? 0)
                        let step = (high - low) / Float(1 << type.layout.bits - 1)
                        #expect(error <= step * 1.25)
                        let steps = step > 0 ? ((row[k] - low) / step).rounded() : 0
                        naive += Double(pow(row[k] - low - steps * step, 2))
                    case .q4Plain:
                        let scale = extreme / -8
                        #expect(error <= scale.magnitude * 1.1)
                        let steps = min(7, max(-8, (row[k] / scale).rounded()))
                        naive += Double(pow(row[k] - steps * scale, 2))
                    default: Issue.record("\(type) packs no floats")
                    }
                    squares += Double(error * error)
                }
                if type == .q4Plain {
                    #expect(squares <= naive * 1.01, "\(squares) against \(naive)")
                }
                all += squares
                allNaive += naive
            }
        }
        // Searched ranges are better than plain ones on the whole, what their bytes round off included.
        if case .ranged = type.layout.element {
            #expect(all < allNaive, "\(all) against \(allNaive)")
        }
    }

    @Test func zerosAndTinyWeightsStayFinite() throws {
        for type in WeightType.allCases {
            for magnitude: Float in [0, 1e-30, 1e-7] {
                let (matrix, _) = try Self.matrix(
                    type, channels: 3, columns: 40, magnitude: magnitude)
                for channel in 0..<3 {
                    // The smallest halves are a step of 2^-24 apart.
                    let step: Float = type == .f16 ? 0x1p-25 : 0
                    #expect(
                        Self.row(matrix, channel).allSatisfy {
                            abs($0) <= magnitude * 1.1 + step
                        })
                }
            }
        }
    }

    @Test(arguments: WeightType.allCases)
    func packingDoesNotDependOnThreads(type: WeightType) throws {
        let (one, _) = try Self.matrix(type, channels: 100, columns: 70)
        let (four, _) = try Self.matrix(type, channels: 100, columns: 70, threads: 4)
        #expect(memcmp(one.panels, four.panels, one.byteCount) == 0)
    }

    @Test(arguments: WeightType.allCases)
    func randomMatricesAreSeededAndFinite(type: WeightType) throws {
        let pool = WorkerPool(threadCount: 2)
        func make(_ seed: UInt64) throws -> PackedMatrix {
            try PackedMatrix(randomOf: type, channels: 50, columns: 256, seed: seed, pool: pool)
        }
        let (a, b, c) = (try make(1), try make(1), try make(2))
        #expect(memcmp(a.panels, b.panels, a.byteCount) == 0)
        #expect(memcmp(a.panels, c.panels, a.byteCount) != 0)
        let row = Self.row(a, 7)
        let deviation = (row.reduce(0) { $0 + $1 * $1 } / 256).squareRoot()
        // Uniform in +-1/16.
        #expect(deviation > 0.02 && deviation < 0.06 && row.allSatisfy { $0.magnitude <= 0.0701 })
    }
}
