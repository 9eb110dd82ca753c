// The models that can be compared, and how they are written.
// This file knows names and options; it refuses to know tensors.

/// A language model over characters: plain, with fixed shortening, or with pooled segments.
public struct CharacterModelPlan: Sendable, Hashable {
    /// How k vectors become one.
    public enum Shortening: String, Sendable, Hashable, CaseIterable {
        /// Their mean.
        case average = "avg"
        /// A linear map of all of them.
        case linear
        /// The mean, then attention to all vectors up to theirs.
        case attentionAverage = "attention-avg"
        /// The linear map, then attention.
        case attentionLinear = "attention-linear"
        var hasAttention: Bool { self == .attentionAverage || self == .attentionLinear }
        var isLinear: Bool { self == .linear || self == .attentionLinear }
    }

    /// How one vector becomes k.
    public enum Upsampling: String, Sendable, Hashable, CaseIterable {
        /// The vector, k times.
        case repeating = "repeat"
        /// A linear map to k vectors.
        case linear
        /// The vectors from before the shortening attend to the short ones.
        case attention
        /// As `attention`, with the linear map added to what attends.
        case attentionLinear = "attention-linear"
        var hasAttention: Bool { self == .attention || self == .attentionLinear }
        var isLinear: Bool { self == .linear || self == .attentionLinear }
    }

    /// Who cuts segments.
    public enum Boundaries: Sendable, Hashable {
        /// After the characters 0, k, 2k, … of the text.
        case fixed(Int)
        /// After blanks.
        case whitespace
        /// A predictor that learns the pieces of a unigram model of words.
        case unigram(pieces: Int)
        /// A predictor that learns where the model's own entropy rises.
        case entropy
        /// A predictor that learns with the model, held to a share of boundaries.
        case gumbel(prior: Double)
        var isPredicted: Bool {
            switch self {
            case .fixed, .whitespace: false
            case .unigram, .entropy, .gumbel: true
            }
        }
    }

    /// Where LayerNorm is.
    public enum Norm: String, Sendable, Hashable, CaseIterable {
        /// Before attention and MLP.
        case pre
        /// After each sum.
        case post
    }

    enum Kind: Hashable {
        case vanilla(layers: Int, Norm)
        case hourglass(HierarchyPlan, Shortening, Upsampling)
        case pooling(layers: [Int], Boundaries)
    }

    let kind: Kind
    /// Places by which an hourglass is shifted less than it must be; tests of leaks alone set it.
    var missingShift = 0

    init(_ kind: Kind) { self.kind = kind }

    /// Characters that lengths must be divisible by.
    public var divisor: Int {
        if case .hourglass(let hierarchy, _, _) = kind { return hierarchy.deepestFactor }
        return 1
    }

    var norm: Norm {
        switch kind {
        case .vanilla(_, let norm): norm
        case .hourglass: .pre
        case .pooling: .post
        }
    }

    var boundaries: Boundaries? {
        if case .pooling(_, let boundaries) = kind { return boundaries }
        return nil
    }
}

extension CharacterModelPlan: CustomStringConvertible {
    /// As it is read.
    public var description: String {
        switch kind {
        case .vanilla(let layers, let norm): return "vanilla(\(layers), norm=\(norm.rawValue))"
        case .hourglass(let hierarchy, let down, let up):
            return "hourglass(\(hierarchy), shorten=\(down.rawValue), upsample=\(up.rawValue))"
        case .pooling(let layers, let boundaries):
            let text = layers.map(String.init).joined(separator: "-")
            let cut =
                switch boundaries {
                case .fixed(let k): "fixed, every=\(k)"
                case .whitespace: "whitespace"
                case .unigram(let pieces): "unigram, pieces=\(pieces)"
                case .entropy: "entropy"
                case .gumbel(let prior): "gumbel, prior=\(prior)"
                }
            return "pooling(\(text), boundaries=\(cut))"
        }
    }
}
