// Rows of activations as products read them: floats, or quantised.

import CMartletKernels
import MartletKernels

/// Rows ready to be multiplied: floats, or int8 blocks of 32 with their scales, and two sums for each.
struct Activation {
    var x: UnsafePointer<Float>
    var stride: Int
    var quants: UnsafePointer<Int8>
    var scales: UnsafePointer<Float>
    var sums: UnsafePointer<Int32>
    var blocks: Int
}

/// Room for rows in int8 blocks of 32, with a scale for each block, its sum, and its first half's.
struct QuantisedRows {
    private let quants: UnsafeMutablePointer<Int8>
    private let scales: UnsafeMutablePointer<Float>
    private let sums: UnsafeMutablePointer<Int32>
    /// Blocks from one row to the next.
    private let blocks: Int

    /// Rows of buffers.
    fileprivate init(
        quants: UnsafeMutablePointer<Int8>, scales: UnsafeMutablePointer<Float>,
        sums: UnsafeMutablePointer<Int32>, blocks: Int
    ) {
        (self.quants, self.scales, self.sums, self.blocks) = (quants, scales, sums, blocks)
    }

    /// Quantises a row.
    func quantise(_ kernels: KernelSet, _ x: UnsafePointer<Float>, _ columns: Int, row: Int) {
        kernels.table.pointee.quantise(
            x, Int32(columns), quants + row * blocks * 32, scales + row * blocks,
            sums + row * blocks * 2)
    }

    /// What a product reads: floats, and these from a row on.
    func activation(_ x: UnsafePointer<Float>, stride: Int, row: Int) -> Activation {
        Activation(
            x: x, stride: stride, quants: quants + row * blocks * 32,
            scales: scales + row * blocks, sums: sums + row * blocks * 2, blocks: blocks)
    }

    /// The same with other numbers for its rows: row `-rows` is its first one.
    func moved(by rows: Int) -> QuantisedRows {
        QuantisedRows(
            quants: quants + rows * blocks * 32, scales: scales + rows * blocks,
            sums: sums + rows * blocks * 2, blocks: blocks)
    }
}

/// The memory of quantised rows.
final class QuantisedBuffer {
    private let quants: AlignedBuffer<Int8>
    private let scales: AlignedBuffer<Float>
    private let sums: AlignedBuffer<Int32>
    private let blocks: Int

    init(rows: Int, columns: Int, purpose: String) throws(KernelError) {
        blocks = (columns + 31) / 32
        quants = try AlignedBuffer(count: rows * blocks * 32, purpose: purpose)
        scales = try AlignedBuffer(count: rows * blocks, purpose: purpose)
        sums = try AlignedBuffer(count: rows * blocks * 2, purpose: purpose)
    }

    /// Bytes of all of it.
    var byteCount: Int { quants.byteCount + scales.byteCount + sums.byteCount }

    /// Its rows, from the first on.
    var rows: QuantisedRows {
        QuantisedRows(quants: quants.base, scales: scales.base, sums: sums.base, blocks: blocks)
    }
}
