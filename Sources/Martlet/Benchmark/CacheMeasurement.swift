/// Measures what cache policies cost and save at depth: behind `bench cache`.

import Foundation
import MartletCache
import MartletKernels
import MartletModels
import MartletPolicies

/// One policy at one depth.
package struct CacheResult: Sendable {
    /// The policy, every parameter written out.
    package let policy: String
    /// Tokens computed before the first step.
    package let depth: Int
    /// Sequences decoded together.
    package let batch: Int
    /// The most bytes of cache held at any time, the filling included.
    package let peakBytes: Int
    /// Bytes of cache held while decoding, without what the policy remembers.
    package let bytes: Int
    /// Bytes that the policy remembers beside its pages.
    package let policyBytes: Int
    /// Live tokens of a sequence, averaged over layers and KV heads.
    package let liveTokens: Double
    /// Bytes of cache that the last step read until its commit, all sequences together.
    package let bytesPerStep: Int
    /// Bytes of cache that a step moves, all sequences together: the mean over the steps, as some methods move much
    /// now and then.
    package let bytesMoved: Double
    /// Cached tokens that a generated one attends to, averaged over layers and KV heads.
    package let kvReads: Double
    /// Seconds of a step: the median.
    package let stepSeconds: Double
    /// The same for the dense cache, measured in turn with it.
    package let denseSeconds: Double
    /// A step without any cached tokens to read: weights alone.
    package let emptySeconds: Double
    /// Seconds that the policy took to choose among the prompt's tokens.
    package let chooseSeconds: Double
    /// Perplexity of a text's tokens after its prompt, less the dense cache's; nil without a text.
    package let perplexityChange: Double?

    /// Step time over the dense cache's.
    package var ratio: Double { stepSeconds / denseSeconds }
    /// Time in attention over the dense cache's: what a step takes beyond one without tokens.
    package var attentionRatio: Double {
        max(0, stepSeconds - emptySeconds) / max(1e-9, denseSeconds - emptySeconds)
    }
}

/// A policy that was measured, or why it was not.
package enum CacheOutcome: Sendable {
    /// Its figures.
    case measured(CacheResult)
    /// The sentence that refused it.
    case refused(policy: String, depth: Int, reason: String)
}

/// Measures policies on one model, in turn with the dense cache.
package struct CacheMeasurement {
    /// What to measure.
    package struct Plan: Sendable {
        /// Policies as text.
        package var policies: [String]
        /// Tokens before the first step.
        package var depths: [Int]
        /// Sequences decoded together.
        package var batch = 1
        /// Steps of a block, and blocks of each policy in turn with dense ones.
        package var steps = 8
        package var rounds = 3
        /// A text's tokens and how many of them are its prompt, to measure perplexity on.
        package var text: (tokens: [Int32], prompt: Int)?

        /// Describes the work.
        package init(policies: [String], depths: [Int]) {
            self.policies = policies
            self.depths = depths
        }
    }

    private let loaded: LoadedModel
    private let plan: Plan
    private let clock = ContinuousClock()

    /// Prepares a measurement.
    package init(_ loaded: LoadedModel, plan: Plan) {
        self.loaded = loaded
        self.plan = plan
    }

    /// Every policy of the registry that needs neither training nor files, with a budget of `budget`
    /// tokens (an eighth of the depth is usual), and three of them together.
    package static func allPolicies(budget: Int) -> [String] {
        let budget = max(16, budget)
        let combined =
            "snapkv(budget=\(budget)) + quest(budget=\(max(16, budget / 4))) + kv(q8)"
        return CachePolicyRegistry.entries.flatMap { $0.sized(budget) } + [combined]
    }

    /// Measures each policy at each depth and reports it at once.
    package func run(_ report: (CacheOutcome) -> Void) throws(MartletError) {
        let dense = try loaded.under(CachePolicy.dense.description)
        let base = try plan.text.map { text throws(MartletError) in
            try perplexity(dense, text)
        }
        for depth in plan.depths {
            let policies =
                plan.policies.isEmpty
                ? Self.allPolicies(budget: depth / 8) : plan.policies
            let reference = try Station(dense, depth: depth, plan: plan)
            let empty = try Station(dense, depth: 0, plan: plan)
            for policy in [dense.policyText] + policies.filter({ $0 != dense.policyText }) {
                do {
                    let station = try Station(loaded.under(policy), depth: depth, plan: plan)
                    let result = try measure(station, reference, empty, base: base)
                    report(.measured(result))
                } catch {
                    report(
                        .refused(
                            policy: policy, depth: depth, reason: MartletError(any: error).message))
                }
            }
        }
    }

    private func measure(
        _ station: Station, _ reference: Station, _ empty: Station, base: Double?
    ) throws -> CacheResult {
        for each in [station, reference, empty] { try each.step() }
        var times: [[Double]] = [[], [], []]
        for _ in 0..<plan.rounds {
            for (index, each) in [empty, reference, station].enumerated() {
                for _ in 0..<plan.steps {
                    let time = try clock.measure { try each.step() }
                    times[index].append(
                        Double(time.components.seconds)
                            + Double(time.components.attoseconds) * 1e-18)
                }
                each.rewind()
            }
        }
        let medians = times.map { $0.sorted()[$0.count / 2] }
        let change: Double? = try plan.text.flatMap { text in
            guard let base else { return nil }
            return try perplexity(station.loaded, text) - base
        }
        let live = station.cache.statistics
        return CacheResult(
            policy: station.loaded.policyText, depth: station.depth, batch: plan.batch,
            peakBytes: live.peakBytes, bytes: live.bytesHeld, policyBytes: station.policyBytes,
            liveTokens: live.liveTokens / Double(plan.batch), bytesPerStep: station.bytesPerStep,
            bytesMoved: station.bytesMoved, kvReads: station.kvReads, stepSeconds: medians[2],
            denseSeconds: medians[1],
            emptySeconds: medians[0], chooseSeconds: station.chooseSeconds,
            perplexityChange: change)
    }

    private func perplexity(
        _ loaded: LoadedModel, _ text: (tokens: [Int32], prompt: Int)
    ) throws(MartletError) -> Double {
        let budget = try loaded.cacheBytes(
            CacheBudget(
                promptTokens: text.tokens.count * 2 + 256, completionTokens: 0,
                chunk: loaded.options.maximumBatchTokens))
        let inspection = try CacheInspection(
            loaded, prompt: Array(text.tokens[..<text.prompt]),
            following: Array(text.tokens[text.prompt...]), budgetBytes: budget)
        return inspection.perplexity ?? 0
    }
}

/// A cache filled to a depth under a policy, and steps on it.
private final class Station {
    let loaded: LoadedModel
    let cache: KVCache
    let depth: Int
    let chooseSeconds: Double
    private let runner: ModelRunner
    private let sequences: [SequenceID]
    private var index = 0
    private(set) var bytesPerStep = 0
    /// Bytes of cache that a step moved, on average.
    var bytesMoved: Double { Double(cache.statistics.reads.bytesMoved) / Double(max(1, index)) }
    private(set) var kvReads = 0.0

    init(
        _ loaded: LoadedModel, depth: Int, plan: CacheMeasurement.Plan
    ) throws(MartletError) {
        self.loaded = loaded
        self.depth = depth
        let steps = (plan.steps * plan.rounds + 2) * 40
        do {
            var budget = CacheBudget(
                promptTokens: 0, completionTokens: depth + steps, chainCount: plan.batch)
            budget.isFilled = true
            let bytes = try loaded.cacheBytes(budget)
            let cache = try loaded.makeCache(budgetBytes: bytes)
            self.cache = cache
            let runner = try ModelRunner(
                loaded.model,
                maximumBatchTokens: max(plan.batch, loaded.options.maximumBatchTokens),
                cache: cache)
            self.runner = runner
            var (sequences, seconds): ([SequenceID], Double) = ([], 0)
            for member in 0..<plan.batch {
                let sequence = cache.makeSequence()
                try runner.fill(
                    sequence, tokens: depth, cache: cache,
                    seed: loaded.options.seed &+ UInt64(member))
                let time = try ContinuousClock().measure {
                    try runner.completeFilled(
                        sequence, cache: cache, seed: loaded.options.seed &+ UInt64(member))
                }
                seconds +=
                    Double(time.components.seconds)
                    + Double(time.components.attoseconds) * 1e-18
                sequences.append(sequence)
            }
            self.sequences = sequences
            chooseSeconds = seconds / Double(plan.batch)
        } catch { throw MartletError(any: error) }
    }

    func step() throws {
        try cache.reserve(sequences.map { ($0, 1) })
        let slices = sequences.indices.map { row in
            SequenceSlice(
                sequence: sequences[row],
                tokens: [
                    Int32(
                        (index &* 104_729 &+ row &* 7919 &+ 17) % loaded.model.shape.vocabularySize)
                ], logits: .last, isDecode: true)
        }
        index += 1
        let before = cache.reads(of: sequences[0]).kvReads
        _ = try runner.forward(ForwardBatch(slices: slices), cache: cache)
        bytesPerStep = cache.statistics.stepBytesRead
        kvReads = cache.reads(of: sequences[0]).kvReads - before
    }

    /// Takes the block's tokens back, where the policy lets that be.
    func rewind() {
        for sequence in sequences { try? cache.truncate(sequence, to: depth) }
    }

    var policyBytes: Int { sequences.reduce(0) { $0 + cache.memoryBytes(of: $1) } }
}
