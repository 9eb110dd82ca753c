// The two kinds of MLP.

import CMartletKernels
import MartletKernels

/// down(silu(gate x) · up x), added to the residual stream.
struct GatedMLP: Sendable {
    let norm: Norm
    /// Panels of gate and up alternate when there is no bias; else gate rows, then up rows.
    let gateUp: Linear
    let down: Linear

    func callAsFunction(_ step: Step) {
        let shape = step.shape
        let rows = step.rows
        let width = shape.intermediateSize
        let normed = step.activation(
            of: step.hidden, stride: shape.hiddenSize, rows: rows, columns: shape.hiddenSize,
            norm: norm, for: gateUp.matrix.type)
        var stride = width
        if gateUp.bias == nil {
            gateUp(step, normed, rows: rows, out: step.inner, outStride: width, epilogue: .swiglu)
        } else {
            stride = 2 * width
            gateUp(step, normed, rows: rows, out: step.inner, outStride: stride)
            let (inner, swiglu) = (step.inner, step.kernels.table.pointee.swiglu)
            step.forEachRow(cost: width) { row in
                swiglu(inner + row * stride, inner + row * stride + width, Int32(width))
            }
        }
        let inner = step.activation(
            of: step.inner, stride: stride, rows: rows, columns: width, norm: nil,
            for: down.matrix.type)
        down(step, inner, rows: rows, out: step.hidden, outStride: shape.hiddenSize, epilogue: .add)
    }
}

/// down(gelu(up x)), added to the residual stream.
struct PlainMLP: Sendable {
    let norm: Norm
    let up: Linear
    let down: Linear
    /// The tanh form of GELU instead of the exact one.
    let isApproximate: Bool

    func callAsFunction(_ step: Step) {
        let shape = step.shape
        let rows = step.rows
        let width = shape.intermediateSize
        let normed = step.activation(
            of: step.hidden, stride: shape.hiddenSize, rows: rows, columns: shape.hiddenSize,
            norm: norm, for: up.matrix.type)
        up(step, normed, rows: rows, out: step.inner, outStride: width)
        let (inner, gelu) = (step.inner, step.kernels.table.pointee.gelu)
        let form: Int32 = isApproximate ? 1 : 0
        step.forEachRow(cost: width * 8) { row in gelu(inner + row * width, Int32(width), form) }
        let prepared = step.activation(
            of: step.inner, stride: width, rows: rows, columns: width, norm: nil,
            for: down.matrix.type)
        down(
            step, prepared, rows: rows, out: step.hidden, outStride: shape.hiddenSize,
            epilogue: .add)
    }
}
