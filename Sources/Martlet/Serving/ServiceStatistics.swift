/// What a model has done for all its requests, and what it holds, at one moment.

import MartletCache
public import MartletEngine

/// What a model has done since it was loaded, and what it holds, at one moment between two steps.
///
/// The numbers of its ``work`` can be read from it directly: `statistics.steps`.
@dynamicMemberLookup
public struct ServiceStatistics: Sendable, Hashable {
    /// Chains that wait to be computed.
    public let waitingChains: Int
    /// Chains that are being computed.
    public let runningChains: Int
    /// What it has done.
    public let work: EngineWork
    /// The most tokens that a step computed.
    public let largestStep: Int
    /// What a step costs, as far as that is known.
    public let stepCost: StepCost?
    /// Tokens that a step may have now, by its cost and the time that should pass between two tokens: one of each chain
    /// that generates, and those of a new prompt.
    public let stepTokens: Int
    /// Seconds that a step of the chains that generate takes without a prompt; nil where that is not known, or no time
    /// between tokens is aimed at.
    public let stepSeconds: Double?

    /// Bytes that the cache may hold.
    public let budgetBytes: Int
    /// Bytes that it holds.
    public let heldBytes: Int
    /// The most bytes that it ever held.
    public let peakBytes: Int
    /// Bytes of what ended requests left, which are free as soon as something needs them.
    public let reclaimableBytes: Int

    /// Bytes that requests hold which are being computed.
    public var runningBytes: Int { heldBytes - reclaimableBytes }
    /// Bytes that nothing holds.
    public var freeBytes: Int { budgetBytes - heldBytes }

    /// One of the numbers of its work.
    public subscript(dynamicMember number: KeyPath<EngineWork, Int>) -> Int {
        work[keyPath: number]
    }

    init(_ engine: EngineStatistics) {
        waitingChains = engine.waitingChains
        runningChains = engine.runningChains
        work = EngineWork(engine)
        largestStep = engine.largestStep
        stepCost = engine.stepCost
        stepTokens = engine.stepRoom.tokens
        stepSeconds = engine.stepRoom.seconds
        budgetBytes = engine.cache.budgetBytes
        heldBytes = engine.cache.bytesHeld
        peakBytes = engine.cache.peakBytes
        reclaimableBytes = engine.prefixes.reclaimableBytes
    }

    /// What several engines that share a budget hold together.
    ///
    /// - Parameter work: what they have done, and those that have ended.
    package init(adding all: [ServiceStatistics], work: EngineWork, budgetBytes: Int) {
        func sum(_ number: (ServiceStatistics) -> Int) -> Int {
            all.reduce(0) { $0 + number($1) }
        }
        waitingChains = sum(\.waitingChains)
        runningChains = sum(\.runningChains)
        self.work = work
        largestStep = all.map(\.largestStep).max() ?? 0
        stepCost = all.first?.stepCost
        // Engines take turns: the steps are those of the busiest.
        let busiest = all.max { $0.runningChains < $1.runningChains }
        stepTokens = busiest?.stepTokens ?? 0
        stepSeconds = busiest?.stepSeconds
        self.budgetBytes = budgetBytes
        heldBytes = sum(\.heldBytes)
        peakBytes = sum(\.peakBytes)
        reclaimableBytes = sum(\.reclaimableBytes)
    }
}

extension Model {
    /// What the model has done and holds; nil after ``shutdown()``. It is read between two steps, so that asking may take as
    /// long as a step does.
    public func statistics() async -> ServiceStatistics? {
        await engine.statistics.map(ServiceStatistics.init)
    }

    /// What the model has done, after ``shutdown()`` too.
    package func work() async -> EngineWork {
        await engine.lastStatistics.map(EngineWork.init) ?? EngineWork()
    }

    /// Lets the prompts that a tenant's requests pinned (``ServiceOptions/pinsPrompt``) be given up like all others. What
    /// another tenant pinned too, among what is shared with everyone, stays.
    public func unpinPrompts(tenant: String = "") { engine.unpin(tenant: tenant) }
}
