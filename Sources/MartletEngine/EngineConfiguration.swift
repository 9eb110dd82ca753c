/// The settings of an engine, given once at its start, and its statistics.

package import MartletCache
package import MartletModels

/// The settings of one engine.
package struct EngineConfiguration: Sendable {
    /// Bounds on one step. The model's own bound applies too.
    package var budget = StepBudget()
    /// In which order chains are served.
    package var policy: any SchedulingPolicy = FirstComeFirstServed()
    /// Which chain gives way when there is no room.
    package var victim = VictimRule.cheapest
    /// The longest time that should pass between two tokens of a chain, where its request does not say: prompts are computed
    /// in chunks that leave room for it, as far as steps are foreseen from those before. Nil fills every step.
    package var targetGap: Duration?
    /// What steps cost, where that was measured before; the engine's own steps correct it.
    package var stepCost: StepCost?
    /// How beginnings of prompts are reused between requests; nil keeps nothing but what conversations go on with.
    package var prefixReuse: PrefixReuse?
    /// What was loaded: a part of the name of everything that is reused.
    package var modelName = ""
    /// Expected tokens over cached tokens of a model that evicts its own; prompts are admitted by it. 1 for others.
    package var expectedCompression = 1.0
    /// The model's own end tokens, which end a chain unless it ignores them.
    package var endTokens: Set<Int32> = []
    /// Makes the text decoder of one chain. Nil leaves text empty and refuses stop strings.
    package var makeTextDecoder: (@Sendable () -> any TextDecoding)?
    /// Where time comes from.
    package var clock = EngineClock(ContinuousClock())
    /// Draws the seed of a request that names none.
    package var drawSeed: @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) }

    /// The default settings.
    package init() {}
}

/// A source of time, measured from when it was made.
package struct EngineClock: Sendable {
    /// The time since it was made.
    package let now: @Sendable () -> Duration

    /// Reads any clock that counts in `Duration`.
    package init<Source: Clock>(_ clock: Source) where Source.Duration == Duration {
        let start = clock.now
        now = { start.duration(to: clock.now) }
    }

    /// Reads a function, for tests and simulations.
    package init(now: @escaping @Sendable () -> Duration) { self.now = now }
}

/// Which chain of the least urgent class gives way when there is no room.
package enum VictimRule: Sendable, Hashable {
    /// The one whose return costs least for each page that it frees; never the first in the policy's order, as long as there
    /// is another.
    case cheapest
    /// The last in the policy's order, whatever it costs: what the other is measured against.
    case last
}

/// A model and the cache it writes to, made by the engine's own thread and used by no other.
package struct EngineParts {
    /// The model.
    package let forward: any ForwardPass
    /// The cache of all its sequences.
    package let cache: KVCache

    /// Pairs a model with its cache.
    package init(forward: any ForwardPass, cache: KVCache) {
        self.forward = forward
        self.cache = cache
    }
}

/// What an engine has done and holds, at one moment between steps.
package struct EngineStatistics: Sendable, Hashable {
    /// Steps that ran the model.
    package internal(set) var steps = 0
    /// Tokens computed, recomputed ones included.
    package internal(set) var computedTokens = 0
    /// Tokens chosen.
    package internal(set) var sampledTokens = 0
    /// Times a chain gave way, for lack of pages or to something more urgent.
    package internal(set) var preemptions = 0
    /// Those of them that kept their pages as long as nothing needed them.
    package internal(set) var parkings = 0
    /// Those of them of whose tokens the storage has a part as well.
    package internal(set) var spills = 0
    /// Times that pages of a chain which goes on were sealed for lack of pages.
    package internal(set) var demotions = 0
    /// Times a step stopped between two layers because something arrived.
    package internal(set) var interruptions = 0
    /// Tokens that were computed a second time by chains that gave way.
    package internal(set) var recomputedTokens = 0
    /// The most tokens that a step computed.
    package internal(set) var largestStep = 0
    /// What a step costs, as far as that is known.
    package internal(set) var stepCost: StepCost?
    /// What a step may have now.
    package internal(set) var stepRoom = StepRoom()
    /// Requests that ended or failed.
    package internal(set) var endedRequests = 0
    /// Chains that wait.
    package internal(set) var waitingChains = 0
    /// Chains that run.
    package internal(set) var runningChains = 0
    /// Sequences of ended requests that are kept for their conversations, or for any that begins like them.
    package internal(set) var keptSequences = 0
    /// What the reuse of prompts has done and holds.
    package internal(set) var prefixes = PrefixStatistics()
    /// The cache's account.
    package internal(set) var cache: CacheStatistics
}
