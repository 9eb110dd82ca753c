/// The events of a request, and the endings of a chain.

/// One step of a request's life, in order: `started` once, then each chain's tokens, then its end.
package enum GenerationEvent: Sendable, Hashable {
    /// The request was accepted. `seed` is the given one, or the one that was drawn.
    case started(promptTokens: Int, seed: UInt64)
    /// A chain has one more token.
    case token(GeneratedToken)
    /// A chain ended; the stream ends when all have.
    case finished(ChainEnd)
}

/// One token of one chain.
package struct GeneratedToken: Sendable, Hashable {
    /// The chain, from 0.
    package let chain: Int
    /// The token.
    package let id: Int32
    /// The text that this token made certain. It may be empty: a character may be incomplete, or the
    /// text may turn out to begin a stop string. The concatenation, with ``ChainEnd/text``, is the answer.
    package let text: String
    /// Its log-probability, when asked for.
    package let logprob: Float?
    /// The likeliest tokens at this place, when asked for.
    package let top: [TokenLogprob]
}

/// How a chain ended.
package struct ChainEnd: Sendable, Hashable {
    /// The chain, from 0.
    package let chain: Int
    /// Why it ended.
    package let reason: FinishReason
    /// What it stopped at, when it stopped. A stop token has no `token` event of its own.
    package let match: StopMatch?
    /// Text that was held back until the end; usually empty.
    package let text: String
    /// What it took.
    package let usage: Usage
}

/// Why a chain ended.
public enum FinishReason: String, Sendable, Hashable, CaseIterable {
    /// At an end token, a stop token or a stop string.
    case stop
    /// At an end token or the like, with tools to be called: only where an answer is read for calls.
    case toolCalls
    /// At the most tokens asked for, or at the end of the model's context.
    case length
    /// The caller gave up, or the engine was shut down.
    case cancelled
    /// The cache's budget cannot hold one more token of it, though nothing else is in the cache.
    case outOfMemory
}

/// What a chain stopped at.
package enum StopMatch: Sendable, Hashable {
    /// One of the model's end tokens or of the request's stop tokens.
    case token(Int32)
    /// One of the request's stop strings.
    case text(String)
}

/// What a chain took, as far as it was known when the chain ended.
public struct Usage: Sendable, Hashable {
    /// Tokens of the prompt.
    public internal(set) var promptTokens = 0
    /// Tokens of the prompt that were not computed, because the cache still had them from an earlier request: of the same
    /// conversation, or of any where prompts are reused.
    public internal(set) var cachedPromptTokens = 0
    /// Tokens chosen, a final stop token included.
    public internal(set) var completionTokens = 0
    /// From the request's arrival to the first step that computed something for it; nil when there was none.
    public internal(set) var queueTime: Duration?
    /// From the request's arrival to the chain's first token; nil when there was none.
    public internal(set) var timeToFirstToken: Duration?
    /// From the request's arrival to the chain's end.
    public internal(set) var duration: Duration = .zero
    /// Bytes that the whole cache held when the chain ended, before its pages were released.
    public internal(set) var cacheBytes = 0
    /// The most bytes that the whole cache held in any step since the request's first.
    public internal(set) var peakCacheBytes = 0
    /// The most bytes that this request's chains together held in any step. A page that they share
    /// counts once; other requests do not count.
    public internal(set) var peakRequestBytes = 0
    /// For each of `GenerationRequest.leadingWidths` the most bytes that so many chains, counted from the first, held
    /// together until this chain ended: what they would have held had no others been asked for.
    package internal(set) var leadingPeakBytes: [Int] = []
    /// Cached tokens attended by this chain's decode steps, averaged over layers and KV heads.
    public internal(set) var kvReads = 0.0
    /// Bytes of cache that this chain's decode steps moved: the pages that attention read, whole and each at the
    /// size that it is stored in, once for each step and KV head; what was read to choose, describe, weigh or turn
    /// (keys, bounds of pages, what the policy remembers); and what was read and written to take tokens out, merge,
    /// seal, or copy pages that others share. Not in it are the prompt's own steps and the writing of each token,
    /// which every policy does once.
    public internal(set) var bytesMoved = 0
    /// The most tokens that this chain had in the cache, its prompt included, averaged over layers and
    /// KV heads. Zero for a text that is scored.
    public internal(set) var peakTokens = 0.0
    /// The most tokens of this chain that were stored in fewer bits than its policy's pages have because memory ran short,
    /// averaged over layers and KV heads; 0 under a policy that has no `demote`.
    public internal(set) var demotedTokens = 0

    /// Nothing taken yet.
    public init() {}

    /// What several chains took together, as somebody else counted it.
    package init(promptTokens: Int, completionTokens: Int, duration: Duration) {
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.duration = duration
    }

    /// Adds what the cache held and moved meanwhile.
    package mutating func count(peakBytes: Int, kvReads: Double, bytesMoved: Int) {
        peakCacheBytes = peakBytes
        peakRequestBytes = peakBytes
        self.kvReads = kvReads
        self.bytesMoved = bytesMoved
    }
}
