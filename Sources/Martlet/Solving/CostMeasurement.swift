/// Measures what a step of a model takes on this machine, in less than a second.

import Foundation
import MartletCache
import MartletEngine
import MartletModels

/// Times steps of different sizes on caches that are filled without computing.
struct CostMeasurement {
    private let loaded: LoadedModel
    private let clock = ContinuousClock()
    /// The time that measuring may take; cases that do not fit are left out.
    private let limit: Duration
    /// The limit without a deadline: enough for all cases of most models.
    static let usualLimit = Duration.milliseconds(700)
    /// The part of a search's deadline that measuring may take.
    static let deadlineShare = 0.1
    /// (rows of the step, cached tokens before it); the most informative cases come first.
    private static let cases = [(1, 0), (16, 0), (4, 512), (1, 2048), (64, 0)]

    /// - Parameters:
    ///   - loaded: the model to measure.
    ///   - deadline: the deadline of the search that waits for the cost; nil when none waits.
    init(_ loaded: LoadedModel, before deadline: Duration? = nil) {
        self.loaded = loaded
        limit = deadline.map { min(Self.usualLimit, $0 * Self.deadlineShare) } ?? Self.usualLimit
    }

    /// The fitted cost of a step with a dense cache. `isHurried` says that the deadline left no time for some cases; such
    /// a cost serves this search and is not written to the file. Throws `outOfMemory`.
    func run() throws(MartletError) -> (cost: StepCost, isHurried: Bool) {
        let dense = try loaded.under("dense")
        let start = clock.now
        var measured: [StepCost.Measurement] = []
        var isHurried = false
        for (rows, wanted) in Self.cases {
            if let last = measured.last {
                let spent = clock.now - start
                // Five steps, each estimated by the longest step so far times a quarter of the rows.
                let next = Duration.seconds(5 * last.seconds * Double(max(1, rows / 4)))
                guard spent + next < limit else {
                    isHurried = isHurried || spent + next < Self.usualLimit
                    continue
                }
            }
            let depth = min(wanted, dense.model.shape.contextLength / 2)
            do { measured.append(try time(dense, rows: rows, depth: depth)) } catch {
                throw MartletError(any: error)
            }
        }
        guard var cost = StepCost(fitting: measured) else {
            throw MartletError(
                code: .internalInvariant,
                message: "the time of a step could not be measured; please report it")
        }
        if cost.perRead == 0, cost.fixed > 0 {
            // The fit found no cost of reads, or none was measured: assume the bandwidth of reading weights.
            let bytesPerSecond = Double(max(1, dense.model.weightBytes(rows: 1))) / cost.fixed
            cost.perRead = Double(dense.cacheShape.bytesPerToken) / bytesPerSecond
        }
        return (cost, isHurried)
    }

    /// The median of a few steps that each add a token to `rows` sequences.
    private func time(_ dense: LoadedModel, rows: Int, depth: Int) throws -> StepCost.Measurement {
        let rounds = 3
        var budget = CacheBudget(
            promptTokens: 0, completionTokens: depth + rounds + 2, chainCount: rows)
        budget.isFilled = true
        let bytes = try dense.cacheBytes(budget)
        let cache = try dense.makeCache(budgetBytes: bytes)
        let runner = try ModelRunner(dense.model, maximumBatchTokens: rows, cache: cache)
        var sequences: [SequenceID] = []
        for row in 0..<rows {
            let sequence = cache.makeSequence()
            try runner.fill(sequence, tokens: depth, cache: cache, seed: UInt64(row))
            try runner.completeFilled(sequence, cache: cache, seed: UInt64(row))
            sequences.append(sequence)
        }
        var times: [Double] = []
        for round in 0...rounds {
            let time = try clock.measure {
                try cache.reserve(sequences.map { ($0, 1) })
                let slices = sequences.indices.map { row in
                    SequenceSlice(
                        sequence: sequences[row],
                        tokens: [
                            Int32((round * 131 + row * 17 + 1) % dense.model.shape.vocabularySize)
                        ], logits: .last, isDecode: true)
                }
                _ = try runner.forward(ForwardBatch(slices: slices), cache: cache)
            }
            // The first step touches buffers for the first time.
            if round > 0 { times.append(time.seconds) }
        }
        times.sort()
        return StepCost.Measurement(
            tokens: rows, reads: Double(rows * (depth + 2)), seconds: times[times.count / 2])
    }
}

extension Duration {
    /// The duration in seconds.
    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
