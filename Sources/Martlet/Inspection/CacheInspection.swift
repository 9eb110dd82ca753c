/// What a cache policy keeps of a prompt and what that does to what follows: behind `inspect --cache`.

import MartletCache
import MartletEngine
import MartletModels
package import MartletPictures
import MartletPolicies

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A prompt computed under a policy, and given tokens decoded one by one after it.
package struct CacheInspection: Sendable {
    /// Absolute positions held after the prompt, `[layer][KV head]`, ascending.
    package let kept: [[[Int]]]
    /// Bytes held after the prompt.
    package let bytes: Int
    /// The most bytes held at any time.
    package let peakBytes: Int
    /// Natural log-probability of each given token.
    package let logprobs: [Float]
    /// Cached tokens that each decode step attended to, averaged over layers and KV heads.
    package let kvReads: [Double]
    /// Bytes of cache that each decode step read until its commit.
    package let bytesRead: [Int]
    /// Bytes of cache that each decode step moved.
    package let bytesMoved: [Int]
    /// Bytes that the policy remembers beside its pages, after the last token.
    package let policyBytes: Int
    /// What was held after every step, if that was asked for.
    package let trace: CacheTrace?

    /// Computes `prompt` in chunks and then `following` one by one. Runs on the calling thread for as
    /// long as that takes. Throws `tokenOutOfRange`, `promptTooLong`, `outOfPages`, `badLogits` and what
    /// the cache and the model throw.
    package init(
        _ loaded: LoadedModel, prompt: [Int32], following: [Int32], budgetBytes: Int,
        adapter: String? = nil, isTraced: Bool = false
    ) throws(MartletError) {
        guard !prompt.isEmpty else {
            throw MartletError(
                code: .emptyPrompt, subject: nil,
                message: "tokens: got none, expected at least one; give token ids")
        }
        try loaded.check(adapter: adapter)
        if let limit = loaded.positionLimit, prompt.count + following.count > limit {
            throw .promptTooLong(
                prompt: prompt.count + following.count, context: limit,
                isLearned: loaded.model.shape.isPositionLearned)
        }
        do {
            let cache = try loaded.makeCache(budgetBytes: budgetBytes)
            let chunk = loaded.options.maximumBatchTokens
            let runner = try ModelRunner(loaded.model, maximumBatchTokens: chunk, cache: cache)
            let sequence = cache.makeSequence()
            var row: [Float] = []
            var trace =
                isTraced
                ? CacheTrace(
                    policy: loaded.policyText,
                    isLossy: !loaded.policy.isExact || loaded.cacheCodec != .f32,
                    tableCount: cache.shape.tableCount) : nil
            func compute(_ tokens: ArraySlice<Int32>, isDecode: Bool, completesPrompt: Bool) throws
            {
                try cache.reserve([(sequence, tokens.count)])
                let wantsRow = isDecode || completesPrompt
                let before = cache.reads(of: sequence)
                let logits = try runner.forward(
                    ForwardBatch(slices: [
                        SequenceSlice(
                            sequence: sequence, tokens: Array(tokens),
                            logits: wantsRow ? .last : .none, isDecode: isDecode,
                            completesPrompt: completesPrompt, adapter: adapter)
                    ]), cache: cache)
                if wantsRow {
                    row = Array(logits)
                    if let token = row.firstIndex(where: { $0.isNaN || $0 == .infinity }) {
                        throw EngineError.badLogits(
                            .notANumber(token: token), index: cache.count(sequence))
                    }
                }
                trace?.note(cache, sequence, since: before)
            }
            var done = 0
            while done < prompt.count {
                let end =
                    done + cache.promptTokens(min(chunk, prompt.count - done), after: done)
                try compute(
                    prompt[done..<end], isDecode: false, completesPrompt: end == prompt.count)
                done = end
            }
            kept = (0..<cache.shape.layerCount).map { layer in
                (0..<cache.shape.keyValueHeadCount).map { head in
                    cache.heldPositions(sequence, layer: layer, head: head).sorted()
                }
            }
            bytes = cache.statistics.bytesHeld
            var (logprobs, kvReads): ([Float], [Double]) = ([], [])
            var (bytesRead, bytesMoved): ([Int], [Int]) = ([], [])
            for (index, token) in following.enumerated() {
                guard token >= 0, Int(token) < row.count else {
                    throw ModelError.tokenOutOfRange(got: token, vocabularySize: row.count)
                }
                logprobs.append(Self.logprob(of: Int(token), in: row))
                let before = cache.reads(of: sequence)
                try compute(following[index...index], isDecode: true, completesPrompt: false)
                let reads = cache.reads(of: sequence)
                kvReads.append(reads.kvReads - before.kvReads)
                bytesMoved.append(reads.bytesMoved - before.bytesMoved)
                bytesRead.append(cache.statistics.stepBytesRead)
            }
            peakBytes = cache.statistics.peakBytes
            policyBytes = cache.memoryBytes(of: sequence)
            self.trace = trace
            self.logprobs = logprobs
            self.kvReads = kvReads
            self.bytesRead = bytesRead
            self.bytesMoved = bytesMoved
        } catch {
            throw MartletError(any: error)
        }
    }

    /// Perplexity of the given tokens; nil when there are none.
    package var perplexity: Double? {
        guard !logprobs.isEmpty else { return nil }
        return exp(-logprobs.reduce(0) { $0 + Double($1) } / Double(logprobs.count))
    }

    private static func logprob(of token: Int, in row: [Float]) -> Float {
        let largest = row.max() ?? 0
        let sum = row.reduce(0.0) { $0 + exp(Double($1 - largest)) }
        return Float(Double(row[token] - largest) - log(sum))
    }
}
