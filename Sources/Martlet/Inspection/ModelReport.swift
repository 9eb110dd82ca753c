/// What a model is: the numbers behind `inspect`.

import MartletCache
import MartletFormats
package import MartletKernels
package import MartletModels
import MartletPolicies

/// The shape, size and memory of a loaded model.
package struct ModelReport: Sendable {
    /// The shape.
    package let shape: DecoderShape
    /// Parameters of the model; a tied embedding counts once.
    package let parameterCount: Int
    /// Parameters that one token's logits depend on: fewer where each token runs through some of many experts.
    package let activeParameterCount: Int
    /// How the weights are packed when nothing else is asked for.
    package let naturalWeights: WeightType?
    /// Bytes of packed weights by type.
    package let bytesByType: [(type: WeightType, bytes: Int)]
    /// Bytes that a token takes in the cache by codec, positions included.
    package let cacheBytesPerToken: [(codec: CacheCodec, bytes: Int)]
    /// Tokenizer kind and vocabulary.
    package let tokenizer: String
    /// Tokens that end a text.
    package let endTokens: [Int32]
    /// Weight files with their bytes; empty for a random model.
    package let files: [(path: String, bytes: Int)]
    /// Stored bytes by element type; empty for a random model.
    package let storedBytes: [(type: String, bytes: Int)]
    /// How it makes vectors of texts; nil where its files say nothing of that.
    package let pooling: PoolingReport?

    /// How the weights are packed when nothing else is asked for, in words.
    package var storedAs: String {
        naturalWeights?.rawValue ?? storedBytes.map(\.type).joined(separator: "+")
    }

    /// Reports on a loaded model.
    package init(_ loaded: LoadedModel) {
        let model = loaded.model
        shape = model.shape
        parameterCount = model.parameterCount
        activeParameterCount = model.activeParameterCount
        naturalWeights = loaded.naturalWeights
        endTokens = Set(model.endTokens + loaded.text.endTokens).sorted()
        bytesByType = WeightType.allCases.map { type in
            (type, model.packedBytes(as: type))
        }
        cacheBytesPerToken = CacheCodec.allCases.map { codec in
            // As --kv stores them beside a dense cache, which no method refuses.
            let policy = (try? CachePolicy.dense.storing(codec)) ?? .dense
            let shape = model.cacheShape(codec: policy.codec ?? codec).under(policy.traits)
            return (codec, shape.bytesPerToken)
        }
        tokenizer = loaded.text.summary
        let stored = StoredFiles(loaded.checkpoint)
        (files, storedBytes) = (stored.files, stored.bytesByType)
        pooling = loaded.checkpoint.flatMap { try? EmbeddingRecipe.read($0) }.map {
            PoolingReport($0, contextLength: model.shape.contextLength)
        }
    }
}

/// What lies on the disk of a model.
struct StoredFiles {
    /// Weight files with their bytes.
    let files: [(path: String, bytes: Int)]
    /// Bytes by element type, the most first.
    let bytesByType: [(type: String, bytes: Int)]

    /// Those of a checkpoint; none of a random model.
    init(_ checkpoint: Checkpoint?) {
        files = checkpoint?.tensors.files.map { ($0.path, $0.count) } ?? []
        var stored: [String: Int] = [:]
        for entry in checkpoint?.tensors.entries ?? [] {
            stored[entry.typeName, default: 0] += entry.byteCount
        }
        bytesByType = stored.sorted { ($0.value, $1.key) > ($1.value, $0.key) }
            .map { ($0.key, $0.value) }
    }
}
