/// How much a model may be asked for: tokens after a prompt, and bytes of cache.

import Foundation
package import MartletCache
import MartletModels
import MartletPolicies

extension LoadedModel {
    /// How many tokens a completion may have where nothing is said.
    package static let usualMaximumTokens = 256

    /// The most tokens that may follow a prompt. `wanted` nil asks for `usual` or what is left. Throws
    /// `promptTooLong` and `contextExceeded`.
    package func completionLimit(
        promptTokens: Int, wanted: Int?, usual: Int = LoadedModel.usualMaximumTokens
    ) throws(MartletError) -> Int {
        // Without a limit of the model's there is still that of positions in 32 bits.
        let limit = positionLimit ?? Int(Int32.max) - 1
        let isLearned = model.shape.isPositionLearned
        guard promptTokens <= limit else {
            throw .promptTooLong(prompt: promptTokens, context: limit, isLearned: isLearned)
        }
        // The last token that is chosen is not computed, so it needs no position.
        let room = limit - promptTokens + 1
        guard let wanted else { return min(usual, room) }
        guard wanted <= room else {
            throw .contextExceeded(
                prompt: promptTokens, maximum: wanted, context: limit, isLearned: isLearned)
        }
        return wanted
    }

    /// Bytes of cache for a piece of work. Throws `outOfMemory` beyond what the machine has.
    package func cacheBytes(_ budget: CacheBudget) throws(MartletError) -> Int {
        var budget = budget
        // A prompt that is read twice stands beside itself for a while.
        if policy.traits.rereadsPrompt {
            budget.promptTokens = min(budget.promptTokens, .max / 4) * 2 + 64
        }
        let bytes = budget.bytes(shape: cacheShape, visibilities: visibilities)
        let memory = Int(clamping: ProcessInfo.processInfo.physicalMemory)
        guard bytes <= memory else {
            throw .cacheExceedsMachine(needed: bytes, memory: memory)
        }
        return bytes
    }

    /// Bytes of cache: what a memory budget leaves for it, or else what a piece of work needs.
    func cacheBytes(_ given: Int?, for work: CacheBudget) throws(MartletError) -> Int {
        if let given { return try cacheBytes(within: given) }
        return try cacheBytes(work)
    }

    /// Bytes of cache that a memory budget leaves beside the adapters that requests may choose. Throws `budgetTooSmall`
    /// when these fill it.
    package func cacheBytes(within budget: Int) throws(MartletError) -> Int {
        let adapters = model.adapterBytes
        guard adapters > 0 else { return budget }
        guard budget > adapters else {
            throw MartletError(
                code: .budgetTooSmall, subject: "memory budget",
                message:
                    "memory budget: got \(budget) bytes, expected more than the \(adapters) of the adapters that "
                    + "are loaded beside the weights (\(model.adapters.keys.sorted().joined(separator: ", "))); raise "
                    + "it, or load fewer")
        }
        return budget - adapters
    }

    /// Bytes of cache when nothing is known of the requests: one context, at most 4,096 tokens.
    package func defaultCacheBytes() throws(MartletError) -> Int {
        if let bytes = options.memoryBudget { return try cacheBytes(within: bytes) }
        return try cacheBytes(
            CacheBudget(
                promptTokens: min(model.shape.contextLength, 4096), completionTokens: 0,
                chunk: options.maximumBatchTokens))
    }

    /// Tokens that a dense cache of so many bytes holds.
    package func cacheTokens(within bytes: Int) -> Int {
        bytes / max(1, cacheShape.bytesPerToken)
    }

    /// An empty cache.
    package func makeCache(budgetBytes: Int) throws(CacheError) -> KVCache {
        let cache = try KVCache(
            shape: cacheShape, budgetBytes: budgetBytes, policy: policy,
            layerWindows: model.shape.layerWindows)
        if policy.traits.readsSentences {
            cache.sentenceTokens = text.sentenceTokens(vocabularySize: model.shape.vocabularySize)
        }
        if policy.traits.rereadsPrompt { cache.repeatInstruction = text.repeatInstruction }
        return cache
    }
}
