/// What the cache has held and read, as values; definitions after the DMS paper (2506.05345).

/// Reads of one sequence, or of all sequences together.
package struct CacheReads: Sendable, Hashable {
    /// Cached tokens attended by decode steps, averaged over layers and KV heads and summed over
    /// steps: the "KV-cache token reads" of Inference-Time Hyper-Scaling (2506.05345, section 4).
    package internal(set) var kvReads: Double = 0
    /// Tokens committed by decode steps.
    package internal(set) var decodeTokens = 0
    /// Bytes that decode steps moved: pages that attention read, each once for each step and KV head however
    /// many query heads share it, and every touch beside that. `docs/measurements.md` says what each method
    /// touches.
    package internal(set) var bytesMoved = 0
    /// Bytes that steps read until their commit, those of prompts included.
    package internal(set) var bytesRead = 0

    /// No reads yet.
    package init() {}
}

/// The cache's account at one moment. Bytes held include the positions kept with each page; bytes read do
/// not: attention under these policies does not read positions.
package struct CacheStatistics: Sendable, Hashable {
    /// Sequences alive.
    package let sequenceCount: Int
    /// The budget at present.
    package let budgetBytes: Int
    /// Bytes of the pages in use; a page that sequences share counts once.
    package let bytesHeld: Int
    /// The most bytes that were ever in use, reserved pages included.
    package let peakBytes: Int
    /// Reads of all sequences, released ones included.
    package let reads: CacheReads
    /// Bytes read by the commits since the latest `reserve`: one step's worth.
    package let stepBytesRead: Int
    /// Live tokens now: averaged over layers and KV heads, summed over sequences. Shared pages count
    /// in each sequence, as in the paper.
    package let liveTokens: Double
    /// The largest `liveTokens` so far, taken before the policy frees what a commit pushed out.
    package let peakTokens: Double

    /// Cached tokens attended by all decode steps; see ``CacheReads/kvReads``.
    package var kvReads: Double { reads.kvReads }
    /// Bytes read by all steps; see ``CacheReads/bytesRead``.
    package var bytesRead: Int { reads.bytesRead }
}

/// Live tokens of every (layer, KV head).
package struct LiveTokens: Sendable, Hashable {
    /// KV heads of each layer.
    package let keyValueHeadCount: Int
    /// Tokens of each head, `layer * keyValueHeadCount + head`.
    package let counts: [Int]

    /// Tokens held for one head.
    package subscript(layer: Int, head: Int) -> Int { counts[layer * keyValueHeadCount + head] }
    /// The longest head's tokens.
    package var maximum: Int { counts.max() ?? 0 }
    /// Tokens averaged over layers and heads.
    package var mean: Double { Double(counts.reduce(0, +)) / Double(max(1, counts.count)) }
}
