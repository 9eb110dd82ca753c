// How fast this machine multiplies: the roofline of a prompt.

import CMartletKernels

/// What a product is made of.
package enum ProductKind: String, CaseIterable, Sendable, Hashable {
    /// 32-bit floats.
    case floats
    /// Integers of 16 bits, two at a time.
    case pairs
    /// Integers of 8 bits, four at a time.
    case bytes

    var code: mk_product {
        switch self {
        case .floats: MK_PRODUCT_FLOATS
        case .pairs: MK_PRODUCT_PAIRS
        case .bytes: MK_PRODUCT_BYTES
        }
    }
}

/// The most multiplications, each with its addition, that the kernels' instructions make in a second.
package struct ArithmeticPeak: Sendable, Hashable {
    /// Multiplications a second of all threads together.
    package let perSecond: [ProductKind: Double]

    /// Measures products of numbers that stay in registers: the median of `passes`, each of about `seconds`.
    package static func measure(
        pool: WorkerPool, kernels: KernelSet, seconds: Double = 0.02, passes: Int = 7
    ) -> ArithmeticPeak {
        var rates: [ProductKind: Double] = [:]
        for kind in ProductKind.allCases {
            var rounds: Int64 = 10_000
            var time = rate(kind, rounds, pool, kernels).seconds
            while time < seconds / 2, rounds < 1 << 28 {
                rounds *= 2
                time = rate(kind, rounds, pool, kernels).seconds
            }
            let measured = (0..<max(1, passes)).map { _ in
                rate(kind, rounds, pool, kernels).perSecond
            }
            rates[kind] = measured.sorted()[measured.count / 2]
        }
        return ArithmeticPeak(perSecond: rates)
    }

    /// `rounds` on every thread, in pieces so that none of them waits for long.
    private static func rate(
        _ kind: ProductKind, _ rounds: Int64, _ pool: WorkerPool, _ kernels: KernelSet
    ) -> (seconds: Double, perSecond: Double) {
        let multiply = kernels.table.pointee.multiply
        let pieces = 16
        let each = max(1, rounds / Int64(pieces))
        let count =
            Double(multiply(kind.code, 1)) * Double(each) * Double(pieces * pool.threadCount)
        let time = ContinuousClock().measure {
            pool.run(pieces * pool.threadCount) { _, _ in _ = multiply(kind.code, each) }
        }
        let seconds = Double(time.components.attoseconds) * 1e-18 + Double(time.components.seconds)
        return (seconds, count / max(seconds, 1e-9))
    }

    /// Seconds that `counts` multiplications take at the peak; nil without a peak for one of them.
    package func seconds(_ counts: [ProductKind: Double]) -> Double? {
        var total = 0.0
        for (kind, count) in counts {
            guard let rate = perSecond[kind], rate > 0 else { return nil }
            total += count / rate
        }
        return total
    }
}
