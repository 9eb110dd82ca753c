// How fast this machine reads memory: the roofline of a decode step.

import CMartletKernels

/// Measures the bandwidth of reading large arrays.
package enum Bandwidth {
    /// Bytes that `pool`'s threads together read in a second from an array far larger than the caches.
    ///
    /// Each pass reads all of `megabytes`; the median of `passes` counts. The array is larger than
    /// the last-level cache of desktop and most server processors; on a machine whose cache is
    /// larger still, part of what is measured is the cache, as it would be for a model of that size.
    package static func measure(
        pool: WorkerPool, kernels: KernelSet, megabytes: Int = 1024, passes: Int = 7
    ) throws(KernelError) -> Double {
        let bytes = megabytes << 20
        let buffer = try AlignedBuffer<UInt8>(count: bytes, purpose: "measuring bandwidth")
        let base = buffer.base
        let chunk = 1 << 20
        let read = kernels.table.pointee.read_bytes
        // Written first: untouched pages all map to one page of zeros.
        pool.run(bytes / chunk) { i, _ in
            (base + i * chunk).update(repeating: UInt8(truncatingIfNeeded: i), count: chunk)
        }
        var rates: [Double] = []
        let clock = ContinuousClock()
        for _ in 0..<max(1, passes) {
            let time = clock.measure {
                pool.run(bytes / chunk) { i, _ in _ = read(base + i * chunk, chunk) }
            }
            let seconds =
                Double(time.components.attoseconds) * 1e-18 + Double(time.components.seconds)
            rates.append(Double(bytes) / seconds)
        }
        rates.sort()
        return rates[rates.count / 2]
    }
}
