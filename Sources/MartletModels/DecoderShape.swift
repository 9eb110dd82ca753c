// The numbers that describe a decoder, whichever family it is of.

import Foundation

/// The shape of a decoder-only model.
public struct DecoderShape: Sendable, Hashable {
    /// The family's name, as in `model_type`.
    public var family: String
    /// Transformer layers.
    public var layerCount: Int
    /// Width of the residual stream.
    public var hiddenSize: Int
    /// Width inside the MLP.
    public var intermediateSize: Int
    /// Query heads.
    public var headCount: Int
    /// KV heads.
    public var keyValueHeadCount: Int
    /// Channels of a head.
    public var headDimension: Int
    /// Rows of logits.
    public var vocabularySize: Int
    /// Positions the model was made for.
    public var contextLength: Int
    /// Whether the output projection is the embedding.
    public var tiesEmbeddings: Bool
    /// The model's own sliding window in each layer, nil for full attention.
    public var layerWindows: [Int?]
    /// Rotation of queries and keys; nil for learned positions.
    public var rotary: RotaryParameters?
    /// The heads with which the model marks tokens for eviction; nil for a plain model.
    public var evictionHead: EvictionHeadShape?

    /// Query channels.
    public var queryWidth: Int { headCount * headDimension }
    /// Key (or value) channels.
    public var keyValueWidth: Int { keyValueHeadCount * headDimension }
    /// The most positions a sequence may have when every token is kept: with rotations it can run
    /// past `contextLength` only if a policy bounds distances.
    public var isPositionLearned: Bool { rotary == nil }
}

/// Rotary position embedding: base, and how long contexts stretch it.
public struct RotaryParameters: Sendable, Hashable {
    /// Base of the geometric series of wavelengths (`rope_theta`).
    public var base: Double
    /// How frequencies are stretched.
    public var scaling: Scaling

    /// How frequencies are stretched for contexts longer than those of pre-training.
    public enum Scaling: Sendable, Hashable {
        /// Not at all.
        case none
        /// All by the same factor.
        case linear(factor: Double)
        /// Llama 3.1: long wavelengths by `factor`, short ones not, those between in proportion.
        case llama3(factor: Double, low: Double, high: Double, original: Double)
    }

    /// Creates parameters.
    public init(base: Double, scaling: Scaling = .none) {
        self.base = base
        self.scaling = scaling
    }

    /// Radians a position for each pair of dimensions, `headDimension / 2` of them.
    public func frequencies(headDimension: Int) -> [Double] {
        (0..<headDimension / 2).map { index in
            let frequency = 1 / pow(base, Double(2 * index) / Double(headDimension))
            switch scaling {
            case .none: return frequency
            case .linear(let factor): return frequency / factor
            case .llama3(let factor, let low, let high, let original):
                let wavelength = 2 * Double.pi / frequency
                if wavelength < original / high { return frequency }
                if wavelength > original / low { return frequency / factor }
                let smooth = (original / wavelength - low) / (high - low)
                return (1 - smooth) * frequency / factor + smooth * frequency
            }
        }
    }
}
