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

/// What an engine did for a workload.
struct EngineWork {
    private let steps, computed, sampled, preemptions, parkings, interruptions, recomputed: Int
    private let lookups, hits, hitTokens, evicted, restored: Int
    private let peakBytes: Int
    private let cost: StepCost?

    init(from before: ServiceStatistics, to after: ServiceStatistics) {
        steps = after.steps - before.steps
        computed = after.computedTokens - before.computedTokens
        sampled = after.sampledTokens - before.sampledTokens
        preemptions = after.preemptions - before.preemptions
        parkings = after.parkings - before.parkings
        interruptions = after.interruptions - before.interruptions
        recomputed = after.recomputedTokens - before.recomputedTokens
        lookups = after.promptLookups - before.promptLookups
        hits = after.promptHits - before.promptHits
        hitTokens = after.hitTokens - before.hitTokens
        evicted = after.evictedTokens - before.evictedTokens
        restored = after.restoredTokens - before.restoredTokens
        peakBytes = after.peakBytes
        cost = after.stepCost
    }

    var text: String {
        Columns.pair(
            "steps",
            "\(steps), \(computed) tokens computed, \(sampled) chosen, \(recomputed) computed again"
        )
            + Columns.pair(
                "gave way",
                "\(preemptions) times, of which \(parkings) kept their pages; \(interruptions) steps stopped between layers"
            )
            + Columns.pair(
                "prompts reused",
                "\(hits) of \(lookups), \(hitTokens) tokens; \(evicted) tokens given up, \(restored) from disk"
            )
            + Columns.pair("cache at its peak", Columns.bytes(peakBytes))
            + (cost.map { Columns.pair("cost of a step", "--cost " + $0.argument) }
                ?? "")
    }

    var json: JSONLine {
        var line = JSONLine()
        line.set("kind", "engine")
        line.set("steps", steps)
        line.set("computedTokens", computed)
        line.set("sampledTokens", sampled)
        line.set("recomputedTokens", recomputed)
        line.set("preemptions", preemptions)
        line.set("parkings", parkings)
        line.set("interruptions", interruptions)
        line.set("promptLookups", lookups)
        line.set("promptHits", hits)
        line.set("hitTokens", hitTokens)
        line.set("evictedTokens", evicted)
        line.set("restoredTokens", restored)
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
