/// What an encoder is: the numbers behind `inspect`.

import MartletFormats
import MartletModels

/// How a model makes vectors of texts.
package struct PoolingReport: Sendable {
    /// How vectors of tokens become one; several are put one after another.
    package let poolings: [String]
    /// Where that is said: a file, a key, or `usual for FAMILY`.
    package let source: String
    /// Inputs and outputs of the products after it, in their order.
    package let projections: [(inputs: Int, outputs: Int)]
    /// Whether vectors are scaled to a length of 1.
    package let normalizes: Bool
    /// Tokens of the longest text that is read whole.
    package let maximumTokens: Int
    /// What texts of a kind were preceded by in training, by the kind, in the order of the kinds.
    package let prompts: [(name: String, text: String)]
    /// The name of the prompt where none is asked for.
    package let defaultPrompt: String?

    init(_ recipe: EmbeddingRecipe, contextLength: Int) {
        poolings = recipe.poolings.map(\.rawValue)
        source = recipe.poolingSource
        projections = recipe.projections.map { ($0.inputs, $0.outputs) }
        normalizes = recipe.normalizes
        maximumTokens = min(recipe.maximumTokens ?? .max, contextLength)
        prompts = recipe.prompts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        defaultPrompt = recipe.defaultPrompt
    }
}

/// The shape, size and pooling of an encoder, of which no weights are read.
package struct EncoderReport: Sendable {
    /// `model_type` of its family.
    package let family: String
    /// Weights of the model.
    package let parameterCount: Int
    /// Number of layers.
    package let layerCount: Int
    /// Channels of a token, and inside an MLP.
    package let hiddenSize: Int, intermediateSize: Int
    /// Heads of a layer, those of keys and values, and the channels of one.
    package let headCount: Int, keyValueHeadCount: Int, headDimension: Int
    /// Rows of the embedding table.
    package let vocabularySize: Int
    /// Tokens of the longest text.
    package let contextLength: Int
    /// Whether positions have a table, rather than turn queries and keys.
    package let isPositionLearned: Bool
    /// How it makes vectors of texts.
    package let pooling: PoolingReport
    /// Tokenizer kind and vocabulary.
    package let tokenizer: String
    /// Weight files with their bytes.
    package let files: [(path: String, bytes: Int)]
    /// Stored bytes by element type.
    package let storedBytes: [(type: String, bytes: Int)]

    /// Reports on a model; nil where it is no encoder. Throws what opening it does.
    package init?(_ name: String) throws(MartletError) {
        do {
            let source = try ModelSource(name)
            guard let checkpoint = try source.openEncoder() else { return nil }
            let plan = try EncoderPlan.read(checkpoint)
            (family, parameterCount) = (plan.family, plan.parameterCount)
            layerCount = plan.layerCount
            (hiddenSize, intermediateSize) = (plan.hiddenSize, plan.intermediateSize)
            headCount = plan.headCount
            keyValueHeadCount = plan.keyValueHeadCount
            headDimension = plan.headDimension
            (vocabularySize, contextLength) = (plan.vocabularySize, plan.contextLength)
            isPositionLearned = plan.isPositionLearned
            pooling = PoolingReport(
                try EmbeddingRecipe.read(checkpoint, of: plan), contextLength: plan.contextLength)
            tokenizer = try TextCodec(source, of: checkpoint).summary
            let stored = StoredFiles(checkpoint)
            (files, storedBytes) = (stored.files, stored.bytesByType)
        } catch { throw MartletError(any: error) }
    }
}
