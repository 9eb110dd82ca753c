/// One prompt continued on a model that is loaded for it: what `martlet generate` prints.

import MartletTemplates

/// Chains that continue a prompt, on a model with a cache made for them.
///
/// A program that has more than one thing to ask loads a ``Model`` and calls ``Model/generate(_:options:chainCount:)``,
/// which is what this does.
package struct PromptGeneration: Sendable {
    /// The model.
    package let loaded: LoadedModel
    /// The prompt.
    package let promptTokens: [Int32]
    /// The seed of the chains.
    package let seed: UInt64
    /// Bytes that the cache may take.
    package let budgetBytes: Int
    private let chainCount: Int
    private let model: Model
    private let stream: ChainStream
    /// Reads a chain's answer; nil where the model only continues text.
    private let reader: AnswerReader?

    /// Loads a model and starts to continue a prompt.
    ///
    /// - Parameters:
    ///   - name: as ``Model/load(_:options:costs:)`` takes it.
    ///   - prompt: text in UTF-8.
    ///   - form: whether the prompt is a text to continue or a message to answer.
    ///   - tools: the tools that a model is told of which answers a message.
    ///   - budgetBytes: the most that the cache may take; nil for what the chains can need.
    /// - Throws: what loading a model and ``Model/generate(_:options:chainCount:)`` throw, and `outOfMemory` when the
    ///   machine has less memory than the chains can need.
    package static func start(
        _ name: String, loading: ModelOptions, prompt: [UInt8], form: PromptForm = .text,
        tools: [ToolDefinition] = [],
        options: GenerationOptions,
        chainCount: Int = 1, budgetBytes: Int? = nil
    ) async throws(MartletError) -> PromptGeneration {
        let loaded = try await LoadedModel.load(name, options: loading)
        let (tokens, parser, reasoning) = try loaded.prompts.formed(
            utf8: prompt, form: form, tools: tools)
        let limit = try loaded.completionLimit(
            promptTokens: tokens.count, wanted: options.maximumTokens)
        let needed = CacheBudget(
            loaded, promptTokens: tokens.count, completionTokens: limit, chainCount: chainCount)
        let bytes = try loaded.cacheBytes(budgetBytes, for: needed)
        let model = try await Model(loaded, budgetBytes: bytes)
        var options = options
        let seed = options.seed ?? GenerationOptions.drawSeed()
        options.seed = seed
        options.constraint = options.constraint?.after(reasoning)
        return PromptGeneration(
            loaded: loaded, promptTokens: tokens, seed: seed, budgetBytes: bytes,
            chainCount: chainCount, model: model,
            stream: try model.generate(tokens, options: options, chainCount: chainCount),
            reader: parser.map { AnswerReader($0, options: options, text: loaded.text) })
    }

    /// Ends generation within one step; ``responses(_:)`` then returns what there is.
    package func cancel() { stream.cancel() }

    /// Waits for the chains, tells each piece as it comes, and returns the responses in the chains' order. An answer to a
    /// message is told apart into what the model thinks and what it says.
    package func responses(
        _ each: (ChainPart) -> Void = { _ in }
    ) async throws(MartletError) -> [Response] {
        var responses = [Response?](repeating: nil, count: chainCount)
        var readers = Array(repeating: reader, count: chainCount)
        for try await piece in stream {
            let chain = piece.chain
            let part = readers[chain]?.read(piece.part) ?? piece.part
            each(ChainPart(chain: chain, part: part))
            if let response = part.response { responses[chain] = response }
        }
        return responses.compactMap(\.self)
    }
}
