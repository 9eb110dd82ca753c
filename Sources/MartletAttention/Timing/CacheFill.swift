// Filling a cache without running a prefill, to measure decoding at depth.

import CMartletKernels
package import MartletCache
package import MartletKernels

extension KVCache {
    /// Appends `tokens` random keys and values to every head of a sequence, through the same
    /// reservation, pages and codec as a real prefix. Values mean nothing: for timing only.
    package func fillForTiming(
        _ id: SequenceID, tokens: Int, seed: UInt64, kernels: KernelSet, pool: WorkerPool
    ) throws(CacheError) {
        let chunk = 512
        var done = 0
        while done < tokens {
            let count = min(chunk, tokens - done)
            try reserve([(id, count)])
            let first = self.count(id)
            let (shape, append) = (shape, kernels.table.pointee.append)
            pool.run(shape.tableCount) { index, _ in
                let table = table(
                    id, layer: index / shape.keyValueHeadCount,
                    head: index % shape.keyValueHeadCount)
                var random = CounterRandom(seed: seed, stream: UInt64(index &* 1_000_003 &+ first))
                let vector = (0..<2 * shape.headDimension).map { _ in random.signedUnit() }
                vector.withUnsafeBufferPointer { x in
                    for slot in first..<first + count {
                        let page = pagePointer(table[slot / KVPage.tokens])
                        append(
                            shape.codec.code, page.assumingMemoryBound(to: UInt8.self),
                            Int32(shape.headDimension), Int32(slot % KVPage.tokens), x.baseAddress!,
                            x.baseAddress! + shape.headDimension)
                    }
                }
                guard shape.boundsBytes > 0 else { return }
                for page in first / KVPage.tokens..<KVPage.count(forSlots: first + count) {
                    describePage(of: table, page, slots: first + count)
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
