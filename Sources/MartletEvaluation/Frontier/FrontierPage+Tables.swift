/// The tables of the page of a sweep.

import Foundation
import MartletPictures

extension FrontierPage {
    private static func points(_ value: Double) -> String { String(format: "%+.1f", 100 * value) }

    private static func interval(_ range: ClosedRange<Double>) -> String {
        "[\(points(range.lowerBound)), \(points(range.upperBound))]"
    }

    private static func cell(_ estimate: FrontierEstimate?) -> String {
        guard let estimate else { return "<td class=\"n\">–</td>" }
        return
            "<td class=\"n\(estimate.isSure ? " sure" : "")\" data-v=\"\(estimate.value)\">\(points(estimate.value)) <span>\(interval(estimate.interval))</span></td>"
    }

    private func result(_ method: String, _ over: String, _ cost: FrontierCost)
        -> FrontierComparison?
    {
        report.comparison(of: method, over: over, cost)
    }

    /// The first thing to read: how the learned method did against dense.
    var verdicts: String {
        let (learned, dense) = (FrontierMethod.learned, FrontierMethod.reference)
        let lines = report.costs.compactMap { cost in
            result(learned, dense, cost).map {
                "<li>at equal \(cost.title): <b>\(Self.points($0.improvement))</b> \(Self.interval($0.interval))</li>"
            }
        }
        guard !lines.isEmpty else { return "" }
        return
            "<p>DMS against the dense cache, average improvement in points of accuracy over all budgets, with "
            + "its 95 % interval:</p>\n<ul>\(lines.joined())</ul>\n"
    }

    /// Where the average comes from, and what the control does.
    var claimTable: String {
        let (learned, dense) = (FrontierMethod.learned, FrontierMethod.reference)
        let costs = report.costs.filter { result(learned, dense, $0) != nil }
        guard !costs.isEmpty else { return "" }
        let hasControl = report.series.contains { $0.method == FrontierMethod.control }
        var text = """
            <h2>What the claim rests on</h2>
            <p class="note">DMS over dense in points, at equal cost; the budgets are fixed before problems are drawn. “Beyond a full \
            answer”: from the cost on at which dense can write one chain to its longest limit, so that it is no longer cut \
            off. “Thirds”: of the budgets' logarithm. “Evenly”: budgets spread evenly instead of by their logarithm. \
            “Control”: \(hasControl ? "a model trained as the retrofits were that compresses nothing, over dense." : "none was measured (--control MODEL: a model trained as the retrofits were that compresses nothing), so that what training alone gives is in these figures.")</p>
            <table class="sortable"><thead><tr><th>at equal</th><th class="n">budgets</th><th class="n">average</th>\
            <th class="n">beyond a full answer</th><th class="n">lowest third</th><th class="n">middle third</th>\
            <th class="n">highest third</th><th class="n">evenly</th><th class="n">control over dense</th>\
            <th class="n">DMS over control</th></tr></thead><tbody>

            """
        for cost in costs {
            guard let own = result(learned, dense, cost) else { continue }
            let (low, high) = (own.range.lowerBound, own.range.upperBound)
            text += "<tr><td>\(cost.title)</td>"
            text +=
                "<td class=\"n\" data-v=\"\(low)\">\(StepPlot.short(low))–\(StepPlot.short(high))</td>"
            text += Self.cell(own.average) + Self.cell(own.beyondFullLength)
            text += own.thirds.map(Self.cell).joined() + Self.cell(own.linear)
            text += Self.cell(result(FrontierMethod.control, dense, cost)?.average)
            text += Self.cell(result(learned, FrontierMethod.control, cost)?.average) + "</tr>\n"
        }
        return text + "</tbody></table>\n"
            + "<p class=\"made\"><code>python3 Benchmarks/Quality/recompute_frontier.py FOLDER/\(FrontierResults.fileName) --method \(learned) --over \(dense)</code></p>\n"
    }

    var comparisonTable: String {
        guard !report.comparisons.isEmpty else { return "" }
        var text =
            "<h2>Average improvement across budgets, in points</h2>\n"
            + "<p class=\"note\">“+ dense”: both sides also have the dense cache, which is every method's compression of 1.</p>\n"
            + "<table class=\"sortable\"><thead><tr>"
        text += "<th>method</th><th>over</th>"
        text += report.costs.map { "<th class=\"n\">\($0.title)</th>" }.joined()
        text += "</tr></thead><tbody>\n"
        for pair in report.pairs {
            let suffix = pair.withDense ? " + dense" : ""
            text +=
                "<tr><td>\(HTML.escaped(pair.method + suffix))</td><td>\(HTML.escaped(pair.over + suffix))</td>"
            for cost in report.costs {
                text += Self.cell(
                    report.comparison(
                        of: pair.method, over: pair.over, withDense: pair.withDense, cost)?.average)
            }
            text += "</tr>\n"
        }
        return text + "</tbody></table>\n" + Self.made + "\n"
    }

    var safeTable: String {
        let all = report.safeRatios
        guard let first = all.first else { return "" }
        var text = """
            <h2>Highest compression without a significant loss</h2>
            <p class="note">Measured compression, at every length and width, against dense with the same codec, asked at \
            \(SafeCompression.sparsities.count) levels (the Sparse Frontier's rule). “≥”: the next level was not reached by anything measured; “none”: even the lowest \
            loses; “too few”: fewer than \(SafeCompression.leastProblems) problems, of which only great losses can be told from chance. A method is of \
            the phase that it thins out: the prompt, the steps (what each generated token reads), or both.</p>
            <table class="sortable"><thead><tr><th>phase</th><th>method</th>
            """
        if report.hasCodecs { text += "<th>codec</th>" }
        for finding in [first.overall] + first.perTask {
            text +=
                "<th class=\"n\">\(HTML.escaped(finding.task.map(Self.short) ?? "all"))<br>(\(finding.problems))</th>"
        }
        text += "</tr></thead><tbody>\n"
        for phase in CompressionPhase.allCases {
            for each in all where each.phase == phase {
                text += "<tr><td>\(phase.rawValue)</td><td>\(HTML.escaped(each.method))</td>"
                if report.hasCodecs { text += "<td>\(HTML.escaped(each.codec))</td>" }
                text += ([each.overall] + each.perTask).map(Self.cell).joined() + "</tr>\n"
            }
        }
        return text + "</tbody></table>\n" + Self.made + "\n"
    }

    private static func cell(_ finding: SafeCompression.Finding) -> String {
        let text =
            switch finding.verdict {
            case .tooFew: "too few"
            case .none: "none"
            case .upTo(let ratio, let isBound):
                (isBound ? "≥ " : "") + StepPlot.short(ratio)
            }
        return "<td class=\"n\" data-v=\"\(finding.ratio ?? 0)\">\(text)</td>"
    }

    var pointTable: String {
        var text =
            "<h2>All configurations</h2>\n<table class=\"sortable\"><thead><tr><th>method</th><th>codec</th>"
        let names = ["length", "width", "CR", "CR held", "CR read", "accuracy"]
        text += names.map { "<th class=\"n\">\($0)</th>" }.joined()
        text += "<th class=\"n\">95 %</th>"
        text += report.costs.map { "<th class=\"n\">\($0.title)</th>" }.joined()
        text += "<th>policy</th></tr></thead><tbody>\n"
        for point in report.points {
            let (c, interval) = (point.configuration, AccuracyInterval(scores: point.scores))
            text += "<tr><td>\(HTML.escaped(c.method))</td><td>\(HTML.escaped(c.codec))</td>"
            let measured = [point.measured.held, point.measured.read].map { $0 ?? .nan }
            for value in [Double(c.length), Double(c.width), c.ratio] + measured {
                text +=
                    "<td class=\"n\" data-v=\"\(value)\">\(value.isNaN ? "–" : StepPlot.short(value))</td>"
            }
            text +=
                "<td class=\"n\" data-v=\"\(point.accuracy)\">\(String(format: "%.1f", 100 * point.accuracy))</td>"
            text +=
                "<td class=\"n\" data-v=\"\(interval.lower)\">\(String(format: "%.0f–%.0f", 100 * interval.lower, 100 * interval.upper))</td>"
            for cost in report.costs {
                let value = point.costs[cost] ?? .nan
                text +=
                    "<td class=\"n\" data-v=\"\(value)\">\(value.isNaN ? "–" : StepPlot.short(value))</td>"
            }
            text +=
                "<td><code>\(HTML.escaped(c.model)) \(HTML.escaped(c.policy))</code></td></tr>\n"
        }
        return text + "</tbody></table>\n"
    }
}
