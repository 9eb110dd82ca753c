// A linear layer: packed weights, perhaps a bias.

import CMartletKernels
import MartletKernels

/// y = x Wᵀ + b for the rows of a step.
struct Linear: Sendable {
    /// Output channels one after another: one matrix, or several where a file stores parts of it in several types.
    let matrices: [PackedMatrix]
    let bias: WeightVector?
    /// What adapters know it by; nil where none can change it.
    let site: LinearSite?

    init(_ matrices: [PackedMatrix], bias: WeightVector? = nil, site: LinearSite? = nil) {
        self.matrices = matrices
        self.bias = bias
        self.site = site
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
    func callAsFunction<Workspace>(
        _ rows: RowRange<Workspace>, _ activation: Activation, out: UnsafeMutablePointer<Float>,
        outStride: Int, epilogue: mk_epilogue = .store
    ) {
        var first = 0
        for matrix in matrices {
            rows.multiply(
                matrix, activation, bias: bias.map { $0.pointer + first }, out: out + first,
                outStride: outStride, epilogue: epilogue)
            first += matrix.channels
        }
        // Steps of a decoder alone choose adapters.
        if let site, let rows = rows as? StepRows {
            rows.adapt(site, activation, out: out, outStride: outStride)
        }
    }
}

/// What attention or an MLP ends in: a product that is added to the residual stream, normalised and scaled before where
/// a family does so.
struct ResidualLinear: Sendable {
    let linear: Linear
    var norm: Norm?
    var scale: Float = 1

    /// Multiplies prepared rows, whose buffer is not that of norms, and adds to the residual stream.
    func callAsFunction(_ rows: StepRows, _ activation: Activation) {
        let step = rows.step
        let size = step.shape.hiddenSize
        if norm == nil, scale == 1 {
            linear(rows, activation, out: step.hidden, outStride: size, epilogue: .add)
            return
        }
        // Rows that a norm prepared for a product before this one are not read any more.
        let (branch, hidden, kernels) = (step.normed, step.hidden, step.kernels)
        linear(rows, activation, out: branch, outStride: size)
        rows.forEach(cost: size) { row in
            let x = branch + row * size
            if let norm { norm(kernels, x, count: size, out: x) }
            if scale != 1 { for i in 0..<size { x[i] *= scale } }
            kernels.table.pointee.add(hidden + row * size, x, Int32(size))
        }
    }
}
