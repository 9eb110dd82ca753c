// The numbers that describe a decoder, whichever family it is of.

/// The shape of a decoder-only model.
public struct DecoderShape: Sendable, Hashable {
    /// The family's name, as in `model_type`.
    public var family: String
    /// Width of the residual stream.
    public var hiddenSize: Int
    /// Width inside the MLP.
    public var intermediateSize: Int
    /// Rows of logits.
    public var vocabularySize: Int
    /// Positions the model was made for.
    public var contextLength: Int
    /// Whether the output projection is the embedding.
    public var tiesEmbeddings: Bool
    /// Whether each position up to `contextLength` has an embedding of its own, so that a sequence ends
    /// there. With rotations it can run on if a policy bounds distances.
    public var isPositionLearned: Bool
    /// How each layer attends.
    public var layers: [LayerPlan]
    /// The heads with which the model marks tokens for eviction; nil for a plain model.
    public var evictionHead: EvictionHeadShape?

    /// Transformer layers.
    public var layerCount: Int { layers.count }
    /// The model's own sliding window in each layer, nil for full attention.
    public var layerWindows: [Int?] { layers.map(\.window) }

    /// The experts of the first layer that has any.
    public var experts: ExpertShape? { layers.lazy.compactMap(\.experts).first }

    // Of all layers: a model whose layers differ in these is refused at load.

    /// Query heads of a layer.
    public var headCount: Int { layers.first?.headCount ?? 0 }
    /// KV heads of a layer.
    public var keyValueHeadCount: Int { layers.first?.keyValueHeadCount ?? 0 }
    /// Channels of a head.
    public var headDimension: Int { layers.first?.headDimension ?? 0 }
    /// Query channels of a layer.
    public var queryWidth: Int { layers.first?.queryWidth ?? 0 }
    /// Key (or value) channels of a layer.
    public var keyValueWidth: Int { layers.first?.keyValueWidth ?? 0 }
}

extension DecoderShape {
    /// A model whose layers differ at most in their windows; without a rotation, positions are learned.
    init(
        family: String, layerCount: Int, hiddenSize: Int, intermediateSize: Int, headCount: Int,
        keyValueHeadCount: Int, headDimension: Int, vocabularySize: Int, contextLength: Int,
        tiesEmbeddings: Bool, layerWindows: [Int?] = [], rotary: RotaryParameters?
    ) {
        self.init(
            family: family, hiddenSize: hiddenSize, intermediateSize: intermediateSize,
            vocabularySize: vocabularySize, contextLength: contextLength,
            tiesEmbeddings: tiesEmbeddings, isPositionLearned: rotary == nil,
            layers: [LayerPlan](
                repeating: LayerPlan(
                    mixing: .full, rotary: rotary, headCount: headCount,
                    keyValueHeadCount: keyValueHeadCount, headDimension: headDimension),
                count: layerCount))
        setWindows(layerWindows)
    }

    /// Gives the layers these windows, nil for full attention.
    mutating func setWindows(_ windows: [Int?]) {
        for (layer, window) in zip(layers.indices, windows) {
            layers[layer].mixing = window.map { .sliding(window: $0) } ?? .full
        }
    }
}
