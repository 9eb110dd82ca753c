/// What a model has done for all its requests, and what it holds, at one moment.

import MartletCache
public import MartletEngine

/// What a model has done since it was loaded, and what it holds, at one moment between two steps.
public struct ServiceStatistics: Sendable, Hashable {
    /// Chains that wait to be computed.
    public let waitingChains: Int
    /// Chains that are being computed.
    public let runningChains: Int
    /// Requests that ended or failed.
    public let endedRequests: Int
    /// Steps that ran the model.
    public let steps: Int
    /// Tokens computed, those of prompts and those computed a second time included.
    public let computedTokens: Int
    /// Tokens chosen.
    public let sampledTokens: Int
    /// The most tokens that a step computed.
    public let largestStep: Int
    /// What a step costs, as far as that is known.
    public let stepCost: StepCost?

    /// Times a chain gave way, for lack of memory or to something more urgent.
    public let preemptions: Int
    /// Those of them that kept their part of the cache as long as nothing needed it.
    public let parkings: Int
    /// Times the computation of a prompt stopped between two layers because something arrived.
    public let interruptions: Int
    /// Tokens that chains computed a second time because they gave way.
    public let recomputedTokens: Int

    /// Bytes that the cache may hold.
    public let budgetBytes: Int
    /// Bytes that it holds.
    public let heldBytes: Int
    /// The most bytes that it ever held.
    public let peakBytes: Int
    /// Bytes of what ended requests left, which are free as soon as something needs them.
    public let reclaimableBytes: Int

    /// Requests whose prompt was looked for among what was computed before.
    public let promptLookups: Int
    /// Those that went on with tokens of another.
    public let promptHits: Int
    /// Tokens of the prompts that were looked for.
    public let lookedTokens: Int
    /// Tokens of prompts that were not computed.
    public let hitTokens: Int
    /// Tokens that were given up for lack of memory.
    public let evictedTokens: Int
    /// Tokens that were brought back from ``PromptReuse/folder``.
    public let restoredTokens: Int
    /// Requests that waited for another to compute their common beginning.
    public let promptWaits: Int

    /// Bytes that requests hold which are being computed.
    public var runningBytes: Int { heldBytes - reclaimableBytes }
    /// Bytes that nothing holds.
    public var freeBytes: Int { budgetBytes - heldBytes }

    init(_ engine: EngineStatistics) {
        waitingChains = engine.waitingChains
        runningChains = engine.runningChains
        endedRequests = engine.endedRequests
        steps = engine.steps
        computedTokens = engine.computedTokens
        sampledTokens = engine.sampledTokens
        largestStep = engine.largestStep
        stepCost = engine.stepCost
        preemptions = engine.preemptions
        parkings = engine.parkings
        interruptions = engine.interruptions
        recomputedTokens = engine.recomputedTokens
        budgetBytes = engine.cache.budgetBytes
        heldBytes = engine.cache.bytesHeld
        peakBytes = engine.cache.peakBytes
        reclaimableBytes = engine.prefixes.reclaimableBytes
        promptLookups = engine.prefixes.lookups
        promptHits = engine.prefixes.hits
        lookedTokens = engine.prefixes.lookedTokens
        hitTokens = engine.prefixes.hitTokens
        evictedTokens = engine.prefixes.evictedTokens
        restoredTokens = engine.prefixes.restoredTokens
        promptWaits = engine.prefixes.waits
    }
}

extension ServiceStatistics {
    /// What several engines that share a budget have done and hold together.
    package init(adding all: [ServiceStatistics], budgetBytes: Int) {
        func sum(_ number: (ServiceStatistics) -> Int) -> Int {
            all.reduce(0) { $0 + number($1) }
        }
        waitingChains = sum(\.waitingChains)
        runningChains = sum(\.runningChains)
        endedRequests = sum(\.endedRequests)
        steps = sum(\.steps)
        computedTokens = sum(\.computedTokens)
        sampledTokens = sum(\.sampledTokens)
        largestStep = all.map(\.largestStep).max() ?? 0
        stepCost = all.first?.stepCost
        preemptions = sum(\.preemptions)
        parkings = sum(\.parkings)
        interruptions = sum(\.interruptions)
        recomputedTokens = sum(\.recomputedTokens)
        self.budgetBytes = budgetBytes
        heldBytes = sum(\.heldBytes)
        peakBytes = sum(\.peakBytes)
        reclaimableBytes = sum(\.reclaimableBytes)
        promptLookups = sum(\.promptLookups)
        promptHits = sum(\.promptHits)
        lookedTokens = sum(\.lookedTokens)
        hitTokens = sum(\.hitTokens)
        evictedTokens = sum(\.evictedTokens)
        restoredTokens = sum(\.restoredTokens)
        promptWaits = sum(\.promptWaits)
    }
}

extension Model {
    /// What the model has done and holds; nil after ``shutdown()``. It is read between two steps, so that asking may take as
    /// long as a step does.
    public func statistics() async -> ServiceStatistics? {
        await engine.statistics.map(ServiceStatistics.init)
    }

    /// Lets the prompts that a tenant's requests pinned (``ServiceOptions/pinsPrompt``) be given up like all others. What
    /// another tenant pinned too, among what is shared with everyone, stays.
    public func unpinPrompts(tenant: String = "") { engine.unpin(tenant: tenant) }
}
