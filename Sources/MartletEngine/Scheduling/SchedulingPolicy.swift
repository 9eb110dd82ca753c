/// In which order chains are served, and which one stays when memory runs out.

/// What a policy may look at.
package struct SchedulingKey: Sendable, Hashable {
    /// The request's priority; larger is more urgent.
    package let priority: Int
    /// The request; an earlier one has a smaller number.
    package let request: RequestID
    /// The chain within the request.
    package let chain: Int
    /// When the request arrived.
    package var arrival = Duration.zero
    /// When its first token should be there, if it says so.
    package var target: Duration?

    /// Describes a chain.
    package init(
        priority: Int, request: RequestID, chain: Int, arrival: Duration = .zero,
        target: Duration? = nil
    ) {
        self.priority = priority
        self.request = request
        self.chain = chain
        self.arrival = arrival
        self.target = target
    }
}

/// How far a chain is.
package struct ChainProgress: Sendable, Hashable {
    /// Who it is.
    package let key: SchedulingKey
    /// Whether it has said something, be that to be computed again.
    package let hasStarted: Bool
    /// Tokens of its prompt.
    package let promptTokens: Int
    /// Those of them that are computed.
    package let computedTokens: Int

    /// Tokens of its prompt that are still to be computed.
    package var remaining: Int { promptTokens - computedTokens }
}

/// What is known when an order is asked for.
package struct SchedulingMoment: Sendable, Hashable {
    /// The time since the engine started.
    package var now: Duration
    /// What steps cost; nil before the first.
    package var cost: StepCost?
    /// Tokens of a prompt that a step computes at most.
    package var chunk: Int

    /// Describes a moment.
    package init(now: Duration, cost: StepCost? = nil, chunk: Int = 512) {
        self.now = now
        self.cost = cost
        self.chunk = chunk
    }
}

/// Orders chains of one priority; a higher one always goes first. When pages run out others of its class give way before the
/// first, so that it is never held up.
package protocol SchedulingPolicy: Sendable {
    /// Where a chain stands among those of its priority: the smaller goes first, equal ones in order of arrival. What has
    /// started must rank before what has not, or as if it had not, and always the same: then every request ends.
    func rank(_ chain: ChainProgress, at moment: SchedulingMoment) -> Double
    /// Whether a rank changes while its chain waits.
    var changesWithTime: Bool { get }
}

/// In order of arrival.
package struct FirstComeFirstServed: SchedulingPolicy {
    /// Creates the policy.
    package init() {}

    package var changesWithTime: Bool { false }

    /// The same for all.
    package func rank(_ chain: ChainProgress, at moment: SchedulingMoment) -> Double { 0 }
}

/// Short prompts before long ones, as long as the long ones have not waited for too long.
package struct ShortestPromptFirst: SchedulingPolicy {
    /// Tokens by which a prompt counts as shorter for every second that it has waited.
    package var ageing: Double

    /// Creates the policy.
    package init(ageing: Double = 50) { self.ageing = ageing }

    package var changesWithTime: Bool { false }

    /// Its length, and what those that came earlier have gained since: who waits longer gains as much, so that the
    /// difference of two ranks never changes.
    package func rank(_ chain: ChainProgress, at moment: SchedulingMoment) -> Double {
        if chain.hasStarted { return -.infinity }
        return Double(chain.promptTokens) + ageing * (chain.key.arrival / .seconds(1))
    }
}

/// The earliest deadline first, among those that can still be met; after FlowPrefill (2602.16603).
package struct SlackEarliestDeadline: SchedulingPolicy {
    /// When the first token should be there after a request's arrival, where the request does not say.
    package var usualTarget: Duration
    /// How long a request that can no longer be in time lets others go ahead, after its deadline.
    package var patience: Duration

    /// Creates the policy.
    package init(usualTarget: Duration = .seconds(5), patience: Duration = .seconds(20)) {
        self.usualTarget = usualTarget
        self.patience = patience
    }

    package var changesWithTime: Bool { true }

    /// The deadline; behind all others where it cannot be met, before them when patience has ended.
    package func rank(_ chain: ChainProgress, at moment: SchedulingMoment) -> Double {
        if chain.hasStarted { return -.infinity }
        let deadline =
            (chain.key.arrival + (chain.key.target ?? usualTarget)) / .seconds(1)
        let now = moment.now / .seconds(1)
        if now > deadline + patience / .seconds(1) { return deadline - Self.apart }
        let takes =
            moment.cost?.prefillSeconds(
                from: chain.computedTokens, tokens: chain.remaining, chunk: moment.chunk) ?? 0
        return now + takes > deadline ? deadline + Self.apart : deadline
    }

    /// More seconds than any engine runs.
    private static let apart = 1e9
}

/// Where a chain stands.
struct SchedulingPlace: Sendable, Hashable {
    let key: SchedulingKey
    /// The policy's rank.
    var rank = 0.0

    /// Whether the first goes before the second: a strict total order.
    static func < (first: SchedulingPlace, second: SchedulingPlace) -> Bool {
        if first.key.priority != second.key.priority {
            return first.key.priority > second.key.priority
        }
        if first.rank != second.rank { return first.rank < second.rank }
        if first.key.request != second.key.request {
            return first.key.request < second.key.request
        }
        return first.key.chain < second.key.chain
    }
}
