// A linear layer: packed weights, perhaps a bias.

import CMartletKernels
import MartletKernels

/// y = x Wᵀ + b for the rows of a step.
struct Linear: Sendable {
    let matrix: PackedMatrix
    let bias: WeightVector?

    init(_ matrix: PackedMatrix, bias: WeightVector? = nil) {
        self.matrix = matrix
        self.bias = bias
    }

    /// Multiplies prepared rows; `outStride` floats between rows of `out`.
    func callAsFunction(
        _ rows: StepRows, _ activation: Activation, out: UnsafeMutablePointer<Float>,
        outStride: Int, epilogue: mk_epilogue = .store
    ) {
        rows.multiply(
            matrix, activation, bias: bias?.pointer, out: out, outStride: outStride,
            epilogue: epilogue)
    }
}

/// Rows ready to be multiplied: floats, or int8 blocks of 32 with their scales and sums.
struct Activation {
    var x: UnsafePointer<Float>
    var stride: Int
    var quants: UnsafePointer<Int8>
    var scales: UnsafePointer<Float>
    var sums: UnsafePointer<Int32>
    var blocks: Int
}
