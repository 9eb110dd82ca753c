/// The unit of cache memory and the shape of what a model caches; knows nothing of pools or sequences.

import CMartletKernels
public import MartletKernels

/// Constants of a page: K and V of one (layer, KV head) of one sequence for sixteen tokens.
public enum KVPage {
    /// Tokens that a page holds. Logical slot `s` of a head lies in entry `s / tokens` of its page
    /// table, at slot `s % tokens` of the page.
    public static let tokens = 16

    /// Bytes of bookkeeping that a page owns besides keys and values: the absolute position of each
    /// of its tokens, as `Int32`. Counted in every figure of bytes held.
    public static let positionBytes = tokens * MemoryLayout<Int32>.stride

    /// The table entry of a page that was evicted.
    public static let hole: Int32 = -1

    /// Pages that `slots` slots span.
    @inlinable package static func count(forSlots slots: Int) -> Int {
        (slots &+ (tokens - 1)) / tokens
    }
}

/// What one token leaves in the cache: how many layers and heads, how wide, in which codec.
public struct KVShape: Sendable, Hashable {
    /// Layers that cache keys and values.
    public let layerCount: Int
    /// KV heads of each layer.
    public let keyValueHeadCount: Int
    /// Channels of one head, the same for keys and values.
    public let headDimension: Int
    /// How keys and values are represented in a page.
    public let codec: CacheCodec
    /// Bytes of keys and values in one page, a multiple of 64, without the positions.
    public let pageBytes: Int
    /// Bytes that describe a page's keys to a page selector; zero without one.
    public internal(set) var boundsBytes = 0

    /// Creates a shape. All counts must be positive; `pageBytes` is what the codec says for
    /// ``KVPage/tokens`` tokens of `headDimension` channels.
    public init(
        layerCount: Int, keyValueHeadCount: Int, headDimension: Int, codec: CacheCodec,
        pageBytes: Int
    ) {
        precondition(
            layerCount > 0 && keyValueHeadCount > 0 && headDimension > 0,
            "KVShape: got \(layerCount) layers, \(keyValueHeadCount) KV heads, head dimension "
                + "\(headDimension), expected positive numbers")
        precondition(
            pageBytes > 0 && pageBytes % 64 == 0,
            "KVShape: got \(pageBytes) bytes a page, expected a positive multiple of 64")
        self.layerCount = layerCount
        self.keyValueHeadCount = keyValueHeadCount
        self.headDimension = headDimension
        self.codec = codec
        self.pageBytes = pageBytes
    }

    /// Page tables of one sequence: one for every (layer, KV head), layer-major.
    public var tableCount: Int { layerCount * keyValueHeadCount }

    /// Bytes that one page takes from the budget, positions included.
    public var heldBytesPerPage: Int { pageBytes + KVPage.positionBytes + boundsBytes }

    /// Bytes that one token takes from the budget over all layers and heads when pages are full.
    public var bytesPerToken: Int { tableCount * (heldBytesPerPage / KVPage.tokens) }
}
