/// The figures of a served workload, for people.

import Foundation
import Martlet
import MartletEvaluation
import MartletFormats

enum ServingTable {
    static func text(_ report: ServingReport, of workload: Workload) -> String {
        var text = Columns.pair(
            "requests",
            "\(report.requests)"
                + (workload.rate.map { ", \(number($0)) a second" } ?? ", all at once")
                + RequestTimeline.Ending.allCases.filter { $0 != .answered }.compactMap { ending in
                    report.endings[ending].map { ", \($0) \(ending.rawValue)" }
                }.joined())
        let widths = [18, 9, 9, 9, 9, 9]
        text += Columns.row(["seconds", "mean", "p50", "p90", "p99", "largest"], widths: widths)
        for (name, times) in [
            ("queue", report.queueTime), ("first token", report.timeToFirstToken),
            ("gap", report.gap), ("for each token", report.perToken),
        ] {
            guard let times else { continue }
            text += Columns.row(
                [name]
                    + [
                        times.mean, times.median, times.ninetieth, times.ninetyNinth, times.largest,
                    ].map(number),
                widths: widths)
        }
        text += Columns.pair(
            "tokens a second",
            "\(number(report.tokensPerSecond)) generated, \(number(report.promptTokensPerSecond)) of prompts, of which "
                + "\(Columns.decimal(100 * report.cachedShare, places: 1)) % were known")
        text += Columns.pair(
            "fluidity",
            "\(number(report.fluidity)); \(Columns.decimal(100 * report.fluidShare, places: 1)) % of answers are fluid "
                + "(first token \(number(report.target.first)) s, gap \(number(report.target.gap)) s)"
        )
        text += Columns.pair(
            "answers a second",
            "goodput \(number(report.goodput)), effective throughput \(number(report.effectiveThroughput))"
        )
        return text
    }

    /// Three digits that count.
    private static func number(_ value: Double) -> String { String(format: "%.3g", value) }
}

/// What an engine did for a workload, told.
struct WorkReport {
    private let work: EngineWork
    private let peakBytes: Int
    private let cost: StepCost?

    /// - Parameter end: the engine after it.
    init(work: EngineWork, of end: ServiceStatistics) {
        self.work = work
        peakBytes = end.peakBytes
        cost = end.stepCost
    }

    var text: String {
        Columns.pair(
            "steps",
            "\(work.steps), \(work.computedTokens) tokens computed, \(work.sampledTokens) chosen, "
                + "\(work.recomputedTokens) computed again")
            + Columns.pair(
                "gave way",
                "\(work.preemptions) times, of which \(work.parkings) kept their pages; \(work.demotions) times pages were "
                    + "stored in fewer bits; \(work.interruptions) steps stopped between layers")
            + Columns.pair(
                "prompts reused",
                "\(work.promptHits) of \(work.promptLookups), \(work.hitTokens) tokens; \(work.evictedTokens) tokens "
                    + "given up, \(work.restoredTokens) from disk")
            + Columns.pair("cache at its peak", Columns.bytes(peakBytes))
            + (cost.map { Columns.pair("cost of a step", "--cost " + $0.argument) }
                ?? "")
    }

    var json: JSONLine {
        var line = JSONLine()
        line.set("kind", "engine")
        for number in EngineWork.numbers { line.set(number.name, work[keyPath: number.path]) }
        line.set("peakCacheBytes", peakBytes)
        if let cost {
            line.set(
                "cost",
                .array([.number(cost.fixed), .number(cost.perToken), .number(cost.perRead)]))
        }
        return line
    }
}

extension StepCost {
    /// As `--cost` takes it.
    var argument: String { String(format: "%.4g,%.4g,%.4g", fixed, perToken, perRead) }
}
