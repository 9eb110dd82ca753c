/// What the cache holds for a request while it is served, for whoever wants to look.

import MartletCache
import Synchronization

/// What the chains of one request hold in the cache at one moment.
package struct CacheGlance: Sendable, Hashable {
    /// KV heads of each layer.
    package let keyValueHeadCount: Int
    /// Tokens held for each head, `layer * keyValueHeadCount + head`, averaged over the chains that run.
    package let liveTokens: [Double]
    /// Tokens of the longest chain: what a cache that drops nothing holds in a head.
    package let logicalTokens: Int
    /// Tokens of the prompt that were there when its first chain began.
    package let cachedTokens: Int
    /// Bytes of the chains' pages. A page that others share counts in equal parts.
    package let bytesHeld: Int
    /// The most bytes that they held in any step.
    package let peakBytes: Int
    /// Cached tokens that a generated token attended to, averaged over layers and KV heads, and over the tokens since the
    /// glance before; nil when there were none.
    package let readsPerToken: Double?
    /// Bytes of cache that a generated token moved, averaged as `readsPerToken`.
    package let bytesMovedPerToken: Double?
}

/// How far a prompt is computed.
package struct PromptStep: Sendable, Hashable {
    /// Tokens of it that were there when its first chain began.
    package let cached: Int
    /// Tokens that are there now, the cached ones included.
    package let computed: Int
    /// Since the first step that computed something for it began.
    package let time: Duration
}

/// Where the engine leaves what it says of one request while it serves it: the newest glance at its cache, and each step of
/// its prompt.
///
/// A glance takes time linear in the request's page tables, so that it is taken from time to time only, and once more when
/// a chain ends, while its pages are still there. A watch changes nothing of the request.
package final class CacheWatch: Sendable {
    /// The least time between two glances.
    package let interval: Duration
    /// How far the prompt is: what was there before, then what is there after each step that adds to it, at last all of it.
    /// Ends with the prompt, or with the request. For one reader.
    package let promptSteps: AsyncStream<PromptStep>
    private let prompt: AsyncStream<PromptStep>.Continuation
    private let newest = Mutex<CacheGlance?>(nil)

    /// - Parameter interval: the least time between two glances.
    package init(interval: Duration = .milliseconds(100)) {
        self.interval = interval
        (promptSteps, prompt) = AsyncStream.makeStream(of: PromptStep.self)
    }

    /// The newest glance; nil before the first.
    package var latest: CacheGlance? { newest.withLock { $0 } }

    func leave(_ glance: CacheGlance) { newest.withLock { $0 = glance } }

    func leave(_ step: PromptStep) { prompt.yield(step) }

    /// No step of the prompt comes any more.
    func endPrompt() { prompt.finish() }
}

/// A watch with what the loop remembers for it.
struct WatchedRequest {
    let watch: CacheWatch
    /// Tokens of the prompt of which it was last told that they are there; nil before the first time.
    var toldTokens: Int?
    /// When the last glance was taken.
    var glancedAt: Duration?
    /// What each chain had read by then.
    var reads: [Int: CacheReads] = [:]
}
