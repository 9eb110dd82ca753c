/// Problems in flight: starts them, waits for them, and hands results on in order.

public import Martlet
import MartletTasks

extension TaskEvaluation {
    /// Gives the problems to a model, several at a time.
    ///
    /// A cancelled task ends what is in flight within one step and reports the problems before the
    /// first one without a result. A problem that is longer than the model's context is not asked and scores 0
    /// (``SampleResult/refusal``).
    ///
    /// - Parameters:
    ///   - model: the model; chains wait when its cache cannot hold all that are in flight.
    ///   - onSample: receives the results in the order of the problems, each as soon as all before it
    ///     are known. An error that it throws ends the evaluation.
    /// - Throws: `MartletError`: `missingTokenizer`, and where no problem fits the model `promptTooLong` or
    ///   `contextExceeded`, before anything runs, or the model's own failure.
    public func run(
        on model: Model, onSample: (SampleResult) throws(MartletError) -> Void = { _ in }
    ) async throws(MartletError) -> EvaluationReport {
        try await run(try problems(for: model.loaded), on: model, onSample: onSample)
    }

    /// As ``run(on:onSample:)``, with problems made earlier, or with some of them.
    package func run(
        _ problems: [Problem], on model: Model,
        onSample: (SampleResult) throws(MartletError) -> Void = { _ in }
    ) async throws(MartletError) -> EvaluationReport {
        var samples: [SampleResult] = []
        do {
            try await withThrowingTaskGroup(of: (place: Int, result: SampleResult)?.self) {
                group in
                var unordered: [Int: SampleResult] = [:]
                var waiting = problems[...]
                func startNext(
                    _ group: inout ThrowingTaskGroup<(place: Int, result: SampleResult)?, any Error>
                ) {
                    guard !Task.isCancelled, let problem = waiting.popFirst() else { return }
                    let place = waiting.startIndex - 1
                    group.addTask {
                        try await result(of: problem, on: model).map { (place, $0) }
                    }
                }
                for _ in 0..<options.problemsInFlight { startNext(&group) }
                while let ended = try await group.next() {
                    guard let ended else { continue }
                    unordered[ended.place] = ended.result
                    while let next = unordered.removeValue(forKey: samples.count) {
                        samples.append(next)
                        try onSample(next)
                    }
                    startNext(&group)
                }
            }
        } catch { throw MartletError(any: error) }
        return EvaluationReport(samples: samples)
    }

    /// Nil when the problem was cancelled.
    private func result(
        of problem: Problem, on model: Model
    ) async throws(MartletError) -> SampleResult? {
        if let refusal = problem.refusal {
            return SampleResult(
                refused: problem.sample, index: problem.index, seed: problem.seed,
                chainCount: options.width, reason: refusal.message)
        }
        var generation = GenerationOptions()
        generation.maximumTokens = problem.limit
        generation.temperature = options.temperature
        generation.seed = problem.seed
        generation.adapter = options.adapter
        if options.form == .text {
            generation.stop = problem.sample.layout.stop
            generation.stopsAfterText = problem.sample.layout.stopsAfterText
        }
        let stream = try model.generate(
            problem.tokens, options: generation, chainCount: options.width, pacing: .chainEnds,
            leadingWidths: options.leadingWidths)
        var responses = [Response?](repeating: nil, count: options.width)
        for try await piece in stream {
            if let response = piece.part.response { responses[piece.chain] = response }
        }
        let finished = responses.compactMap(\.self).filter { $0.finishReason != .cancelled }
        guard finished.count == options.width else { return nil }
        var chains: [ChainResult] = []
        let said = try model.loaded.prompts.reader(
            utf8: Array(asked(problem.sample).utf8), form: options.form)
        for response in finished {
            chains.append(await chain(response, said(response.text), problem.sample))
        }
        return SampleResult(
            index: problem.index, sample: problem.sample, seed: problem.seed,
            chains: chains,
            bytes: finished.map(\.usage.peakRequestBytes).max() ?? 0,
            cacheBytes: finished.map(\.usage.peakCacheBytes).max() ?? 0,
            leadingBytes: leadingBytes(finished))
    }

    /// A chain knows what the first ones held until it ended itself; the last of them to end knows it to the end.
    private func leadingBytes(_ responses: [Response]) -> [Int: Int] {
        var bytes: [Int: Int] = [:]
        for response in responses {
            for (width, held) in zip(options.leadingWidths, response.usage.leadingPeakBytes) {
                bytes[width] = max(bytes[width] ?? 0, held)
            }
        }
        return bytes
    }

    /// - Parameter said: the text without reasoning, in which the answer stands.
    private func chain(
        _ response: Response, _ said: String, _ sample: TaskSample
    ) async -> ChainResult {
        ChainResult(
            text: response.text, answer: sample.layout.answer(in: said),
            score: await task.judged(said, sample),
            tokens: response.usage.completionTokens,
            kvReads: response.usage.kvReads, bytesMoved: response.usage.bytesMoved,
            peakTokens: response.usage.peakTokens,
            finishReason: response.finishReason)
    }
}
