/// The events of a search, and its answer.

public import MartletEngine
public import MartletTasks

/// One step towards an answer, in order: the plan, chains and progress as they come, the answer.
public enum SolveEvent: Sendable {
    /// The budget has become a configuration.
    case planned(SolveConfiguration)
    /// A chain has ended.
    case chain(SolvedChain)
    /// Progress, about ten times a second.
    case progress(SolveProgress)
    /// The last event.
    case answer(SolveResult)
}

/// A chain that has ended, or was cut off.
public struct SolvedChain: Sendable, Hashable {
    /// The chain, from 0.
    public let index: Int
    /// What it wrote.
    public let text: String
    /// Its answer; nil when it has none.
    public let answer: String?
    /// Tokens that it wrote.
    public let tokens: Int
    /// The mean log-probability of its tokens.
    public let meanLogprob: Double
    /// What the checker said; nil without a checker or an answer.
    public let isVerified: Bool?
    /// Why it ended.
    public let finishReason: FinishReason
    /// What it took.
    public let usage: Usage
}

/// How far a search is.
public struct SolveProgress: Sendable, Hashable {
    /// Chains that have ended.
    public let chainsEnded: Int
    /// Chains in all.
    public let chains: Int
    /// Tokens written by all chains.
    public let tokens: Int
    /// Answers and how many chains gave them, the leading one first.
    public let votes: [Vote]
    /// Bytes that the cache holds.
    public let cacheBytes: Int
    /// Time since the call.
    public let elapsed: Duration
}

/// An answer and the chains that gave it.
public struct Vote: Sendable, Hashable {
    /// The answer, as the lowest of the chains wrote it.
    public let answer: String
    /// Chains.
    public let count: Int
}

/// The answer, and what it took.
public struct SolveResult: Sendable {
    /// Why the search ended.
    public enum Ending: String, Sendable, CaseIterable {
        /// Further chains could not have changed the answer, or the checker accepted it.
        case agreed
        /// All chains have ended.
        case exhausted
        /// The time was up; the answer is the best so far.
        case deadline
        /// The caller gave up; the answer is the best so far.
        case cancelled
    }

    /// The answer; nil when no chain came to one.
    public let answer: String?
    /// What the checker says of it; nil without a checker.
    public let isVerified: Bool?
    /// Answers and how many chains gave them, the leading one first.
    public let votes: [Vote]
    /// How answers were compared: as text, as numbers, as choices.
    public let kind: AnswerKind
    /// The chains that ended or were cut off, in their order.
    public let chains: [SolvedChain]
    /// How the budget was spent.
    public let configuration: SolveConfiguration
    /// Time from the call to the answer.
    public let elapsed: Duration
    /// The most bytes that the cache held in any step.
    public let peakCacheBytes: Int
    /// Bytes of adapters beside the weights, which count in the budget too.
    public let adapterBytes: Int
    /// Cached tokens attended by the chains that are reported, averaged over layers and KV heads.
    public let kvReads: Double
    /// Bytes of cache that their decode steps moved; see `Usage.bytesMoved`.
    public let bytesMoved: Int
    /// The seed of the chains.
    public let seed: UInt64
    /// Why the search ended.
    public let ending: Ending
}
