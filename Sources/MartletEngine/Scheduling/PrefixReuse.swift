/// Whether what one request computed serves the next, and within which bounds.

package import MartletCache

/// How an engine reuses beginnings of prompts.
///
/// Sequences of requests that ended stay in the cache, and a request goes on with the one that shares most tokens with it.
/// What it says is the same, bit for bit, as if it had computed all of them. What stays counts in the budget and gives way
/// before anything that runs does.
package struct PrefixReuse: Sendable {
    /// The most bytes that what is kept may hold by itself; nil for all that requests leave free.
    package var maximumBytes: Int?
    /// The time after which something that was not used again is worth half.
    package var halfLife: Duration
    /// Where prompts outlive the engine; nil for nowhere. Only pages whose content is all that there is to know of them go
    /// there: those of caches in which nothing but the model acts, without windows.
    package var storage: (any PrefixStorage)?
    /// Tokens that are stored together.
    package var segmentTokens = 256
    /// Makes the keys that prompts are found by, once for each engine. A storage has keys of its own.
    package var makeKeys: @Sendable () -> PrefixKeys

    /// Reuses prompts within these bounds.
    package init(
        maximumBytes: Int? = nil, halfLife: Duration = .seconds(60),
        makeKeys: @escaping @Sendable () -> PrefixKeys = { PrefixKeys() }
    ) {
        self.maximumBytes = maximumBytes
        self.halfLife = halfLife
        self.makeKeys = makeKeys
    }
}

/// What the reuse of prompts has done and holds.
package struct PrefixStatistics: Sendable, Hashable {
    /// Requests whose prompt was looked for.
    package internal(set) var lookups = 0
    /// Requests that went on with tokens of another.
    package internal(set) var hits = 0
    /// Tokens of prompts that were looked for.
    package internal(set) var lookedTokens = 0
    /// Tokens of prompts that were not computed.
    package internal(set) var hitTokens = 0
    /// Tokens that were given up for lack of pages.
    package internal(set) var evictedTokens = 0
    /// Times a request waited for one that was computing the same beginning.
    package internal(set) var waits = 0
    /// Tokens that were written to the storage.
    package internal(set) var storedTokens = 0
    /// Tokens that were brought back from it.
    package internal(set) var restoredTokens = 0
    /// Segments of it that were not as they had been written.
    package internal(set) var damagedSegments = 0
    /// Tokens that are kept; a beginning that several share counts for each of them.
    package internal(set) var keptTokens = 0
    /// Bytes of pages that what is kept holds by itself: they are free as soon as something needs them.
    package internal(set) var reclaimableBytes = 0

    /// Nothing yet.
    package init() {}
}

/// What a request's prompt is looked for under.
struct RequestPrefix: Sendable {
    /// A namespace, and the keys of the prompt's pages in it.
    struct Lane: Sendable {
        let root: PrefixKey
        let keys: [PrefixKey]
    }

    /// What its tenant alone sees.
    let tenant: Lane
    /// What everyone sees.
    let everyone: Lane
    let scope: PrefixScope
    /// The tenant that pins what it leaves; nil where nobody does.
    let pinner: String?
    /// Whether what it leaves is the first to go.
    let isBackground: Bool

    /// Where what it leaves is found.
    var ownLane: Lane { scope == .everyone ? everyone : tenant }

    /// Where it looks, in order; nowhere when it shares with nobody.
    var lanes: [Lane] {
        switch scope {
        case .request: []
        case .tenant, .everyone: [tenant, everyone]
        }
    }
}
