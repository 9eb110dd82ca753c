// What one thread needs while it attends.

import CMartletKernels
import MartletKernels

/// Buffers of one worker thread.
final class WorkerScratch {
    let bytes: AlignedBuffer<UInt8>
    private let floats: AlignedBuffer<Float>
    let maximum: UnsafeMutablePointer<Float>
    let sum: UnsafeMutablePointer<Float>
    let vectors: UnsafeMutablePointer<Float>
    let nextMaximum: UnsafeMutablePointer<Float>
    let nextSum: UnsafeMutablePointer<Float>
    let nextVectors: UnsafeMutablePointer<Float>

    init(rows: Int, width: Int, dimension: Int) throws(KernelError) {
        bytes = try AlignedBuffer(count: mk_attention_scratch(Int32(rows), Int32(dimension)))
        let padded = (rows + 15) & ~15
        floats = try AlignedBuffer(count: 2 * padded * (width + 2))
        maximum = floats.base
        sum = maximum + padded
        nextMaximum = sum + padded
        nextSum = nextMaximum + padded
        vectors = nextSum + padded
        nextVectors = vectors + padded * width
    }
}
