// The heads with which a retrofitted model marks tokens: DMS (2506.05345) and DMC (2403.09636).

import CMartletKernels
import Foundation
import MartletCache
import MartletKernels

/// Marks the tokens of one layer. In the borrowed variants a channel of queries (and keys) carries the
/// mark, and is zero in attention under every policy.
struct EvictionHead: Sendable {
    /// What gives a row's logits: one for each KV head.
    struct Projection: Sendable {
        let rows: ThinRows
        /// One number for each output of the whole matrix.
        let bias: WeightVector?
    }

    let shape: EvictionHeadShape
    /// The projection that marks, for ``EvictionHeadShape/Source/projection``; nil for the borrowed variants.
    let projection: Projection?
    let norm: Norm?

    /// Whether a channel of queries and keys marks, which must be normalised before it is read.
    var borrowsChannel: Bool { shape.source != .projection }

    /// Writes the rows' logits to ``Step/marks``, from the residual stream before any norm.
    func project(_ rows: StepRows) {
        guard let projection, let norm else { return }
        let step = rows.step
        let heads = step.shape.keyValueHeadCount
        let input = rows.activation(
            of: step.hidden, stride: step.shape.hiddenSize, columns: step.shape.hiddenSize,
            norm: norm, quantised: false)
        let logits = projection.rows.multiply(rows, input, bias: projection.bias)
        for row in 0..<rows.count {
            for head in 0..<heads {
                step.marks[(rows.first + row) * heads + head] =
                    logits[row * step.lowRankWidth + head] * shape.scale - shape.offset
            }
        }
    }

    /// Reads the logits from the borrowed channel of normalised queries and keys of one row, and what
    /// a token weighs in DMC's mean.
    func read(_ step: Step, row: Int, queries: UnsafePointer<Float>, keys: UnsafePointer<Float>) {
        let s = step.shape
        let (heads, group) = (s.keyValueHeadCount, s.headCount / s.keyValueHeadCount)
        let (dimension, last) = (s.headDimension, s.headDimension - 1)
        for head in 0..<heads {
            let place = row * heads + head
            switch shape.source {
            case .projection: return
            case .queryChannel:
                let mark = queries[head * group * dimension + last]
                step.marks[place] = mark * shape.scale - shape.offset
            case .keyChannel:
                step.marks[place] = keys[head * dimension + last] * shape.scale - shape.offset
                var mean: Float = 0
                for member in 0..<group {
                    mean += queries[(head * group + member) * dimension + last]
                }
                step.mergeWeights[place] =
                    1 / (1 + exp(-(mean / Float(group) + shape.offset))) + shape.mergeEpsilon
            }
        }
    }

    /// The marks of all rows, once each row's logits are read; nil where the cache does not listen.
    func marks(_ step: Step) -> TokenMarks? {
        guard step.marksTokens else { return nil }
        let heads = step.shape.keyValueHeadCount
        if shape.isDisabled {
            for place in 0..<step.rows * heads {
                (step.marks[place], step.mergeWeights[place]) = (Self.unmarked, 1)
            }
        }
        if shape.isPerLayer {
            for row in 0..<step.rows {
                for head in 1..<max(1, heads) {
                    step.marks[row * heads + head] = step.marks[row * heads]
                }
            }
        }
        return TokenMarks(logits: step.marks, weights: step.mergeWeights, headCount: heads)
    }

    /// The logit of a token that no head marks.
    static let unmarked: Float = -1000

    /// Takes the borrowed channels out of attention; before the rotation and after it.
    func clear(
        key: UnsafeMutablePointer<Float>, queries: UnsafeMutablePointer<Float>, group: Int,
        dimension: Int
    ) {
        switch shape.source {
        case .projection: return
        case .queryChannel: queries[dimension - 1] = 0
        case .keyChannel:
            key[dimension - 1] = 0
            for member in 0..<group { queries[member * dimension + dimension - 1] = 0 }
        }
    }
}
