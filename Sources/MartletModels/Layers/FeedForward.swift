// The two kinds of MLP.

import CMartletKernels
import MartletKernels

/// What follows attention in a layer; looks at no two rows together.
protocol FeedForward: Sendable {
    func callAsFunction(_ rows: StepRows)
    /// Its packed weights.
    var matrices: [PackedMatrix] { get }
}

extension FeedForward {
    /// Bytes of its packed weights.
    var byteCount: Int { matrices.reduce(0) { $0 + $1.byteCount } }
}

/// down(silu(gate x) · up x), added to the residual stream.
struct GatedMLP: FeedForward {
    let norm: Norm
    /// Panels of gate and up alternate where ``isPaired``; else gate rows, then up rows.
    let gateUp: Linear
    let isPaired: Bool
    let down: Linear

    var matrices: [PackedMatrix] { gateUp.matrices + down.matrices }

    func callAsFunction(_ rows: StepRows) {
        let step = rows.step
        let shape = step.shape
        let width = shape.intermediateSize
        let normed = rows.activation(
            of: step.hidden, stride: shape.hiddenSize, columns: shape.hiddenSize,
            norm: norm, quantised: gateUp.quantisesActivations)
        var stride = width
        if isPaired {
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
            quantised: down.quantisesActivations)
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

    var matrices: [PackedMatrix] { up.matrices + down.matrices }

    func callAsFunction(_ rows: StepRows) {
        let step = rows.step
        let shape = step.shape
        let width = shape.intermediateSize
        let normed = rows.activation(
            of: step.hidden, stride: shape.hiddenSize, columns: shape.hiddenSize,
            norm: norm, quantised: up.quantisesActivations)
        up(rows, normed, out: step.inner, outStride: width)
        let (inner, gelu) = (step.inner, step.kernels.table.pointee.gelu)
        let form: Int32 = isApproximate ? 1 : 0
        rows.forEach(cost: width * 8) { row in gelu(inner + row * width, Int32(width), form) }
        let prepared = rows.activation(
            of: step.inner, stride: width, columns: width, norm: nil,
            quantised: down.quantisesActivations)
        down(
            rows, prepared, out: step.hidden, outStride: shape.hiddenSize,
            epilogue: .add)
    }
}
