/// What a caller asks for, and gets, when a text is scored instead of continued.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A text whose tokens' log-probabilities are wanted.
package struct ScoringRequest: Sendable {
    /// The text; at least one token.
    package var tokens: [Int32]
    /// How many of the likeliest tokens to report at each place.
    package var topCount: Int
    /// The most tokens computed in one step; each costs a row of logits while the step lasts.
    package var chunk: Int
    /// ``chunk`` unless given: no slower than longer ones, whose logits take more memory than all else in a step.
    package static let defaultChunk = 64
    /// Larger goes first; equal ones in order of arrival.
    package var priority: Int
    /// The adapter that it is computed under; nil for the model's own weights.
    package var adapter: String?

    /// Describes a request.
    package init(
        tokens: [Int32], topCount: Int = 0, chunk: Int = defaultChunk, priority: Int = 0,
        adapter: String? = nil
    ) {
        self.tokens = tokens
        self.topCount = topCount
        self.chunk = chunk
        self.priority = priority
        self.adapter = adapter
    }
}

/// The log-probabilities of a text.
public struct ScoringResult: Sendable, Hashable {
    /// Natural log-probability of each token given those before it; nil for the first.
    public internal(set) var logprobs: [Float?]
    /// The likeliest tokens at each place, likeliest first; empty for the first and unless asked for.
    public internal(set) var top: [[TokenLogprob]]
    /// What it took.
    public internal(set) var usage: Usage

    /// Adds what a later window of the same text gave of its tokens from `place` on.
    package mutating func append(_ window: ScoringResult, from place: Int) {
        logprobs += window.logprobs[place...]
        top += window.top[place...]
        usage.promptTokens += window.logprobs.count - place
        usage.duration += window.usage.duration
        usage.cacheBytes = window.usage.cacheBytes
        usage.peakCacheBytes = max(usage.peakCacheBytes, window.usage.peakCacheBytes)
        usage.peakRequestBytes = max(usage.peakRequestBytes, window.usage.peakRequestBytes)
        usage.kvReads += window.usage.kvReads
        usage.bytesMoved += window.usage.bytesMoved
    }

    /// exp of minus the mean log-probability over all tokens that have one; nil when there is none.
    public var perplexity: Double? {
        let known = logprobs.compactMap { $0.map(Double.init) }
        guard !known.isEmpty else { return nil }
        return exp(-known.reduce(0, +) / Double(known.count))
    }
}
