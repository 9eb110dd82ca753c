/// Loads what a server answers with.

package import Martlet

extension ServedModel {
    /// Loads a model for vectors alone, whether it is an encoder or one that generates text.
    package static func loadVectors(
        _ name: String, options: ModelOptions, configuration: ServerConfiguration
    ) async throws(MartletError) -> ServedModel {
        try ServedModel(
            model: nil, embedding: try await vectors(of: name, options), name: name,
            configuration: configuration)
    }

    /// What makes vectors, stored as its own files say.
    private static func vectors(
        of name: String, _ options: ModelOptions
    ) async throws(MartletError) -> EmbeddingModel {
        var own = ModelOptions()
        own.threads = options.threads
        return try await EmbeddingModel.load(name, options: own)
    }

    /// Loads a model, and a second one for vectors where one is named. An encoder serves vectors alone.
    ///
    /// - Parameters:
    ///   - name: as `Model.load` takes it.
    ///   - options: how it is stored. Without a memory budget the cache holds ``ServerConfiguration/slots`` contexts of at
    ///     most 4,096 tokens, of which only what is used becomes resident.
    ///   - embeddings: a model of vectors beside it.
    package static func load(
        _ name: String, options: ModelOptions, embeddings: String? = nil,
        configuration: ServerConfiguration
    ) async throws(MartletError) -> ServedModel {
        var embedding: EmbeddingModel?
        if let embeddings { embedding = try await vectors(of: embeddings, options) }
        let loaded: LoadedModel
        do { loaded = try await LoadedModel.load(name, options: options) } catch {
            guard error.code == .unsupportedArchitecture, embeddings == nil || embeddings == name
            else { throw error }
            var found = embedding
            if found == nil {
                found = try? await EmbeddingModel.load(name, options: options)
            }
            guard let encoder = found else { throw error }
            return try ServedModel(
                model: nil, embedding: encoder, name: name, configuration: configuration)
        }
        let bytes: Int
        if let budget = options.memoryBudget {
            bytes = try loaded.cacheBytes(within: budget)
        } else {
            let context = min(
                configuration.contextLength ?? loaded.model.shape.contextLength,
                max(4096, configuration.contextLength ?? 0))
            bytes = try loaded.cacheBytes(
                CacheBudget(
                    promptTokens: context, completionTokens: context,
                    chainCount: configuration.slots,
                    chunk: options.maximumBatchTokens))
        }
        return try ServedModel(
            model: try await Model(loaded, budgetBytes: bytes), embedding: embedding, name: name,
            configuration: configuration)
    }
}
