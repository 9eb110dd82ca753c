/// Measures prefill and decode over a runner and a cache, without engine, text or sampling.

import Foundation
import MartletCache
import MartletKernels
import MartletModels
import MartletPolicies

/// Measures one model on one thread of the caller's, with the model's pool.
package struct SpeedMeasurement {
    /// The model.
    package let loaded: LoadedModel
    /// Bytes a second that this machine reads with the model's threads.
    package let bandwidth: Double
    /// What the kernels' instructions multiply at most with the model's threads.
    package var multiplications: [MultiplicationRate] { MultiplicationRate.all(of: peak) }
    private let peak: ArithmeticPeak
    private let plan: SpeedPlan
    private let clock = ContinuousClock()

    /// Prepares a measurement; measures the machine's arithmetic first, and its read bandwidth unless it is known.
    package init(
        _ loaded: LoadedModel, plan: SpeedPlan, bandwidth known: Double? = nil
    ) throws(MartletError) {
        self.loaded = loaded
        self.plan = plan
        peak = ArithmeticPeak.measure(pool: loaded.model.pool, kernels: loaded.model.kernels)
        if let known {
            bandwidth = known
            return
        }
        do {
            bandwidth = try Bandwidth.measure(
                pool: loaded.model.pool, kernels: loaded.model.kernels)
        } catch { throw MartletError(error) }
    }

    /// Measures each case in turn and reports it at once.
    package func run(_ report: (SpeedOutcome) -> Void) throws(MartletError) {
        for speedCase in plan.cases { report(try measure(speedCase)) }
    }

    private func measure(_ speedCase: SpeedCase) throws(MartletError) -> SpeedOutcome {
        let bytes = cacheBytes(speedCase)
        let available =
            MachineReport.availableMemory() ?? Int(clamping: ProcessInfo.processInfo.physicalMemory)
        guard bytes < available else {
            return .skipped(speedCase, neededBytes: bytes, availableBytes: available)
        }
        try checkContext(speedCase)
        do {
            let cache = try loaded.makeCache(budgetBytes: bytes)
            let rows = max(loaded.options.maximumBatchTokens, speedCase.batch)
            let runner = try ModelRunner(loaded.model, maximumBatchTokens: rows, cache: cache)
            switch speedCase.kind {
            case .prefill: return .measured(try prefill(speedCase, runner, cache))
            case .decode: return .measured(try decode(speedCase, runner, cache))
            }
        } catch { throw MartletError(any: error) }
    }

    /// A run may pass what it was asked for, because a policy may refuse to take tokens back.
    private func cacheBytes(_ speedCase: SpeedCase) -> Int {
        let steps = (plan.runs + 1) * max(1, plan.steps) + 1
        var budget: CacheBudget =
            switch speedCase.kind {
            case .prefill:
                CacheBudget(
                    promptTokens: speedCase.prompt, completionTokens: 0,
                    chunk: loaded.options.maximumBatchTokens)
            case .decode where speedCase.isShared:
                CacheBudget(
                    promptTokens: speedCase.prompt, completionTokens: steps,
                    chainCount: speedCase.batch)
            case .decode:
                CacheBudget(
                    promptTokens: 0, completionTokens: speedCase.depth + steps,
                    chainCount: speedCase.batch)
            }
        budget.isFilled = true
        return budget.bytes(shape: loaded.cacheShape, visibilities: loaded.visibilities)
    }

    private func checkContext(_ speedCase: SpeedCase) throws(MartletError) {
        let tokens =
            speedCase.kind == .prefill ? speedCase.prompt : speedCase.depth + plan.steps + 1
        guard loaded.model.shape.isPositionLearned, tokens > loaded.model.shape.contextLength else {
            return
        }
        throw .promptTooLong(
            prompt: tokens, context: loaded.model.shape.contextLength, isLearned: true)
    }

    // MARK: Prefill

    /// A fresh sequence each run, in chunks, logits of the last token only.
    private func prefill(
        _ speedCase: SpeedCase, _ runner: ModelRunner, _ cache: KVCache
    ) throws -> SpeedResult {
        let tokens = (0..<speedCase.prompt).map(token)
        // Touches buffers and pages once before the clock runs.
        try compute(tokens.prefix(runner.maximumBatchTokens), runner, cache)
        var rates: [Double] = []
        var bytes = 0
        for _ in 0..<plan.runs {
            let before = cache.statistics.bytesRead
            var weights = 0
            let time = try clock.measure {
                weights = try compute(tokens[...], runner, cache)
            }
            rates.append(Double(tokens.count) / seconds(time))
            bytes = weights + cache.statistics.bytesRead - before
        }
        return result(speedCase, runner, rates, bytesPerToken: Double(bytes) / Double(tokens.count))
    }

    /// Computes a prompt in a sequence of its own; returns the bytes of weights that its steps read.
    @discardableResult
    private func compute(
        _ tokens: ArraySlice<Int32>, _ runner: ModelRunner, _ cache: KVCache
    ) throws -> Int {
        let sequence = cache.makeSequence()
        defer { cache.release(sequence) }
        var rest = tokens
        var bytes = 0
        while !rest.isEmpty {
            let chunk = rest.prefix(
                cache.promptTokens(runner.maximumBatchTokens, after: cache.count(sequence)))
            rest = rest.dropFirst(chunk.count)
            try cache.reserve([(sequence, chunk.count)])
            let slice = SequenceSlice(
                sequence: sequence, tokens: Array(chunk), logits: rest.isEmpty ? .last : .none,
                completesPrompt: rest.isEmpty)
            _ = try runner.forward(ForwardBatch(slices: [slice]), cache: cache)
            bytes += loaded.model.weightBytes(rows: chunk.count)
        }
        return bytes
    }

    // MARK: Decode

    /// One token of every sequence a step; a run's figure comes from its median step, since a step is
    /// short and this kind of machine is interrupted often.
    private func decode(
        _ speedCase: SpeedCase, _ runner: ModelRunner, _ cache: KVCache
    ) throws -> SpeedResult {
        let sequences = try fill(speedCase, runner, cache)
        defer { for sequence in sequences { cache.release(sequence) } }
        try step(0, sequences, runner, cache)
        rewind(sequences, to: speedCase.depth, cache)
        var rates: [Double] = []
        var bytes = 0
        for _ in 0..<plan.runs {
            var times: [Double] = []
            for index in 0..<plan.steps {
                times.append(
                    seconds(try clock.measure { try step(index, sequences, runner, cache) }))
                bytes =
                    loaded.model.weightBytes(rows: speedCase.batch)
                    + cache.statistics.stepBytesRead
            }
            times.sort()
            rates.append(Double(speedCase.batch) / times[times.count / 2])
            rewind(sequences, to: speedCase.depth, cache)
        }
        return result(
            speedCase, runner, rates, bytesPerToken: Double(bytes) / Double(speedCase.batch))
    }

    private func fill(
        _ speedCase: SpeedCase, _ runner: ModelRunner, _ cache: KVCache
    ) throws -> [SequenceID] {
        func filled(_ seed: Int) throws -> SequenceID {
            let sequence = cache.makeSequence()
            try runner.fill(
                sequence, tokens: speedCase.depth, cache: cache,
                seed: loaded.options.seed &+ UInt64(seed))
            try runner.completeFilled(sequence, cache: cache, seed: loaded.options.seed)
            return sequence
        }
        guard speedCase.isShared else { return try (0..<speedCase.batch).map(filled) }
        let first = try filled(0)
        return [first] + (1..<max(1, speedCase.batch)).map { _ in cache.fork(first) }
    }

    private func step(
        _ index: Int, _ sequences: [SequenceID], _ runner: ModelRunner, _ cache: KVCache
    ) throws {
        try cache.reserve(sequences.map { ($0, 1) })
        let slices = sequences.indices.map { row in
            SequenceSlice(
                sequence: sequences[row], tokens: [token(index &* 131 &+ row)], logits: .last,
                isDecode: true)
        }
        _ = try runner.forward(ForwardBatch(slices: slices), cache: cache)
    }

    /// Takes the run's tokens back. A policy that has freed pages refuses; then the depth it bounds
    /// stays the same anyway, and the budget has room.
    private func rewind(_ sequences: [SequenceID], to depth: Int, _ cache: KVCache) {
        for sequence in sequences { try? cache.truncate(sequence, to: depth) }
    }

    // MARK: Figures

    private func result(
        _ speedCase: SpeedCase, _ runner: ModelRunner, _ rates: [Double], bytesPerToken: Double
    ) -> SpeedResult {
        let sorted = rates.sorted()
        let median = sorted[sorted.count / 2]
        return SpeedResult(
            speedCase: speedCase, tokensPerSecond: median, minimum: sorted[0],
            maximum: sorted[sorted.count - 1], bytesPerToken: bytesPerToken,
            bandwidthFraction: median * bytesPerToken / bandwidth,
            arithmeticFraction: arithmeticFraction(speedCase, median),
            workspaceBytes: runner.workspaceBytes)
    }

    /// What a prompt's multiplications would take at the peak, beside what they took with everything else.
    private func arithmeticFraction(_ speedCase: SpeedCase, _ rate: Double) -> Double? {
        // What a policy leaves out is not counted.
        guard speedCase.kind == .prefill, loaded.policy.isExact else { return nil }
        let counts = loaded.model.multiplications(
            prompt: speedCase.prompt, cache: loaded.cacheCodec)
        return peak.seconds(counts).map { $0 * rate / Double(speedCase.prompt) }
    }

    /// Tokens spread over the vocabulary, so that embedding rows are not all in the caches.
    private func token(_ index: Int) -> Int32 {
        Int32((index &* 7919 &+ 17) % loaded.model.shape.vocabularySize)
    }

    private func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }
}
