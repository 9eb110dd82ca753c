/// The unit of cache memory and the shape of what a model caches; knows nothing of pools or sequences.

import CMartletKernels
package import MartletKernels

/// Constants of a page: K and V of one (layer, KV head) of one sequence for sixteen tokens.
package enum KVPage {
    /// Tokens that a page holds. Logical slot `s` of a head lies in entry `s / tokens` of its page
    /// table, at slot `s % tokens` of the page.
    package static let tokens = 16

    /// Bytes of bookkeeping that a page owns besides keys and values: the absolute position of each
    /// of its tokens, as `Int32`. Counted in every figure of bytes held.
    package static let positionBytes = tokens * MemoryLayout<Int32>.stride

    /// The table entry of a page that was evicted.
    package static let hole: Int32 = -1

    /// Pages that `slots` slots span.
    @inlinable package static func count(forSlots slots: Int) -> Int {
        (slots &+ (tokens - 1)) / tokens
    }
}

/// What one token leaves in the cache: how many layers and heads, how wide, in which codec.
package struct KVShape: Sendable, Hashable {
    /// Layers that cache keys and values.
    package let layerCount: Int
    /// KV heads of each layer.
    package let keyValueHeadCount: Int
    /// Channels of one head, the same for keys and values.
    package let headDimension: Int
    /// How keys and values are represented in a page.
    package let codec: CacheCodec
    /// Bytes of keys and values in one page, a multiple of 64, without the positions.
    package let pageBytes: Int
    /// Bytes that describe a page's keys to a page selector; zero without one.
    package internal(set) var boundsBytes = 0

    /// What full pages become where positions say which are sealed; nil where none are.
    package internal(set) var sealed: SealedPages?

    /// Pages that are stored in fewer bits when they are full.
    package struct SealedPages: Sendable, Hashable {
        /// Bytes that one takes from the budget, positions included: the most of all kinds.
        package let heldBytes: Int
        /// Pages of each table that stay open, beside those that are being written.
        package let openPages: Int
    }

    /// Bytes of the keys in one page.
    package var keyBytes: Int { pageBytes / 2 }

    /// Bytes that touching one token's key and value moves: keys lie channel by channel, so that those of its
    /// whole page come in, values token by token.
    package var slotBytes: Int { keyBytes + (pageBytes - keyBytes) / KVPage.tokens }

    /// Creates a shape. All counts must be positive; `pageBytes` is what the codec says for
    /// ``KVPage/tokens`` tokens of `headDimension` channels.
    package init(
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
    package var tableCount: Int { layerCount * keyValueHeadCount }

    /// Bytes that one page takes from the budget, positions included.
    package var heldBytesPerPage: Int { pageBytes + KVPage.positionBytes + boundsBytes }

    /// Bytes that one token takes from the budget over all layers and heads when pages are full.
    package var bytesPerToken: Int {
        tableCount * (sealed?.heldBytes ?? heldBytesPerPage) / KVPage.tokens
    }

    /// Bytes of `pages` pages of one table while up to `chunk` tokens are added to it.
    package func heldBytes(pages: Int, chunk: Int) -> Int {
        guard let sealed else { return pages * heldBytesPerPage }
        let open = min(pages, KVPage.count(forSlots: chunk) + 1 + sealed.openPages)
        return open * heldBytesPerPage + (pages - open) * sealed.heldBytes
    }

    /// The same where all pages stay as they are written.
    package var unsealed: KVShape {
        var shape = self
        shape.sealed = nil
        return shape
    }
}
