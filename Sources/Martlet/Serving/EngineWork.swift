/// What engines have done, in numbers that only grow.

import MartletEngine

/// What an engine has done, or several together, in numbers that only grow.
public struct EngineWork: Sendable, Hashable {
    /// Requests that ended or failed.
    public internal(set) var endedRequests = 0
    /// Steps that ran the model.
    public internal(set) var steps = 0
    /// Tokens computed, those of prompts and those computed a second time included.
    public internal(set) var computedTokens = 0
    /// Tokens chosen.
    public internal(set) var sampledTokens = 0
    /// Times a chain gave way, for lack of memory or to something more urgent.
    public internal(set) var preemptions = 0
    /// Those of them that kept their part of the cache as long as nothing needed it.
    public internal(set) var parkings = 0
    /// Those of them that had a part of it on disk as well.
    public internal(set) var spills = 0
    /// Times that a part of the cache of a chain which went on was stored in fewer bits for lack of memory.
    public internal(set) var demotions = 0
    /// Times the computation of a prompt stopped between two layers because something arrived.
    public internal(set) var interruptions = 0
    /// Tokens that chains computed a second time because they gave way.
    public internal(set) var recomputedTokens = 0
    /// Requests whose prompt was looked for among what was computed before.
    public internal(set) var promptLookups = 0
    /// Those that went on with tokens of another.
    public internal(set) var promptHits = 0
    /// Tokens of the prompts that were looked for.
    public internal(set) var lookedTokens = 0
    /// Tokens of prompts that were not computed.
    public internal(set) var hitTokens = 0
    /// Tokens that were given up for lack of memory.
    public internal(set) var evictedTokens = 0
    /// Tokens that were brought back from ``PromptReuse/folder``.
    public internal(set) var restoredTokens = 0
    /// Requests that waited for another to compute their common beginning.
    public internal(set) var promptWaits = 0

    /// Nothing yet.
    public init() {}

    /// One of the numbers.
    package struct Number: Sendable {
        /// Its name in reports.
        package let name: String
        /// Where it stands.
        package let path: any WritableKeyPath<EngineWork, Int> & Sendable
        /// Where an engine counts it.
        let source: any KeyPath<EngineStatistics, Int> & Sendable

        fileprivate init(
            _ name: String, _ path: any WritableKeyPath<EngineWork, Int> & Sendable,
            _ source: any KeyPath<EngineStatistics, Int> & Sendable
        ) {
            self.name = name
            self.path = path
            self.source = source
        }
    }

    /// All numbers: whatever adds, compares or tells them goes through this list.
    package static let numbers: [Number] = [
        Number("endedRequests", \.endedRequests, \.endedRequests),
        Number("steps", \.steps, \.steps),
        Number("computedTokens", \.computedTokens, \.computedTokens),
        Number("sampledTokens", \.sampledTokens, \.sampledTokens),
        Number("recomputedTokens", \.recomputedTokens, \.recomputedTokens),
        Number("preemptions", \.preemptions, \.preemptions),
        Number("parkings", \.parkings, \.parkings),
        Number("spills", \.spills, \.spills),
        Number("demotions", \.demotions, \.demotions),
        Number("interruptions", \.interruptions, \.interruptions),
        Number("promptLookups", \.promptLookups, \.prefixes.lookups),
        Number("promptHits", \.promptHits, \.prefixes.hits),
        Number("lookedTokens", \.lookedTokens, \.prefixes.lookedTokens),
        Number("hitTokens", \.hitTokens, \.prefixes.hitTokens),
        Number("evictedTokens", \.evictedTokens, \.prefixes.evictedTokens),
        Number("restoredTokens", \.restoredTokens, \.prefixes.restoredTokens),
        Number("promptWaits", \.promptWaits, \.prefixes.waits),
    ]

    /// What one engine has done.
    init(_ engine: EngineStatistics) {
        for number in Self.numbers { self[keyPath: number.path] = engine[keyPath: number.source] }
    }

    /// What two have done together.
    public static func + (first: Self, second: Self) -> Self {
        var sum = first
        for number in numbers { sum[keyPath: number.path] += second[keyPath: number.path] }
        return sum
    }

    /// What was done since an earlier moment.
    public static func - (now: Self, before: Self) -> Self {
        var done = now
        for number in numbers { done[keyPath: number.path] -= before[keyPath: number.path] }
        return done
    }
}
