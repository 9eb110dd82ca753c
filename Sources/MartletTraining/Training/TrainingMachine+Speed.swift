// Which products a machine is quick at.

import CMartletKernels
import MartletKernels

extension TrainingMachine {
    /// The products that a run takes which names none: bfloat16 where it is much faster than f32. Some processors have
    /// the instruction and are slower by it, so that both are timed.
    public func quickestProducts() -> Products {
        let training = kernels.table.pointee.training
        guard Self.hasBF16(kernels), let rounded = training.gemm_bf16,
            let (plain, half) = Self.times(training.gemm, rounded)
        else { return .f32 }
        return 1.3 * half <= plain ? .bf16 : .f32
    }

    private typealias Product = @convention(c) (UnsafePointer<mk_gemm>) -> Void

    /// The least seconds of each of two products, taken in turn; nil without memory. A round is far shorter than what the
    /// system lends to a thread at a time, so that the least of many is what the processor needs, whatever else runs.
    private static func times(_ first: Product, _ second: Product) -> (Double, Double)? {
        let (rows, columns, depth) = (168, 128, 256)
        guard
            let floats = try? AlignedBuffer<Float>(
                count: rows * depth + depth * columns + rows * columns),
            let scratch = try? AlignedBuffer<UInt8>(count: mk_gemm_scratch())
        else { return nil }
        for index in 0..<floats.count { floats.base[index] = 1 }
        let b = floats.base + rows * depth
        var work = mk_gemm(
            a: floats.base, a_row: depth, a_column: 1, b: b, b_row: columns, b_column: 1,
            c: b + depth * columns, c_row: columns, k: Int32(depth), row_begin: 0,
            row_end: Int32(rows), column_begin: 0, column_end: Int32(columns), accumulate: 0,
            scratch: UnsafeMutableRawPointer(scratch.base))
        var least = (Double.infinity, Double.infinity)
        let clock = ContinuousClock()
        for _ in 0..<16 {
            least.0 = min(least.0, clock.measure { first(&work) } / .nanoseconds(1))
            least.1 = min(least.1, clock.measure { second(&work) } / .nanoseconds(1))
        }
        return least
    }
}
