/// How many bits each matrix of a model takes when the model is packed as one type.

import MartletKernels

/// What a matrix is for, as far as its packing goes.
enum MatrixKind {
    /// Embeddings and the output projection.
    case vocabulary
    /// What a feed-forward block reads its input with: the most weights, and the least harm in losing some.
    case feedForwardInput
    /// Which experts a token runs through: a choice that rounding would change.
    case router
    /// Attention, and what a feed-forward block writes its output with.
    case other
}

extension WeightType {
    /// The type of one matrix in a model that is packed as this and whose residual stream has `width` channels.
    ///
    /// Fewer bits than five lose least where a feed-forward block reads its input; a vocabulary's matrix loses next to
    /// nothing in six. Models narrower than 1,024 lose so much that each of their matrices takes a bit more.
    /// Measured on models whose weights were rotated, so that no grid of another format favours any: `docs/lab.md`.
    func type(of kind: MatrixKind, width: Int) -> WeightType {
        let isNarrow = width < 1024
        return switch (self, kind) {
        case (_, .router): .f32
        case (.q4, .vocabulary), (.q5, .vocabulary): .q6
        case (.q4, .feedForwardInput): isNarrow ? .q5 : .q4
        case (.q4, .other): isNarrow ? .q6 : .q5
        default: self
        }
    }
}

extension TensorRole {
    /// What its matrix is for.
    var matrixKind: MatrixKind {
        switch self {
        case .embedding, .head: .vocabulary
        case .router, .sharedRouter: .router
        case .gate, .up, .expertGate, .expertUp, .sharedGate, .sharedUp: .feedForwardInput
        default: .other
        }
    }
}

extension DecoderPlan {
    /// Bytes of the matrices of one layer, without its adapters and without padding; or of those that one token reads.
    func matrixBytes(layer: Int, as type: WeightType, isActive: Bool = false) -> Int {
        matrixRows.reduce(0) { total, row in
            let columns = inputs(row.roles[0], layer: layer)
            let layout = type.type(of: row.roles[0].matrixKind, width: shape.hiddenSize).layout
            return total + copies(row, layer: layer, isActive: isActive)
                * layout.bytes(weights: outputs(row, layer: layer) * columns)
        }
    }
}
