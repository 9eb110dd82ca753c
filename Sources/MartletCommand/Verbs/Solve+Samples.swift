/// `martlet solve --samples`: how right answers are that were found inside a budget.

import Martlet
import MartletEvaluation
import MartletFormats

extension Solve {
    /// Solves held-out problems one after the other, as a user would, and sums up.
    func run(samples: Int) async throws {
        let task: any EvaluationTask
        do { task = try TaskLocator.task(self.task ?? "") } catch { throw MartletError(error) }
        let budget = SolveBudget(memory: memory.memory?.bytes, deadline: deadline?.duration)
        let (solver, forms) = try await solver(before: deadline?.duration)
        let lossy = Set(forms.filter { !$0.lossyMethods.isEmpty }.map(\.name))
        let (seed, options, json) = (loading.seed ?? 0, searchOptions, json)
        let running = Task {
            var summary = SolvedSamples(budget: budget, lossy: lossy)
            for index in 0..<min(samples, task.problemCount ?? samples) {
                guard !Task.isCancelled else { break }
                let sample = task.sample(seed: seed, index: index, split: .heldOut)
                var options = options
                options.seed = seed &+ UInt64(index)
                options.extraction = sample.layout.extraction
                options.stop += sample.layout.stop
                let result = try await solver.run(
                    sample.prompt, budget: budget, options: options
                ) { _ in }
                guard result.ending != .cancelled else { break }
                let text = result.answer.map(sample.layout.framed) ?? ""
                let score = await task.judged(text, sample)
                summary.add(result, score: score)
                if json { Self.line(index, sample, result, score: score).print() }
            }
            return summary
        }
        Interruption.onSignal { running.cancel() }
        let summary = try await running.value
        if json { summary.line.print() } else { StandardStreams.write(summary.text) }
        await CostStore.shared.save()
        Interruption.exitIfReceived()
        ExitStatus.success.exit()
    }

    private static func line(
        _ index: Int, _ sample: TaskSample, _ result: SolveResult, score: Double
    ) -> JSONLine {
        var line = JSONLine()
        line.set("index", index)
        line.set("task", sample.task)
        line.set("prompt", sample.prompt)
        line.set("reference", sample.answer)
        line.set("answer", result.answer.map { .string($0) } ?? .null)
        line.set("score", score)
        line.set("configuration", SolvedSamples.label(result.configuration))
        line.set("elapsedMs", result.elapsed.seconds * 1000)
        line.set("peakCacheBytes", result.peakCacheBytes)
        line.set("kvReads", result.kvReads)
        line.set("finished", result.ending.rawValue)
        return line
    }
}

/// What searches inside one budget came to.
struct SolvedSamples {
    private let budget: SolveBudget
    private let lossy: Set<String>
    private var lossyCount = 0
    private var scores: [Double] = []
    private var milliseconds = 0.0
    private var reads = 0.0
    private var peak = 0
    private var late = 0
    private var configurations: [String: Int] = [:]

    /// - Parameters:
    ///   - budget: the budget of each search.
    ///   - lossy: the forms that change results.
    init(budget: SolveBudget, lossy: Set<String>) {
        self.budget = budget
        self.lossy = lossy
    }

    mutating func add(_ result: SolveResult, score: Double) {
        scores.append(score)
        milliseconds += result.elapsed.seconds * 1000
        reads += result.kvReads
        peak = max(peak, result.peakCacheBytes)
        if let deadline = budget.deadline, result.elapsed > deadline { late += 1 }
        configurations[Self.label(result.configuration), default: 0] += 1
        if lossy.contains(result.configuration.model) { lossyCount += 1 }
    }

    /// `builtin-cr4 dms 466-8`: model, policy, length and width.
    static func label(_ configuration: SolveConfiguration) -> String {
        let policy = configuration.policy.prefix { $0 != "(" }
        return "\(configuration.model) \(policy) \(configuration.length)-\(configuration.width)"
    }

    private var accuracy: Double {
        scores.isEmpty ? 0 : scores.reduce(0, +) / Double(scores.count)
    }

    private func mean(_ sum: Double) -> Double { scores.isEmpty ? 0 : sum / Double(scores.count) }

    private var sorted: [(key: String, value: Int)] {
        configurations.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    }

    var line: JSONLine {
        var chosen = JSONLine()
        for (label, count) in sorted { chosen.set(label, count) }
        var line = JSONLine()
        line.set("samples", scores.count)
        line.set("accuracy", accuracy)
        line.set("interval", AccuracyInterval(scores: scores).json)
        line.set("meanElapsedMs", mean(milliseconds))
        line.set("late", late)
        line.set("kvReads", mean(reads))
        line.set("peakCacheBytes", peak)
        line.set("configurations", chosen.value)
        line.set("lossy", lossyCount > 0)
        return line
    }

    var text: String {
        let interval = AccuracyInterval(scores: scores)
        func decimal(_ value: Double) -> String { Columns.decimal(value, places: 3) }
        var text = Columns.pair(
            "accuracy",
            "\(decimal(accuracy)) (95 %: \(decimal(interval.lower)) to \(decimal(interval.upper))), "
                + "\(scores.count) problems")
        text += Columns.pair("mean time", "\(Columns.decimal(mean(milliseconds), places: 0)) ms")
        if budget.deadline != nil { text += Columns.pair("late", "\(late)") }
        text += Columns.pair("kv reads", Columns.decimal(mean(reads), places: 0))
        text += Columns.pair("peak cache", Columns.bytes(peak))
        if lossyCount > 0 {
            text += Columns.pair("lossy cache", "for \(lossyCount) of \(scores.count)")
        }
        for (label, count) in sorted { text += Columns.pair("chosen", "\(count) × \(label)") }
        return text
    }
}
