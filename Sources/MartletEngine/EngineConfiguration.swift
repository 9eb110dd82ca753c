/// The settings of an engine, given once at its start, and its statistics.

public import MartletCache
public import MartletModels

/// The settings of one engine.
public struct EngineConfiguration: Sendable {
    /// Bounds on one step. The model's own bound applies too.
    public var budget = StepBudget()
    /// In which order chains are served.
    public var policy: any SchedulingPolicy = FirstComeFirstServed()
    /// Expected tokens over cached tokens of a model that evicts its own; prompts are admitted by it. 1 for others.
    public var expectedCompression = 1.0
    /// The model's own end tokens, which end a chain unless it ignores them.
    public var endTokens: Set<Int32> = []
    /// Makes the text decoder of one chain. Nil leaves text empty and refuses stop strings.
    public var makeTextDecoder: (@Sendable () -> any TextDecoding)?
    /// Where time comes from.
    public var clock = EngineClock(ContinuousClock())
    /// Draws the seed of a request that names none.
    public var drawSeed: @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) }

    /// The default settings.
    public init() {}
}

/// A source of time, measured from when it was made.
public struct EngineClock: Sendable {
    /// The time since it was made.
    public let now: @Sendable () -> Duration

    /// Reads any clock that counts in `Duration`.
    public init<Source: Clock>(_ clock: Source) where Source.Duration == Duration {
        let start = clock.now
        now = { start.duration(to: clock.now) }
    }

    /// Reads a function, for tests and simulations.
    public init(now: @escaping @Sendable () -> Duration) { self.now = now }
}

/// A model and the cache it writes to, made by the engine's own thread and used by no other.
public struct EngineParts {
    /// The model.
    public let forward: any ForwardPass
    /// The cache of all its sequences.
    public let cache: KVCache

    /// Pairs a model with its cache.
    public init(forward: any ForwardPass, cache: KVCache) {
        self.forward = forward
        self.cache = cache
    }
}

/// What an engine has done and holds, at one moment between steps.
public struct EngineStatistics: Sendable, Hashable {
    /// Steps that ran the model.
    public internal(set) var steps = 0
    /// Tokens computed, recomputed ones included.
    public internal(set) var computedTokens = 0
    /// Tokens chosen.
    public internal(set) var sampledTokens = 0
    /// Times a chain gave way for lack of pages.
    public internal(set) var preemptions = 0
    /// Requests that ended or failed.
    public internal(set) var endedRequests = 0
    /// Chains that wait.
    public internal(set) var waitingChains = 0
    /// Chains that run.
    public internal(set) var runningChains = 0
    /// Sequences of ended requests that are kept for their conversations.
    public internal(set) var keptSequences = 0
    /// The cache's account.
    public internal(set) var cache: CacheStatistics
}
