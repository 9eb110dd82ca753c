/// The figures of an evaluation over all its problems, computed from their results.

import Martlet

/// The figures of an evaluation. Costs are means over problems.
public struct EvaluationReport: Sendable, Hashable {
    /// One task's part of a mixture.
    public struct Part: Sendable, Hashable {
        /// The task's canonical text.
        public let task: String
        /// Problems of this task.
        public let samples: Int
        /// The mean of their scores.
        public let accuracy: Double
        /// Its 95 % interval.
        public let interval: AccuracyInterval
    }

    /// The results in the problems' order: of all problems, or of those answered before a cancellation.
    public let samples: [SampleResult]

    /// The mean score of the majority's answers; with one chain, of the answers.
    public let accuracy: Double
    /// The 95 % interval of ``accuracy``.
    public let interval: AccuracyInterval
    /// The mean score of single chains: what the accuracy would be without a vote.
    public let chainAccuracy: Double
    /// The mean score of each problem's best chain (pass@all).
    public let passAtAll: Double
    /// Accuracy by task, in the order in which tasks first occur; one part unless it was a mixture.
    public let parts: [Part]

    /// Tokens generated, summed over chains.
    public let tokens: Double
    /// Cached tokens attended at each generated token, averaged over layers and KV heads, summed over
    /// tokens and chains: the KV-cache token reads of Inference-Time Hyper-Scaling (2506.05345).
    public let kvReads: Double
    /// Bytes of cache that decode steps moved, summed over chains; see `Usage.bytesMoved`. Nil where some
    /// results were recorded by a version that did not count them.
    public let bytesMoved: Double?
    /// The most live tokens of each chain, averaged over layers and KV heads, summed over chains; the
    /// paper's peak tokens. Pages that chains share count in each of them.
    public let peakTokens: Double
    /// The most bytes of cache that a problem's chains held at once; shared pages count once.
    public let bytes: Double
    /// The most bytes that the whole cache held at any moment, all problems in flight together.
    public let peakCacheBytes: Int
    /// Chains that ended at their limit of tokens, or because the cache was full.
    public let unfinishedChains: Int
    /// Problems that were not asked, because they are longer than the model's context. They count as wrong, and cost
    /// nothing.
    public let refusedProblems: Int

    /// Computes the figures. Without problems all are zero, and the interval is 0 ... 1.
    public init(samples: [SampleResult]) {
        func mean(_ value: (SampleResult) -> Double) -> Double {
            samples.isEmpty ? 0 : samples.reduce(0) { $0 + value($1) } / Double(samples.count)
        }
        self.samples = samples
        accuracy = mean(\.score)
        interval = AccuracyInterval(scores: samples.map(\.score))
        chainAccuracy = mean(\.chainScore)
        passAtAll = mean(\.bestScore)
        parts = Self.parts(samples)
        tokens = mean { Double($0.tokens) }
        kvReads = mean(\.kvReads)
        let moved = samples.compactMap(\.bytesMoved)
        bytesMoved = moved.count == samples.count ? mean { Double($0.bytesMoved ?? 0) } : nil
        peakTokens = mean(\.peakTokens)
        bytes = mean { Double($0.bytes) }
        peakCacheBytes = samples.map(\.cacheBytes).max() ?? 0
        let asked = samples.filter { $0.refusal == nil }
        unfinishedChains = asked.reduce(0) { total, sample in
            total + sample.chains.count { $0.finishReason != .stop }
        }
        refusedProblems = samples.count - asked.count
    }

    private static func parts(_ samples: [SampleResult]) -> [Part] {
        var names: [String] = []
        var scores: [String: [Double]] = [:]
        for sample in samples {
            let name = sample.sample.task
            if scores[name] == nil { names.append(name) }
            scores[name, default: []].append(sample.score)
        }
        return names.map { name in
            let scores = scores[name] ?? []
            return Part(
                task: name, samples: scores.count,
                accuracy: scores.reduce(0, +) / Double(scores.count),
                interval: AccuracyInterval(scores: scores))
        }
    }
}
