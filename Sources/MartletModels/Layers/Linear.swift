// A linear layer: packed weights, perhaps a bias.

import CMartletKernels
import MartletKernels

/// y = x Wᵀ + b for the rows of a step.
struct Linear: Sendable {
    /// Output channels one after another: one matrix, or several where a file stores parts of it in several types.
    let matrices: [PackedMatrix]
    let bias: WeightVector?

    init(_ matrices: [PackedMatrix], bias: WeightVector? = nil) {
        self.matrices = matrices
        self.bias = bias
    }

    /// Bytes of its packed weights.
    var byteCount: Int { matrices.reduce(0) { $0 + $1.byteCount } }
    /// Outputs.
    var channels: Int { matrices.reduce(0) { $0 + $1.channels } }
    /// Whether any of its products takes activations quantised in blocks of 32.
    var quantisesActivations: Bool { matrices.contains { $0.type.quantisesActivations } }

    /// Decodes the weights of one output.
    func readRow(_ channel: Int, into row: UnsafeMutableBufferPointer<Float>) {
        var channel = channel
        for matrix in matrices {
            if channel < matrix.channels { return matrix.readRow(channel, into: row) }
            channel -= matrix.channels
        }
    }

    /// Multiplies prepared rows; `outStride` floats between rows of `out`.
    func callAsFunction(
        _ rows: StepRows, _ activation: Activation, out: UnsafeMutablePointer<Float>,
        outStride: Int, epilogue: mk_epilogue = .store
    ) {
        var first = 0
        for matrix in matrices {
            rows.multiply(
                matrix, activation, bias: bias.map { $0.pointer + first }, out: out + first,
                outStride: outStride, epilogue: epilogue)
            first += matrix.channels
        }
    }
}

/// Rows ready to be multiplied: floats, or int8 blocks of 32 with their scales, and two sums for each.
struct Activation {
    var x: UnsafePointer<Float>
    var stride: Int
    var quants: UnsafePointer<Int8>
    var scales: UnsafePointer<Float>
    var sums: UnsafePointer<Int32>
    var blocks: Int
}
