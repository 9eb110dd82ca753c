/// A model that makes vectors of texts: for search, for grouping, for telling what is alike.

import MartletFormats
import MartletKernels
public import MartletModels
package import MartletTokenizers

/// An embedding model: an encoder (BERT, Nomic BERT, ModernBERT), or a decoder whose last token stands for the text.
///
/// ```swift
/// let model = try await EmbeddingModel.load("path/to/all-MiniLM-L6-v2")
/// let texts = try await model.embed(["A martlet is a bird.", "Bread is baked."])
/// let query = try await model.embed(["birds"])
/// print(texts.similarities(to: query.vectors[0]))
/// ```
/// It may be used from any task. A text's vector is the same bits whatever is embedded beside it, and however many threads
/// run.
public final class EmbeddingModel: Sendable {
    let form: EmbeddingForm
    let text: TextCodec
    let recipe: EmbeddingRecipe
    /// The steps of ``recipe`` with their weights.
    let steps: [EmbeddingStep<LoadedProjection>]
    /// Whatever makes vectors of the same texts others: its files as they were before they were read, and how it was loaded.
    package let identity: String

    /// Loads a model.
    ///
    /// - Parameters:
    ///   - name: a directory in the Hugging Face layout, a GGUF file, or `owner/name` that was pulled.
    ///   - options: how it is stored and what it may use; caches hold a text at a time and are not for choosing.
    ///   - pooling: how vectors of tokens become one; nil as the model's files say, or as is usual for its family.
    /// - Throws: ``MartletError`` naming the file or the option, what was got and expected.
    public static func load(
        _ name: String, options: ModelOptions = ModelOptions(), pooling: Pooling? = nil
    ) async throws(MartletError) -> EmbeddingModel {
        try await onOwnThread(named: "martlet-load") { () throws(MartletError) in
            try EmbeddingModel(name, options: options, pooling: pooling)
        }
    }

    /// Loads a model; takes as long as reading its files does.
    package init(
        _ name: String, options: ModelOptions, pooling: Pooling? = nil
    ) throws(MartletError) {
        let files = LoadedModel.identity(of: name, options: options)
        identity = pooling.map { files + "\n\($0)" } ?? files
        do {
            let source = try ModelSource(name)
            try LoadedModel.check(options)
            var read: EmbeddingRecipe?
            if let checkpoint = try source.openEncoder() {
                guard options.adapter == nil, options.adapters.isEmpty else {
                    throw MartletError(
                        code: .invalidParameter, subject: "adapter",
                        message: "adapter: got one for an encoder, expected none; remove it")
                }
                text = try TextCodec(source, of: checkpoint)
                let model = try EncoderModel(
                    checkpoint, weights: options.weights, kernels: try KernelSet.selected(),
                    pool: WorkerPool(threadCount: options.threads ?? WorkerPool.processorCount))
                read = try EmbeddingRecipe.read(checkpoint, of: model.plan)
                form = .encoder(model)
            } else {
                if let checkpoint = try source.openCheckpoint() {
                    read = try EmbeddingRecipe.read(checkpoint)
                    guard read != nil || pooling != nil else {
                        throw MartletError.isNoEmbeddingModel(checkpoint.configuration)
                    }
                }
                let loaded = try LoadedModel(name, options: options, readsHead: false)
                text = loaded.text
                form = .decoder(loaded)
            }
            var recipe = read ?? .usual(form.usualPooling, of: form.family)
            if let pooling {
                recipe.poolings = [pooling]
                recipe.poolingSource = "asked for"
            }
            self.recipe = recipe
            try Self.check(recipe, width: form.width, name: name)
            steps = try recipe.steps.map { try $0.map { try $0.loaded() } }
        } catch {
            throw MartletError(any: error)
        }
    }

    private static func check(
        _ recipe: EmbeddingRecipe, width: Int, name: String
    ) throws(MartletError) {
        var width = width * recipe.poolings.count
        for case .project(let projection) in recipe.steps {
            guard projection.inputs == width else {
                throw MartletError(
                    ModelError.unsupported(
                        file: name, key: "in_features of a Dense module",
                        got: "\(projection.inputs)", expected: "\(width)"))
            }
            width = projection.outputs
        }
    }

    // MARK: What it is

    /// `model_type` of its family.
    public var family: String { form.family }
    /// Channels of a vector.
    public var dimensions: Int {
        recipe.steps.reduce(form.width * recipe.poolings.count) { width, step in
            if case .project(let projection) = step { projection.outputs } else { width }
        }
    }
    /// How vectors of tokens become one; several are put one after another.
    public var poolings: [Pooling] { recipe.poolings }
    /// Where that is said: a file, a key, or `usual for FAMILY`.
    public var poolingSource: String { recipe.poolingSource }
    /// Whether vectors are scaled to a length of 1 where nothing else is asked for.
    public var normalizes: Bool { recipe.normalizes }
    /// Tokens of the longest text that is read whole.
    public var maximumTokens: Int { min(recipe.maximumTokens ?? .max, form.contextLength) }
    /// What texts of a kind were preceded by in training, by the kind: `query`, `document` and the like.
    public var prompts: [String: String] { recipe.prompts }
    /// What stands before a text where no kind is asked for.
    public var defaultPrompt: String {
        recipe.defaultPrompt.flatMap { recipe.prompts[$0] } ?? ""
    }
    /// How its weights are packed.
    public var weightName: String { form.weightName }
    /// Bytes of packed weights.
    package var weightBytes: Int { form.weightBytes }
    /// What is on that can change results, by name; empty unless lossy options were given.
    public var lossyMethods: [String] {
        switch form {
        case .encoder(let model): model.lossyType.map { ["weights \($0)"] } ?? []
        case .decoder(let loaded): loaded.lossyMethods
        }
    }
    /// The tokenizer; nil for a model without one.
    package var tokenizer: Tokenizer? {
        if case .tokenizer(let tokenizer) = text { tokenizer } else { nil }
    }
    /// Threads of every loop.
    package var threadCount: Int { form.pool.threadCount }
}

/// What computes the vectors of tokens.
enum EmbeddingForm: Sendable {
    case encoder(EncoderModel)
    case decoder(LoadedModel)

    var family: String {
        switch self {
        case .encoder(let model): model.plan.family
        case .decoder(let loaded): loaded.model.shape.family
        }
    }

    /// Channels of a token.
    var width: Int {
        switch self {
        case .encoder(let model): model.plan.hiddenSize
        case .decoder(let loaded): loaded.model.shape.hiddenSize
        }
    }

    var contextLength: Int {
        switch self {
        case .encoder(let model): model.plan.contextLength
        case .decoder(let loaded): loaded.model.shape.contextLength
        }
    }

    var usualPooling: Pooling {
        switch self {
        case .encoder(let model): model.plan.usualPooling
        case .decoder: .last
        }
    }

    var weightBytes: Int {
        switch self {
        case .encoder(let model): model.weightBytes
        case .decoder(let loaded): loaded.weightBytes
        }
    }

    var weightName: String {
        switch self {
        case .encoder(let model): model.weightName
        case .decoder(let loaded): loaded.weightName
        }
    }

    var pool: WorkerPool {
        switch self {
        case .encoder(let model): model.pool
        case .decoder(let loaded): loaded.model.pool
        }
    }
}

extension MartletError {
    /// An encoder was asked to generate text.
    static func isEncoder(_ file: ConfigurationFile) -> MartletError {
        let family = file.value("model_type")?.stringValue ?? "such a model"
        return MartletError(
            code: .unsupportedArchitecture, subject: file.path,
            message: "\(file.path): \(family) is an encoder, which generates no text; use "
                + "martlet embed (EmbeddingModel in the library), or another model")
    }

    /// A decoder whose files name no pooling was asked to embed.
    static func isNoEmbeddingModel(_ file: ConfigurationFile) -> MartletError {
        let family = file.value("model_type")?.stringValue ?? "such a model"
        return MartletError(
            code: .unsupportedArchitecture, subject: file.path,
            message: "\(file.path): \(family) is a decoder and its files name no pooling, expected "
                + "an embedding model; use martlet generate, or say how to pool (--pooling last)")
    }
}
