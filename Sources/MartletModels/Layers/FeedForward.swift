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

/// down(silu(gate x) · up x), or with GELU, added to the residual stream.
struct GatedMLP: FeedForward {
    let norm: Norm?
    /// Panels of gate and up alternate where ``isPaired``; else gate rows, then up rows.
    let gateUp: Linear
    let isPaired: Bool
    /// Whether SiLU activates the gate; GELU in the tanh form else.
    let isSiLU: Bool
    let down: ResidualLinear

    var matrices: [PackedMatrix] { gateUp.matrices + down.linear.matrices }

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
            let (inner, kernels) = (step.inner, step.kernels.table)
            rows.forEach(cost: width * 2) { row in
                let gate = inner + row * stride
                let up = gate + width
                guard !isSiLU else { return kernels.pointee.swiglu(gate, up, Int32(width)) }
                kernels.pointee.gelu(gate, Int32(width), 1)
                for i in 0..<width { gate[i] *= up[i] }
            }
        }
        let inner = rows.activation(
            of: step.inner, stride: stride, columns: width, norm: nil,
            quantised: down.linear.quantisesActivations)
        down(rows, inner)
    }
}

/// down(gelu(up x)), added to the residual stream.
struct PlainMLP: FeedForward {
    let norm: Norm?
    let up: Linear
    let down: ResidualLinear
    /// The tanh form of GELU instead of the exact one.
    let isApproximate: Bool

    var matrices: [PackedMatrix] { up.matrices + down.linear.matrices }

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
            quantised: down.linear.quantisesActivations)
        down(rows, prepared)
    }
}
