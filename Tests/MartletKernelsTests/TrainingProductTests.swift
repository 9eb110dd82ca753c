// Products of training against float64, in every layout, on every instruction set.

import CMartletKernels
import Testing

@testable import MartletKernels

@Suite struct TrainingProductTests {
    enum Layout: CaseIterable { case plain, bTransposed, aTransposed, bothTransposed }

    private static let sizes = [
        (1, 1, 1), (1, 17, 3), (5, 33, 31), (14, 32, 64), (15, 31, 65), (37, 45, 300),
        (65, 16, 257),
        (3, 100, 512), (28, 64, 513),
    ]
    /// Sums of several blocks of pairs too, the last of an odd length.
    private static let deeper = [(15, 33, 641), (30, 48, 1301)]

    private static func product(
        _ kernels: mk_training, _ a: EdgeBuffer<Float>, _ b: EdgeBuffer<Float>,
        _ c: UnsafeMutablePointer<Float>, _ m: Int, _ n: Int, _ k: Int, _ layout: Layout,
        rows: Range<Int>, columns: Range<Int>, adds: Bool
    ) throws {
        let scratch = try AlignedBuffer<UInt8>(count: mk_gemm_scratch())
        let transposesA = layout == .aTransposed || layout == .bothTransposed
        let transposesB = layout == .bTransposed || layout == .bothTransposed
        var work = mk_gemm(
            a: a.base, a_row: transposesA ? 1 : k, a_column: transposesA ? m : 1, b: b.base,
            b_row: transposesB ? 1 : n, b_column: transposesB ? k : 1, c: c, c_row: n, k: Int32(k),
            row_begin: Int32(rows.lowerBound), row_end: Int32(rows.upperBound),
            column_begin: Int32(columns.lowerBound), column_end: Int32(columns.upperBound),
            accumulate: adds ? 1 : 0, scratch: UnsafeMutableRawPointer(scratch.base))
        kernels.gemm(&work)
    }

    /// Tolerance 2e-6 of the sum of magnitudes.
    @Test(arguments: InstructionSet.available, Layout.allCases)
    func againstFloat64(set: InstructionSet, layout: Layout) throws {
        let kernels = KernelSet(set).table.pointee.training
        for (m, n, k) in Self.sizes {
            var random = CounterRandom(seed: 21, stream: UInt64(m * 1000 + n))
            let (left, right, start) = (
                random.floats(m * k), random.floats(k * n), random.floats(m * n)
            )
            let (a, b) = (EdgeBuffer(left), EdgeBuffer(right))
            for adds in [false, true] {
                let out = GuardedFloats(start)
                try Self.product(
                    kernels, a, b, out.base, m, n, k, layout, rows: 0..<m, columns: 0..<n,
                    adds: adds)
                var worst = 0.0
                for i in 0..<m {
                    for j in 0..<n {
                        var (sum, magnitude) = (adds ? Double(start[i * n + j]) : 0, 1e-9)
                        for p in 0..<k {
                            let x =
                                layout == .aTransposed || layout == .bothTransposed
                                ? left[p * m + i] : left[i * k + p]
                            let y =
                                layout == .bTransposed || layout == .bothTransposed
                                ? right[j * k + p] : right[p * n + j]
                            sum += Double(x) * Double(y)
                            magnitude += abs(Double(x) * Double(y))
                        }
                        worst = max(
                            worst, abs(Double(out.array[i * n + j]) - sum) / (1 + magnitude))
                    }
                }
                #expect(worst < 2e-6 && out.isIntact, "\(set) \(layout) \(m) x \(n) x \(k)")
            }
        }
    }

    /// Factors rounded to bfloat16: within 1e-2 of the root of the sum of squares of the terms.
    @Test(
        .enabled(if: mk_has_bf16_products() != 0), arguments: InstructionSet.available,
        Layout.allCases)
    func bfloat16(set: InstructionSet, layout: Layout) throws {
        var kernels = KernelSet(set).table.pointee.training
        guard let product = kernels.gemm_bf16 else { return }
        kernels.gemm = product
        for (m, n, k) in Self.sizes + Self.deeper {
            var random = CounterRandom(seed: 23, stream: UInt64(m * 1000 + n))
            let (left, right) = (random.floats(m * k), random.floats(k * n))
            let (a, b) = (EdgeBuffer(left), EdgeBuffer(right))
            let out = GuardedFloats(count: m * n)
            try Self.product(
                kernels, a, b, out.base, m, n, k, layout, rows: 0..<m, columns: 0..<n, adds: false)
            var worst = 0.0
            for i in 0..<m {
                for j in 0..<n {
                    var (sum, squares) = (0.0, 1e-9)
                    for p in 0..<k {
                        let x =
                            layout == .aTransposed || layout == .bothTransposed
                            ? left[p * m + i] : left[i * k + p]
                        let y =
                            layout == .bTransposed || layout == .bothTransposed
                            ? right[j * k + p] : right[p * n + j]
                        sum += Double(x) * Double(y)
                        squares += Double(x) * Double(x) * Double(y) * Double(y)
                    }
                    let error = abs(Double(out.array[i * n + j]) - sum)
                    worst = max(worst, error / squares.squareRoot())
                }
            }
            #expect(worst < 1.2e-2 && out.isIntact, "\(set) \(layout) \(m) x \(n) x \(k)")
        }
    }

    /// However C is cut into tiles, the bits are the same.
    @Test(arguments: InstructionSet.available, Layout.allCases)
    func tilesChangeNoBit(set: InstructionSet, layout: Layout) throws {
        let kernels = KernelSet(set).table.pointee.training
        try Self.compareTiles(kernels, layout)
        guard mk_has_bf16_products() != 0, let product = kernels.gemm_bf16 else { return }
        var rounding = kernels
        rounding.gemm = product
        try Self.compareTiles(rounding, layout)
    }

    private static func compareTiles(_ kernels: mk_training, _ layout: Layout) throws {
        let (m, n, k) = (61, 130, 700)
        var random = CounterRandom(seed: 22)
        let (a, b) = (EdgeBuffer(random.floats(m * k)), EdgeBuffer(random.floats(k * n)))
        let whole = GuardedFloats(count: m * n)
        try Self.product(
            kernels, a, b, whole.base, m, n, k, layout, rows: 0..<m, columns: 0..<n,
            adds: false)
        let parts = GuardedFloats(count: m * n)
        let (high, wide) = (Int(kernels.gemm_rows), 64)
        for row in stride(from: 0, to: m, by: high) {
            for column in stride(from: 0, to: n, by: wide) {
                try Self.product(
                    kernels, a, b, parts.base, m, n, k, layout,
                    rows: row..<min(m, row + high), columns: column..<min(n, column + wide),
                    adds: false)
            }
        }
        #expect(sameBits(whole.array, parts.array))
    }
}
