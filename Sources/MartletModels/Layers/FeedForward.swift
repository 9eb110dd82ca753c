// The two kinds of MLP.

import CMartletKernels
import MartletKernels

/// What follows attention in a layer; looks at no two rows together.
protocol FeedForward: Sendable {
    func callAsFunction(_ rows: StepRows)
    /// Bytes of its packed weights.
    var byteCount: Int { get }
}

/// down(silu(gate x) · up x), added to the residual stream.
struct GatedMLP: FeedForward {
    let norm: Norm
    /// Panels of gate and up alternate when there is no bias; else gate rows, then up rows.
    let gateUp: Linear
    let down: Linear

    var byteCount: Int { gateUp.matrix.byteCount + down.matrix.byteCount }

    func callAsFunction(_ rows: StepRows) {
        let step = rows.step
        let shape = step.shape
        let width = shape.intermediateSize
        let normed = rows.activation(
            of: step.hidden, stride: shape.hiddenSize, columns: shape.hiddenSize,
            norm: norm, for: gateUp.matrix.type)
        var stride = width
        if gateUp.bias == nil {
            gateUp(rows, normed, out: step.inner, outStride: width, epilogue: .swiglu)
        } else {
            stride = 2 * width
            gateUp(rows, normed, out: step.inner, outStride: stride)
            let (inner, swiglu) = (step.inner, step.kernels.table.pointee.swiglu)
            rows.forEach(cost: width) { row in
                swiglu(inner + row * stride, inner + row * stride + width, Int32(width))
            }
        }
        let inner = rows.activation(
            of: step.inner, stride: stride, columns: width, norm: nil,
            for: down.matrix.type)
        down(rows, inner, out: step.hidden, outStride: shape.hiddenSize, epilogue: .add)
    }
}

/// down(gelu(up x)), added to the residual stream.
struct PlainMLP: FeedForward {
    let norm: Norm
    let up: Linear
    let down: Linear
    /// The tanh form of GELU instead of the exact one.
    let isApproximate: Bool

    var byteCount: Int { up.matrix.byteCount + down.matrix.byteCount }

    func callAsFunction(_ rows: StepRows) {
        let step = rows.step
        let shape = step.shape
        let width = shape.intermediateSize
        let normed = rows.activation(
            of: step.hidden, stride: shape.hiddenSize, columns: shape.hiddenSize,
            norm: norm, for: up.matrix.type)
        up(rows, normed, out: step.inner, outStride: width)
        let (inner, gelu) = (step.inner, step.kernels.table.pointee.gelu)
        let form: Int32 = isApproximate ? 1 : 0
        rows.forEach(cost: width * 8) { row in gelu(inner + row * width, Int32(width), form) }
        let prepared = rows.activation(
            of: step.inner, stride: width, columns: width, norm: nil,
            for: down.matrix.type)
        down(
            rows, prepared, out: step.hidden, outStride: shape.hiddenSize,
            epilogue: .add)
    }
}
