// One encoder of a family: the family's table with the numbers of a configuration put in.

/// What lies between an encoder's first products of an MLP and its last.
enum EncoderActivation: Sendable, Hashable {
    /// gelu(up x), in the tanh form or the exact one.
    case gelu(isApproximate: Bool)
    /// gelu(gate x) · up x
    case gatedGELU(isApproximate: Bool)
    /// silu(gate x) · up x
    case gatedSiLU

    /// Whether there are two first products.
    var isGated: Bool {
        if case .gelu = self { false } else { true }
    }
}

/// How one layer attends.
struct EncoderLayerPlan: Sendable, Hashable {
    /// Tokens on each side that a token sees; nil for all of its text.
    var reach: Int?
    /// Base of the wavelengths by which queries and keys turn; nil where positions are learned.
    var rotaryBase: Double?
}

/// One encoder without its weights: every token of a text sees those before it and those after it, and nothing is cached.
package struct EncoderPlan: Sendable {
    /// `model_type` of the family.
    package let family: String
    /// Channels of a token.
    package var hiddenSize: Int
    /// Channels inside an MLP.
    package var intermediateSize: Int
    /// Rows of the embedding table.
    package var vocabularySize: Int
    /// Tokens of the longest text.
    package var contextLength: Int
    /// Heads of a layer.
    package var headCount: Int
    /// Heads of keys and values where several heads of queries share one; nil for one each.
    var sharedHeadCount: Int?
    /// Channels of a head.
    package var headDimension: Int
    /// Position of a text's first token: tables of some families begin with rows for padding.
    var firstPosition = 0
    /// Rows of the table of segments, of which the first is read.
    var segmentCount = 0
    /// The layers.
    var layers: [EncoderLayerPlan]
    /// The tensors.
    var table: EncoderTable
    /// What its MLPs are.
    var activation: EncoderActivation
    /// Added to variances in norms.
    var epsilon: Double
    /// Whether norms divide by the root of the mean square alone, and have no bias.
    var usesRMSNorms = false
    /// Added to the stored weights of norms.
    var normOffset: Float = 0
    /// Whether the norms at the ends of attention and MLP are of what these add, not of the sum.
    var normalisesBranches = false
    /// What embeddings are multiplied with.
    var embeddingScale: Float = 1
    /// What scores of attention are multiplied with; nil for one over the root of a head's channels.
    var attentionScale: Float?
    /// What a text's vector is made of where the model's files do not say.
    package var usualPooling: Pooling

    /// Whether positions have a table, rather than turn queries and keys.
    package var isPositionLearned: Bool { table.row(.positions) != nil }
    /// Number of layers.
    package var layerCount: Int { layers.count }
    /// Channels of all queries.
    var queryWidth: Int { headCount * headDimension }
    /// Heads of keys and values.
    package var keyValueHeadCount: Int { sharedHeadCount ?? headCount }
    /// Channels of all keys.
    var keyWidth: Int { keyValueHeadCount * headDimension }
    /// Channels of queries, keys and values of a token.
    var projectedWidth: Int { queryWidth + 2 * keyWidth }
    /// Rows of the table of positions.
    var positionCount: Int { firstPosition + contextLength }

    /// Outputs and inputs of a matrix; of a norm, one output and the channels that it scales.
    func size(_ role: EncoderRole) -> (outputs: Int, inputs: Int) {
        switch role {
        case .embedding: (vocabularySize, hiddenSize)
        case .positions: (positionCount, hiddenSize)
        case .segments: (segmentCount, hiddenSize)
        case .query: (queryWidth, hiddenSize)
        case .key, .value: (keyWidth, hiddenSize)
        case .queryNorm, .keyNorm: (1, headDimension)
        case .output: (hiddenSize, queryWidth)
        case .gate, .up: (intermediateSize, hiddenSize)
        case .down: (hiddenSize, intermediateSize)
        case .embeddingNorm, .inputNorm, .attentionEndNorm, .feedForwardNorm, .feedForwardEndNorm,
            .finalNorm:
            (1, hiddenSize)
        }
    }

    /// Lengths of the dimensions of a row's weight, or of its bias.
    func shape(_ row: EncoderRow, isBias: Bool) -> [Int] {
        let outputs = row.roles.reduce(0) { $0 + size($1).outputs }
        let inputs = size(row.roles[0]).inputs
        if row.roles[0].isNorm { return [inputs] }
        return isBias ? [outputs] : [outputs, inputs]
    }

    /// Weights of the model.
    package var parameterCount: Int {
        table.rows.reduce(0) { total, row in
            let weights = shape(row, isBias: false).reduce(1, *)
            let bias = row.hasBias ? shape(row, isBias: true).reduce(1, *) : 0
            let layers = row.isOfLayer ? layerCount - (row.isAbsentInFirst ? 1 : 0) : 1
            return total + layers * (weights + bias)
        }
    }
}

/// How a text's vector is made of those of its tokens.
public enum Pooling: String, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// The mean of all tokens.
    case mean
    /// The first token.
    case cls
    /// The last token.
    case last
    /// The largest value of each channel.
    case max
    /// The sum of all tokens over the root of their number.
    case meanSqrtLength = "mean-sqrt-length"
    /// The mean in which the n-th token counts n times.
    case weightedMean = "weighted-mean"

    /// The name, as options spell it.
    public var description: String { rawValue }
}
