// Filling a cache without running a prefill, to measure decoding at depth.

import CMartletKernels
package import MartletCache
package import MartletKernels

/// How keys of neighbouring tokens are alike in a filled cache, so that a choice among tokens is scattered over
/// pages as it is on text.
private enum FilledKeys {
    /// The correlation of a key with the one before it. Measured on SmolLM2-135M-Instruct and 2,048 tokens of
    /// WikiText-2: the 256 tokens that a head attends to most lie in half of the 128 pages. A sequence of numbers
    /// with this correlation has its largest eighth there too; independent numbers 0.88, equal neighbours an eighth.
    static let correlation: Float = 0.855
    /// Vectors that keys and values are made of.
    static let vectors = 64
}

extension KVCache {
    /// Appends `tokens` random keys and values to every head of a sequence, through the same
    /// reservation, pages and codec as a real prefix. Values mean nothing: for timing only. A key is like the
    /// one before it, and what a choice among tokens reads is scattered as on text.
    package func fillForTiming(
        _ id: SequenceID, tokens: Int, seed: UInt64, kernels: KernelSet, pool: WorkerPool
    ) throws(CacheError) {
        let (shape, append) = (shape, kernels.table.pointee.append)
        let dimension = shape.headDimension
        var random = CounterRandom(seed: seed, stream: 1_000_003)
        let noise = random.floats(FilledKeys.vectors * dimension)
        let fresh = (1 - FilledKeys.correlation * FilledKeys.correlation).squareRoot()
        // The newest key of each table.
        var newest = Array(repeating: Array(noise[..<dimension]), count: shape.tableCount)
        let chunk = 512
        var done = 0
        while done < tokens {
            let count = min(chunk, tokens - done)
            try reserve([(id, count)])
            let first = self.count(id)
            newest.withUnsafeMutableBufferPointer { newest in
                noise.withUnsafeBufferPointer { noise in
                    pool.run(shape.tableCount) { index, _ in
                        guard let vectors = noise.baseAddress else { return }
                        let table = table(
                            id, layer: index / shape.keyValueHeadCount,
                            head: index % shape.keyValueHeadCount)
                        var random = CounterRandom(
                            seed: seed, stream: UInt64(index &* 1_000_003 &+ first))
                        for slot in first..<first + count {
                            let change = vectors + random.below(FilledKeys.vectors) * dimension
                            let value = vectors + random.below(FilledKeys.vectors) * dimension
                            let page = pagePointer(table[slot / KVPage.tokens])
                            newest[index].withUnsafeMutableBufferPointer { key in
                                for i in 0..<dimension {
                                    key[i] = key[i] * FilledKeys.correlation + change[i] * fresh
                                }
                                guard let key = key.baseAddress else { return }
                                append(
                                    shape.codec.code, page.assumingMemoryBound(to: UInt8.self),
                                    Int32(dimension), Int32(slot % KVPage.tokens), key, value)
                            }
                        }
                        guard shape.boundsBytes > 0 else { return }
                        for page in first / KVPage.tokens..<KVPage.count(forSlots: first + count) {
                            describePage(of: table, page, slots: first + count)
                        }
                    }
                }
            }
            commit(id, tokens: count)
            done += count
        }
    }
}

extension PagedAttention {
    /// Ends the "prompt" of a sequence that ``KVCache/fillForTiming(_:tokens:seed:kernels:pool:)`` made:
    /// stages choose among its tokens by signals as random as they are.
    package func completeFilled(
        _ id: SequenceID, cache: KVCache, seed: UInt64
    ) throws(CacheError) {
        for stage in stages { stage.adopt(id, cache: cache, seed: seed) }
        try completePrompt(id, cache: cache)
    }
}
