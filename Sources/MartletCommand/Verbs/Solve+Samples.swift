/// `martlet solve --samples`: prints how right answers are that were found inside a budget.

import Martlet
import MartletEvaluation
import MartletFormats

extension Solve {
    /// Solves held-out problems and prints what they came to.
    func run(samples: Int) async throws {
        let task = try programs.task(self.task ?? "")
        let evaluation = SolveEvaluation(
            task, solver: try await solver(), budget: budget, options: searchOptions,
            seed: loading.seed ?? 0)
        let json = json
        let running = Task {
            try await evaluation.run(samples) { if json { $0.line.print() } }
        }
        Interruption.onSignal { running.cancel() }
        let report = try await running.value
        if json { report.line.print() } else { StandardStreams.write(report.text) }
        Interruption.exitIfReceived()
        ExitStatus.success.exit()
    }
}

extension SolveEvaluation.Sample {
    fileprivate var line: JSONLine {
        var line = JSONLine()
        line.set("index", index)
        line.set("task", sample.task)
        line.set("prompt", sample.prompt)
        line.set("reference", sample.answer)
        line.set("answer", result?.answer.map { .string($0) } ?? .null)
        line.set("score", score)
        guard let result else {
            line.set("refusal", refusal.map { .string($0) } ?? .null)
            return line
        }
        line.set("configuration", result.configuration.label)
        line.set("elapsedMs", result.elapsed.seconds * 1000)
        line.set("peakCacheBytes", result.peakCacheBytes)
        line.set("kvReads", result.kvReads)
        line.set("bytesMoved", result.bytesMoved)
        line.set("finished", result.ending.rawValue)
        return line
    }
}

extension SolveEvaluationReport {
    fileprivate var line: JSONLine {
        var chosen = JSONLine()
        for (label, count) in configurations { chosen.set(label, count) }
        var line = JSONLine()
        line.set("samples", scores.count)
        line.set("accuracy", accuracy)
        line.set("interval", interval.json)
        line.set("meanElapsedMs", meanMilliseconds)
        line.set("late", late ?? 0)
        line.set("kvReads", kvReads)
        line.set("bytesMoved", bytesMoved)
        line.set("peakCacheBytes", peakCacheBytes)
        line.set("configurations", chosen.value)
        line.set("lossy", lossyCount > 0)
        line.set("refused", refusedCount)
        return line
    }

    fileprivate var text: String {
        let interval = interval
        func decimal(_ value: Double) -> String { Columns.decimal(value, places: 3) }
        var text = Columns.pair(
            "accuracy",
            "\(decimal(accuracy)) (95 %: \(decimal(interval.lower)) to \(decimal(interval.upper))), "
                + "\(scores.count) problems")
        text += Columns.pair("mean time", "\(Columns.decimal(meanMilliseconds, places: 0)) ms")
        if let late { text += Columns.pair("late", "\(late)") }
        if refusedCount > 0 {
            text += Columns.pair("too long", "\(refusedCount), counted as wrong")
        }
        text += Columns.pair("kv reads", Columns.decimal(kvReads, places: 0))
        text += Columns.pair("bytes moved", Columns.bytes(Int(bytesMoved.rounded())))
        text += Columns.pair("peak cache", Columns.bytes(peakCacheBytes))
        if lossyCount > 0 {
            text += Columns.pair("lossy cache", "for \(lossyCount) of \(scores.count)")
        }
        for (label, count) in configurations {
            text += Columns.pair("chosen", "\(count) × \(label)")
        }
        return text
    }
}
