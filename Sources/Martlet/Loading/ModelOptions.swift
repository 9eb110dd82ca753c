/// How a model is loaded, as a value.

package import MartletEngine
public import MartletKernels

/// How a model is loaded: how weights and cache are stored, how much memory and how many threads it
/// may use. Nothing lossy is on unless it is asked for; see ``SolveOptions/usesCompressedForms`` for searches.
public struct ModelOptions: Sendable, Hashable {
    /// How matrices are packed; nil keeps what the checkpoint stores (random models: bf16).
    public var weights: WeightType?
    /// A directory with a low-rank adapter (PEFT's `adapter_config.json`), which is merged into the weights.
    public var adapter: String?
    /// Directories of further low-rank adapters, by the names that requests choose them by
    /// (``GenerationOptions/adapter``). They stand beside the weights, which all requests share.
    public var adapters: [String: String] = [:]
    /// How keys and values are stored.
    public var cacheCodec: CacheCodec = .f32
    /// Which tokens stay in the cache: `dense`, or a policy such as `window(sinks=4, recent=1024)`.
    public var cachePolicy = "dense"
    /// Bytes that the cache of all sequences and ``adapters`` may take together; nil for as many bytes of cache as one sequence of the
    /// model's context length needs, at most 4,096 tokens. Only what is used becomes resident.
    public var memoryBudget: Int?
    /// How beginnings of prompts are reused between requests; nil for sessions alone, each of which goes on with its own.
    public var promptReuse: PromptReuse?
    /// In which order requests of one priority are served.
    public var order = ServiceOrder.arrival
    /// The longest time that should pass between two tokens of a response while others' prompts are computed: a step takes as
    /// many tokens of prompts as that leaves room for, by what steps took so far. Nil fills every step.
    public var targetGap: Duration?
    /// How long it may take to compile what an answer must match. What takes longer is refused.
    public var constraintTime = Duration.seconds(10)
    /// Threads; nil for one for each processor.
    public var threads: Int?
    /// The seed of a random model's weights.
    public var seed: UInt64 = 0
    /// The most tokens computed in one step. Larger steps make prompts faster and cost memory;
    /// results do not depend on it.
    public var maximumBatchTokens = 512
    /// The most chains that run at once, each of which gets a token of every step; others wait. Each costs a row of logits.
    public var maximumBatchSequences = 64

    /// The default settings.
    public init() {}
}

extension ModelOptions {
    /// What one step takes at most.
    package var stepBudget: StepBudget {
        StepBudget(maximumTokens: maximumBatchTokens, maximumSequences: maximumBatchSequences)
    }
}
