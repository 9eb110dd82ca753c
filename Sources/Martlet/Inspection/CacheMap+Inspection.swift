/// The page of a cache over time from runs of a model, policy beside policy.

import MartletCache
package import MartletPictures

extension CacheMap {
    /// Computes a prompt and what follows under a policy and others beside it. Takes as long as each of
    /// these runs. Throws as ``CacheInspection`` does.
    package init(
        _ loaded: LoadedModel, beside others: [String], prompt: [Int32], following: [Int32],
        budgetBytes: Int?, adapter: String? = nil, command: String
    ) throws(MartletError) {
        var traces: [CacheTrace] = []
        for policy in [loaded.policyText] + others {
            let run = try loaded.under(policy)
            let wanted = CacheBudget(
                promptTokens: prompt.count * 2, completionTokens: following.count,
                chunk: loaded.options.maximumBatchTokens)
            let bytes = try run.cacheBytes(budgetBytes, for: wanted)
            let inspection = try CacheInspection(
                run, prompt: prompt, following: following, budgetBytes: bytes, adapter: adapter,
                isTraced: true)
            if let trace = inspection.trace { traces.append(trace) }
        }
        self.init(
            model: loaded.name, command: command, layerCount: loaded.model.shape.layerCount,
            keyValueHeadCount: loaded.model.shape.keyValueHeadCount, promptTokens: prompt.count,
            tokens: loaded.text.pieces(prompt + following), traces: traces)
    }
}

extension CacheTrace {
    /// Notes what a cache holds of a sequence after a step, before which its reads were these.
    mutating func note(_ cache: KVCache, _ sequence: SequenceID, since before: CacheReads) {
        let reads = cache.reads(of: sequence)
        let step = Step(
            count: cache.count(sequence), bytes: cache.statistics.bytesHeld,
            bytesRead: cache.statistics.stepBytesRead,
            bytesMoved: reads.bytesMoved - before.bytesMoved,
            kvReads: reads.kvReads - before.kvReads)
        note(step) { table in
            let (layer, head) = table.quotientAndRemainder(
                dividingBy: cache.shape.keyValueHeadCount)
            return cache.heldPositions(sequence, layer: layer, head: head)
        }
    }
}
