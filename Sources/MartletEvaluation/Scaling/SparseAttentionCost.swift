/// The Sparse Frontier's cost of a prompt and of a token, computed from a model's shape.

import Foundation
public import MartletModels

/// Floating-point operations of a prompt and elements moved by a decoded token, exactly as the Sparse Frontier counts them
/// (arXiv 2504.17768, second version, appendix on costs; isoCost). The causal half of attention is not taken off, and
/// attention's density is the share of cached tokens that a query attends to.
///
/// ``FlopCount`` counts what this program does; this one exists so that figures can be laid beside the paper's.
public struct SparseAttentionCost: Sendable, Hashable {
    private let layers: Double
    private let hidden: Double
    private let heads: Double
    private let groups: Double
    private let channels: Double
    private let inner: Double
    private let vocabulary: Double

    /// The costs of a model of this shape. Gated MLPs and full attention are assumed, as in the paper.
    public init(_ shape: DecoderShape) {
        layers = Double(shape.layerCount)
        hidden = Double(shape.hiddenSize)
        heads = Double(shape.headCount)
        groups = Double(shape.keyValueHeadCount)
        channels = Double(shape.headDimension)
        inner = Double(shape.intermediateSize)
        vocabulary = Double(shape.vocabularySize)
    }

    /// Operations of a prompt.
    ///
    /// - Parameters:
    ///   - length: its tokens.
    ///   - density: the share of query and key pairs that are computed, from 0 to 1.
    public func prefill(length: Double, density: Double) -> Double {
        2 * length * hidden + layers * (projections(length) + density * attention(length))
            + layers * (6 * length * hidden * inner + 2 * length * inner)
            + 2 * length * hidden * vocabulary
    }

    /// Elements moved by one step of decoding; times the bytes of an element it is traffic.
    ///
    /// - Parameters:
    ///   - length: cached tokens of each sequence.
    ///   - density: the share of them that is read, from 0 to 1.
    ///   - batch: sequences that share the reading of weights.
    public func decode(length: Double, density: Double, batch: Double = 1) -> Double {
        weights + batch * cache(length) * density
    }

    /// Elements of weights that a step moves.
    var weights: Double {
        layers * (4 * hidden * hidden + 3 * hidden * inner) + hidden * vocabulary + hidden
    }

    /// Elements of cache that attending to one token of it moves: keys and values of all layers.
    var cachedToken: Double { cache(1) }

    /// Elements of cache that a dense step reads for one sequence.
    public func cache(_ length: Double) -> Double { layers * 2 * length * channels * groups }

    /// Elements that Quest's bounds of pages add to a step, for one sequence.
    public func questIndexing(length: Double, page: Double) -> Double {
        layers * groups * 2 * channels * length / page
    }

    /// Operations of attention itself in all layers of a dense prompt.
    public func denseAttention(length: Double) -> Double { layers * attention(length) }

    private func projections(_ length: Double) -> Double {
        2 * length * hidden * (2 * hidden + 2 * channels * groups)
    }

    private func attention(_ length: Double) -> Double {
        4 * heads * length * length * channels + 3 * heads * length * length
    }
}
