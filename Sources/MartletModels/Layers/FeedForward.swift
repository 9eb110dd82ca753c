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

extension FeedForwardKind {
    /// Replaces what the gate gave by what goes on.
    func activate(
        _ gate: UnsafeMutablePointer<Float>, _ up: UnsafePointer<Float>, _ count: Int,
        _ kernels: UnsafePointer<mk_kernels>
    ) {
        switch self {
        case .gatedSiLU: kernels.pointee.swiglu(gate, up, Int32(count))
        case .clampedSwiGLU(let alpha, let limit):
            kernels.pointee.swiglu_clamped(gate, up, Int32(count), alpha, limit)
        case .gatedGELU:
            kernels.pointee.gelu(gate, Int32(count), 1)
            for i in 0..<count { gate[i] *= up[i] }
        case .plainGELU: preconditionFailure("FeedForwardKind: \(self) has no gate")
        }
    }
}

/// down(silu(gate x) · up x), or with another activation, added to the residual stream.
struct GatedMLP: FeedForward {
    let norm: Norm?
    /// Panels of gate and up alternate where ``isPaired``; else gate rows, then up rows.
    let gateUp: Linear
    let isPaired: Bool
    /// What lies between its products.
    let kind: FeedForwardKind
    let down: ResidualLinear

    var matrices: [PackedMatrix] { gateUp.matrices + down.linear.matrices }

    func callAsFunction(_ rows: StepRows) { rows.inPieces(run) }

    private func run(_ rows: StepRows) {
        let step = rows.step
        let shape = step.shape
        let width = shape.intermediateSize
        let normed = rows.activation(
            of: step.hidden, stride: shape.hiddenSize, columns: shape.hiddenSize,
            norm: norm, quantised: gateUp.quantisesActivations)
        let stride = isPaired ? width : 2 * width
        let inner = rows.inner(stride: stride)
        if isPaired {
            gateUp(rows, normed, out: inner, outStride: stride, epilogue: .swiglu)
        } else {
            gateUp(rows, normed, out: inner, outStride: stride)
            let kernels = step.kernels.table
            rows.forEach(cost: width * 2) { row in
                let gate = inner + row * stride
                kind.activate(gate, gate + width, width, kernels)
            }
        }
        let prepared = rows.activation(
            of: inner, stride: stride, columns: width, norm: nil,
            quantised: down.linear.quantisesActivations, room: rows.innerQuantised)
        down(rows, prepared)
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

    func callAsFunction(_ rows: StepRows) { rows.inPieces(run) }

    private func run(_ rows: StepRows) {
        let step = rows.step
        let shape = step.shape
        let width = shape.intermediateSize
        let normed = rows.activation(
            of: step.hidden, stride: shape.hiddenSize, columns: shape.hiddenSize,
            norm: norm, quantised: up.quantisesActivations)
        let (inner, gelu) = (rows.inner(stride: width), step.kernels.table.pointee.gelu)
        up(rows, normed, out: inner, outStride: width)
        let form: Int32 = isApproximate ? 1 : 0
        rows.forEach(cost: width * 8) { row in gelu(inner + row * width, Int32(width), form) }
        let prepared = rows.activation(
            of: inner, stride: width, columns: width, norm: nil,
            quantised: down.linear.quantisesActivations, room: rows.innerQuantised)
        down(rows, prepared)
    }
}
