/// What `martlet evaluate` prints and writes.

import Martlet
import MartletEvaluation
import MartletFormats

/// An evaluation's result for people and for scripts.
struct EvaluationSummary {
    let report: EvaluationReport
    let evaluation: TaskEvaluation
    let loaded: LoadedModel
    let seconds: Double

    /// The JSON summary.
    var line: JSONLine {
        var line = JSONLine()
        line.set("model", loaded.name)
        line.set("task", evaluation.task.name)
        line.set("samples", report.samples.count)
        line.set("seed", JSONValue.seed(evaluation.options.seed))
        line.set("accuracy", report.accuracy)
        line.set("interval", report.interval.json)
        line.set("tokens", report.tokens)
        line.set("kvReads", report.kvReads)
        line.set("bytesMoved", report.bytesMoved)
        line.set("peakTokens", report.peakTokens)
        line.set("bytes", report.bytes)
        line.set("width", evaluation.options.width)
        line.set("voteAccuracy", report.accuracy)
        line.set("chainAccuracy", report.chainAccuracy)
        line.set("passAtAll", report.passAtAll)
        line.set(
            "perTask",
            .array(
                report.parts.map { part in
                    var line = JSONLine()
                    line.set("task", part.task)
                    line.set("samples", part.samples)
                    line.set("accuracy", part.accuracy)
                    line.set("interval", part.interval.json)
                    return line.value
                }))
        line.set("unfinishedChains", report.unfinishedChains)
        line.set("refused", report.refusedProblems)
        line.set("chat", evaluation.options.form != .text)
        line.set("temperature", JSONValue.logprob(evaluation.options.temperature))
        line.set("peakCacheBytes", report.peakCacheBytes)
        line.set("seconds", seconds)
        line.set(loaded, adapter: evaluation.options.adapter)
        return line
    }

    /// A short table.
    var text: String {
        func range(_ interval: AccuracyInterval) -> String {
            "(95 %: \(decimal(interval.lower)) to \(decimal(interval.upper)))"
        }
        let options = evaluation.options
        var text = Columns.pair("task", evaluation.task.name)
        text += Columns.pair("samples", "\(report.samples.count), seed \(options.seed)")
        text += Columns.pair("policy", loaded.policyText)
        text += Columns.pair("accuracy", "\(decimal(report.accuracy)) \(range(report.interval))")
        if report.parts.count > 1 {
            for part in report.parts {
                text += Columns.pair(
                    "", "\(decimal(part.accuracy)) \(range(part.interval)) \(part.task)")
            }
        }
        if options.width > 1 {
            text += Columns.pair(
                "chains",
                "\(options.width); one alone \(decimal(report.chainAccuracy)), the best "
                    + decimal(report.passAtAll))
        }
        text += Columns.pair("tokens", Columns.decimal(report.tokens, places: 1))
        text += Columns.pair("kv reads", Columns.decimal(report.kvReads, places: 1))
        text += Columns.pair(
            "bytes moved",
            report.bytesMoved.map { Columns.bytes(Int($0.rounded())) } ?? "not in all records")
        text += Columns.pair("peak tokens", Columns.decimal(report.peakTokens, places: 1))
        text += Columns.pair("cache", Columns.bytes(Int(report.bytes.rounded())))
        text += Columns.pair("unfinished chains", "\(report.unfinishedChains)")
        if report.refusedProblems > 0 {
            text += Columns.pair("too long", "\(report.refusedProblems), counted as wrong")
        }
        return text
    }

    /// Says on standard error what the figures may suffer from.
    func noteTrouble(budget: Int) {
        let chains = report.samples.flatMap(\.chains)
        if chains.contains(where: { $0.finishReason == .outOfMemory }) {
            StandardStreams.note(
                "the cache's budget of \(budget) bytes is too small for some chains; raise --memory, "
                    + "or use a smaller --kv or a bounded --cache.")
        }
        if let refusal = report.samples.lazy.compactMap(\.refusal).first {
            StandardStreams.note(
                "\(report.refusedProblems) of \(report.samples.count) problems were not asked: \(refusal)"
            )
        }
        if report.bytesMoved == nil {
            let count = report.samples.count { $0.bytesMoved == nil }
            StandardStreams.note(
                "\(count) of \(report.samples.count) problems were recorded by a version that did not count "
                    + "the bytes moved, so there is no such figure; name another file to have it.")
        }
        if report.samples.count < evaluation.options.samples {
            StandardStreams.note(
                "stopped after \(report.samples.count) of \(evaluation.options.samples) samples.")
        }
    }

    private func decimal(_ value: Double) -> String { Columns.decimal(value, places: 4) }
}

/// A task as `--list` shows it.
struct TaskListing {
    private let entry: TaskEntry

    init(_ entry: TaskEntry) { self.entry = entry }

    func print(json: Bool) {
        if json { line.print() } else { StandardStreams.write(text) }
    }

    private var line: JSONLine {
        var line = JSONLine()
        line.set("name", entry.name)
        line.set("summary", entry.summary)
        line.set(
            "parameters",
            .array(
                entry.parameters.map { parameter in
                    var line = JSONLine()
                    line.set("name", parameter.name)
                    line.set("default", parameter.defaultText.map { .string($0) } ?? .null)
                    line.set("minimum", parameter.limits.lowerBound)
                    line.set("maximum", parameter.limits.upperBound)
                    line.set("takesRange", parameter.takesRange)
                    line.set("replaces", parameter.replaces.map { .string($0) } ?? .null)
                    line.set("summary", parameter.summary)
                    return line.value
                }))
        return line
    }

    private var text: String {
        var text = "\(entry.name): \(entry.summary)\n"
        for parameter in entry.parameters {
            let limits = "\(parameter.limits.lowerBound) to \(parameter.limits.upperBound)"
            let range = parameter.takesRange ? ", or a range a..b" : ""
            var value = parameter.defaultText.map { "default \($0)" } ?? "optional"
            if let other = parameter.replaces { value += ", instead of \(other)" }
            text += "  \(parameter.name)=\(limits)\(range) (\(value)): \(parameter.summary)\n"
        }
        return text + "\n"
    }
}
