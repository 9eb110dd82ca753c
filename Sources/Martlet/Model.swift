/// A model that is ready to answer: the first type of the library to know.

import MartletCache
package import MartletEngine
public import MartletModels
public import MartletTemplates
public import MartletTokenizers

/// A language model with its cache and the thread that runs it.
///
/// ```swift
/// let model = try await Model.load("path/to/model")
/// let session = model.makeSession(instructions: "Answer in one sentence.\n")
/// print(try await session.respond(to: "What is a martlet?").text)
/// ```
/// Everything may be used from any task; requests that run at the same time share steps, and none of
/// them changes another's result.
public final class Model: Sendable {
    package let loaded: LoadedModel
    package let engine: Engine
    /// Looks for answers on engines of its own.
    let solver: Solver
    /// What steps take on this machine.
    let costs: CostStore
    /// Bytes that the cache was started with.
    package let startBudget: Int
    /// Where computed prompts outlive the model.
    private let promptFolder: PrefixFolder?
    /// What answers of this model must match.
    private let masks: ConstraintMasks

    // MARK: Loading

    /// Loads a model.
    ///
    /// - Parameters:
    ///   - name: `builtin` (or `builtin-cr4`, `builtin-cr8`), the small model of the package; a directory
    ///     in the Hugging Face layout; or `random:SHAPE` for random weights of a published shape
    ///     (`random:tiny`, `random:tiny-experts`, `random:qwen2.5-0.5b`, `random:llama-3.2-1b`). A random model has no
    ///     tokenizer: each byte of a prompt is a token, and a token of an answer reads `<its number>`.
    ///   - options: how it is stored and what it may use.
    ///   - costs: what steps of models take on this machine; by default what the user's file remembers.
    /// - Throws: ``MartletError`` naming the file or the option, what was got and expected.
    public static func load(
        _ name: String, options: ModelOptions = ModelOptions(), costs: CostStore = CostStore()
    ) async throws(MartletError) -> Model {
        let loaded = try await LoadedModel.load(name, options: options)
        return try await Model(loaded, budgetBytes: try loaded.defaultCacheBytes(), costs: costs)
    }

    /// Starts a loaded model with a cache of at most `budgetBytes`, which may become as many as `largestBudget` later.
    package init(
        _ loaded: LoadedModel, budgetBytes: Int, largestBudget: Int? = nil,
        costs: CostStore = CostStore()
    ) async throws(MartletError) {
        var configuration = EngineConfiguration()
        configuration.expectedCompression = loaded.compressionRatio
        configuration.budget = loaded.options.stepBudget
        configuration.endTokens = Set(loaded.model.endTokens + loaded.text.endTokens)
        configuration.makeTextDecoder = loaded.text.makeContinuationDecoder
        configuration.policy = loaded.options.order.policy
        configuration.targetGap = loaded.options.targetGap
        configuration.modelName = loaded.identity
        configuration.prefixReuse = try loaded.prefixReuse()
        promptFolder = configuration.prefixReuse?.storage as? PrefixFolder
        self.loaded = loaded
        self.costs = costs
        startBudget = budgetBytes
        solver = Solver(loaded, costs: costs)
        masks = ConstraintMasks(
            loaded.text, endTokens: configuration.endTokens,
            vocabularySize: loaded.model.shape.vocabularySize,
            timeLimit: loaded.options.constraintTime)
        do {
            engine = try await Engine(configuration: configuration) {
                let cache = try loaded.makeCache(
                    budgetBytes: max(budgetBytes, largestBudget ?? 0))
                cache.setBudget(budgetBytes)
                let runner = try ModelRunner(
                    loaded.model, maximumBatchTokens: loaded.options.maximumBatchTokens,
                    cache: cache)
                return EngineParts(forward: runner, cache: cache)
            }
        } catch {
            throw MartletError(error)
        }
    }

    /// Ends every request with `FinishReason.cancelled` and gives the cache back.
    public func shutdown() async {
        await engine.shutdown()
        await promptFolder?.flush()
    }

    // MARK: What it is

    /// The family, and all sizes.
    public var shape: DecoderShape { loaded.model.shape }
    /// Weight parameters.
    public var parameterCount: Int { loaded.model.parameterCount }
    /// Bytes of the adapters that requests may choose, which count in ``ModelOptions/memoryBudget``.
    public var adapterBytes: Int { loaded.model.adapterBytes }
    /// What is on that can change results, by name; empty unless lossy options were given.
    public var lossyMethods: [String] { loaded.lossyMethods }

    /// The tokenizer of the model's directory; nil for a random model or a directory without one.
    public var tokenizer: Tokenizer? {
        if case .tokenizer(let tokenizer) = loaded.text { tokenizer } else { nil }
    }

    // MARK: Text and tokens

    /// The tokens of a text, with those that the model wants around it (its beginning-of-text token).
    ///
    /// Throws `missingTokenizer` for a directory without tokenizer files.
    public func encode(_ text: String) throws(MartletError) -> [Int32] {
        try loaded.text.encode(utf8: Array(text.utf8))
    }

    /// The text of tokens, without special tokens.
    ///
    /// Throws `tokenOutOfRange`, or `missingTokenizer` for a directory without tokenizer files.
    public func decode(_ tokens: [Int32]) throws(MartletError) -> String {
        try loaded.text.decode(tokens)
    }

    // MARK: Requests

    /// Starts a conversation.
    ///
    /// - Parameters:
    ///   - instructions: what the model is told before the first prompt. A model without a chat template reads them as they
    ///     are: end them with a line break or a space where one is wanted.
    ///   - tools: the tools that it may call.
    ///   - adapter: which of ``ModelOptions/adapters`` it answers under; nil for the model's own weights.
    public func makeSession(
        instructions: String = "", tools: [ToolDefinition] = [], adapter: String? = nil
    ) -> Session {
        makeSession(
            messages: instructions.isEmpty ? [] : [Message(.system, instructions)], tools: tools,
            adapter: adapter)
    }

    /// Goes on with a conversation that was held elsewhere.
    ///
    /// - Parameters:
    ///   - messages: what was said.
    ///   - tools: the tools that the model may call.
    ///   - promptOptions: what prompts ask for beside the messages.
    ///   - usesTemplate: whether the model's chat template is used where there is one, rather than plain text.
    ///   - adapter: which of ``ModelOptions/adapters`` it answers under; nil for the model's own weights.
    public func makeSession(
        messages: [Message], tools: [ToolDefinition] = [],
        promptOptions: PromptOptions = PromptOptions(), usesTemplate: Bool = true,
        adapter: String? = nil
    ) -> Session {
        Session(
            model: self, messages: messages, tools: tools, promptOptions: promptOptions,
            usesTemplate: usesTemplate, adapter: adapter)
    }

    /// Whether the model's files say how it is talked to.
    public var hasChatTemplate: Bool { loaded.chatTemplate != nil }

    /// Continues a prompt with one or more chains, which share its part of the cache. Generation starts at once.
    ///
    /// Chain `i` draws from its own stream of random numbers: without a temperature all chains are the same.
    /// Throws `promptTooLong`, `contextExceeded` and `missingTokenizer`; reading the stream throws what else the
    /// prompt is refused for, and what the model fails with.
    public func generate(
        _ prompt: String, options: GenerationOptions = GenerationOptions(), chainCount: Int = 1
    ) throws(MartletError) -> ChainStream {
        try generate(try encode(prompt), options: options, chainCount: chainCount)
    }

    /// The log-probability of each token given those before it.
    ///
    /// The whole text counts as one prompt, so a policy that chooses at a prompt's end takes nothing out.
    ///
    /// - Parameters:
    ///   - tokens: at least one; see ``encode(_:)``.
    ///   - topCount: how many of the likeliest tokens to report at each place.
    ///   - adapter: which of ``ModelOptions/adapters`` it is computed under; nil for the model's own weights.
    /// - Throws: `promptTooLong`, `tokenOutOfRange`, `outOfPages`, `invalidParameter` for an adapter that was not
    ///   loaded, or `cancelled` when the task is cancelled, which takes effect within one step.
    public func score(
        _ tokens: [Int32], topCount: Int = 0, adapter: String? = nil
    ) async throws(MartletError) -> ScoringResult {
        try await score(
            tokens, topCount: topCount, adapter: adapter, chunk: ScoringRequest.defaultChunk)
    }

    /// As ``score(_:topCount:adapter:)``, at most `chunk` tokens a step: each costs a row of logits.
    package func score(
        _ tokens: [Int32], topCount: Int, adapter: String? = nil, chunk: Int
    ) async throws(MartletError) -> ScoringResult {
        // The last token predicts nothing that is asked for, so it needs no position.
        if let limit = loaded.positionLimit, tokens.count - 1 > limit {
            throw .promptTooLong(
                prompt: tokens.count, context: limit, isLearned: shape.isPositionLearned)
        }
        do {
            return try await engine.score(
                ScoringRequest(
                    tokens: tokens, topCount: topCount, chunk: chunk, adapter: adapter))
        } catch { throw MartletError(error) }
    }

    /// The log-probability of each token of a text of any length, in windows of the model's context that slide over it.
    ///
    /// Each window begins `stride` tokens after the one before, and gives the tokens that no earlier window reached: the
    /// usual perplexity of a model with a bounded context. A text that fits is one window, as in ``score(_:topCount:adapter:)``.
    /// With a stride as long as the window, the first token of each window has no log-probability.
    ///
    /// - Throws: `invalidParameter` for a stride outside 1 ... the window, and what ``score(_:topCount:adapter:)`` throws.
    public func score(
        _ tokens: [Int32], stride: Int, topCount: Int = 0, adapter: String? = nil
    ) async throws(MartletError) -> ScoringResult {
        try await score(
            tokens, stride: stride, window: loaded.scoringWindow(of: tokens.count),
            topCount: topCount, adapter: adapter, chunk: ScoringRequest.defaultChunk)
    }

    /// As ``score(_:stride:topCount:adapter:)``, in windows of so many tokens.
    package func score(
        _ tokens: [Int32], stride: Int, window: Int, topCount: Int,
        adapter: String? = nil, chunk: Int
    ) async throws(MartletError) -> ScoringResult {
        guard (1...max(1, window)).contains(stride) else {
            throw MartletError(
                code: .invalidParameter, subject: "stride",
                message: "stride: got \(stride), expected 1 to \(max(1, window)), the tokens of a "
                    + "window; correct or remove it")
        }
        var (begin, end) = (0, min(window, tokens.count))
        var result = try await score(
            Array(tokens[..<end]), topCount: topCount, adapter: adapter, chunk: chunk)
        while end < tokens.count {
            begin += stride
            let known = end
            end = min(begin + window, tokens.count)
            result.append(
                try await score(
                    Array(tokens[begin..<end]), topCount: topCount, adapter: adapter, chunk: chunk),
                from: known - begin)
        }
        return result
    }

    /// Compiles what answers must match, away from Swift's shared threads. Throws `invalidParameter` for what is wrong, not
    /// supported or takes longer than ``ModelOptions/constraintTime``, and `cancelled`.
    package func compile(
        _ constraint: Constraint
    ) async throws(MartletError) -> CompiledConstraint {
        CompiledConstraint(mask: try await masks.compiled(constraint))
    }

    /// Sends a prompt to the engine, or refuses it.
    ///
    /// - Parameter compiled: the options' constraint, where it was compiled before.
    package func generate(
        _ tokens: [Int32], options: GenerationOptions, chainCount: Int = 1,
        pacing: EventPacing = .eachStep, conversation: Conversation? = nil,
        leadingWidths: [Int] = [], watch: CacheWatch? = nil, compiled: CompiledConstraint? = nil
    ) throws(MartletError) -> ChainStream {
        let limit = try loaded.completionLimit(
            promptTokens: tokens.count, wanted: options.maximumTokens,
            usual: options.usualMaximumTokens)
        let stopTokens = try loaded.stopTokens(options)
        var request = GenerationRequest(
            promptTokens: tokens,
            sampling: options.sampling(maximumTokens: limit, stopTokens: stopTokens),
            chainCount: chainCount, pacing: pacing, conversation: conversation,
            adapter: options.adapter, leadingWidths: leadingWidths)
        if let compiled {
            request.mask = compiled.mask
        } else if let constraint = options.constraint {
            request.mask = try masks.mask(constraint)
        }
        request.priority = options.service.priority
        request.firstTokenTarget = options.service.firstTokenTarget
        request.targetGap = options.service.targetGap
        request.tenant = options.service.tenant
        request.prefixScope = options.service.sharing.scope
        request.pinsPrefix = options.service.pinsPrompt
        request.isBackground = options.service.isBackground
        request.waited = options.service.arrival.map { $0.duration(to: .now) } ?? .zero
        request.watch = watch
        request.maximumBytes = options.maximumCacheBytes
        return ChainStream(engine.generate(request), of: engine)
    }
}
