/// The report of a sweep as one page that needs no network.

import Foundation
import MartletPictures

/// Plots, tables and transcripts of a sweep, self-contained and readable in light and dark.
public struct FrontierPage: Sendable {
    /// An answer of a configuration to a problem, for reading side by side.
    public struct Transcript: Sendable {
        /// The problem.
        public let prompt: String
        /// The right answer.
        public let reference: String
        /// Configurations and what their first chain wrote.
        public let texts: [(title: String, text: String, score: Double)]

        /// Puts a transcript together.
        public init(
            prompt: String, reference: String, texts: [(title: String, text: String, score: Double)]
        ) {
            self.prompt = prompt
            self.reference = reference
            self.texts = texts
        }
    }

    /// What was measured.
    public let report: FrontierReport
    /// The task.
    public let task: String
    /// Names and values of how: command, machine, model, samples.
    public let facts: [(name: String, value: String)]
    /// Pictures of what models keep in each layer and head, as SVG.
    public let heatMaps: [(title: String, svg: String)]
    /// Answers side by side.
    public let transcripts: [Transcript]

    /// Describes a page.
    public init(
        report: FrontierReport, task: String, facts: [(name: String, value: String)],
        heatMaps: [(title: String, svg: String)] = [], transcripts: [Transcript] = []
    ) {
        self.report = report
        self.task = task
        self.facts = facts
        self.heatMaps = heatMaps
        self.transcripts = transcripts
    }

    /// Colours that readers of every colour vision tell apart (Okabe and Ito), by method.
    private var classes: [String: String] {
        var classes = [FrontierMethod.reference: "dense", FrontierMethod.learned: "dms"]
        var next = 0
        for series in report.series where classes[series.method] == nil {
            classes[series.method] = "c\(next % 6)"
            next += 1
        }
        return classes
    }

    /// The page.
    public var html: String {
        var body = "<h1>Accuracy within a budget: \(HTML.escaped(task))</h1>\n"
        body += verdicts
        body += "<div class=\"plots\">\n"
        for cost in report.costs {
            guard let svg = StepPlot(report, cost: cost, classes: classes).svg else { continue }
            body +=
                "<figure><figcaption>Accuracy against \(cost.title)</figcaption>\(svg)</figure>\n"
        }
        body +=
            "</div>\n<p class=\"note\">Each dot is a configuration, labelled length-width-compression; a "
        body += "line is the best accuracy within each budget. Hover over a dot to read it.</p>\n"
        if let note = report.missingNote {
            body += "<p class=\"note\">Left out: \(HTML.escaped(note))</p>\n"
        }
        body += comparisonTable + safeTable
        if !heatMaps.isEmpty {
            body += "<h2>What each layer and head keeps</h2>\n<div class=\"maps\">\n"
            for map in heatMaps {
                body +=
                    "<figure><figcaption>\(HTML.escaped(map.title))</figcaption>\(map.svg)</figure>\n"
            }
            body += "</div>\n"
        }
        body += transcriptPart + pointTable
        body += "<h2>How it was measured</h2>\n<dl>\n"
        for fact in facts {
            body +=
                "<dt>\(HTML.escaped(fact.name))</dt><dd><code>\(HTML.escaped(fact.value))</code></dd>\n"
        }
        body += "</dl>\n"
        return HTML.page(
            title: "Martlet frontier: \(task)", style: Self.style, body: body, script: Self.script)
    }

    /// The first thing to read: how the learned method did against dense.
    private var verdicts: String {
        let lines = report.comparisons.filter {
            $0.method == FrontierMethod.learned && $0.over == FrontierMethod.reference
        }.map {
            each in
            "<li>at equal \(each.cost.title): <b>\(Self.points(each.result.improvement))</b> "
                + "\(Self.interval(each.result.interval))</li>"
        }
        guard !lines.isEmpty else { return "" }
        return
            "<p>DMS against the dense cache, average improvement in points of accuracy over all budgets, with "
            + "its 95 % interval:</p>\n<ul>\(lines.joined())</ul>\n"
    }

    private static func points(_ value: Double) -> String { String(format: "%+.1f", 100 * value) }

    private static func interval(_ range: ClosedRange<Double>) -> String {
        "[\(points(range.lowerBound)), \(points(range.upperBound))]"
    }

    private var comparisonTable: String {
        guard !report.comparisons.isEmpty else { return "" }
        var text =
            "<h2>Average improvement across budgets, in points</h2>\n<table class=\"sortable\"><thead><tr>"
        text += "<th>method</th><th>over</th>"
        text += report.costs.map { "<th class=\"n\">\($0.title)</th>" }.joined()
        text += "</tr></thead><tbody>\n"
        for (method, over) in report.pairs {
            text += "<tr><td>\(HTML.escaped(method))</td><td>\(HTML.escaped(over))</td>"
            for cost in report.costs {
                guard let result = report.comparison(of: method, over: over, cost) else {
                    text += "<td class=\"n\">–</td>"
                    continue
                }
                let isSure = result.interval.lowerBound > 0 || result.interval.upperBound < 0
                text +=
                    "<td class=\"n\(isSure ? " sure" : "")\" data-v=\"\(result.improvement)\">\(Self.points(result.improvement)) <span>\(Self.interval(result.interval))</span></td>"
            }
            text += "</tr>\n"
        }
        return text + "</tbody></table>\n"
    }

    private var safeTable: String {
        guard !report.safeRatios.isEmpty else { return "" }
        let methods = report.safeRatios
        func cell(_ ratio: Double?) -> String {
            "<td class=\"n\" data-v=\"\(ratio ?? 1)\">\(ratio.map { StepPlot.short($0) } ?? "none")</td>"
        }
        func row(_ title: String, _ problems: Int, _ ratios: [Double?]) -> String {
            "<tr><td>\(HTML.escaped(title))</td><td class=\"n\" data-v=\"\(problems)\">\(problems)</td>"
                + ratios.map(cell).joined() + "</tr>\n"
        }
        var text =
            "<h2>Highest compression without a significant loss</h2>\n"
            + "<p class=\"note\">At every length and width, against dense; “none” where even the lowest loses. In brackets "
            + "what a method thins out: the prompt, the steps (what each generated token reads), or both. With few problems "
            + "only great losses can be told from chance.</p>\n"
            + "<table class=\"sortable\"><thead><tr><th>problems</th><th class=\"n\">number</th>"
        for each in methods {
            text +=
                "<th class=\"n\">\(HTML.escaped(each.method))<br>(\(each.phase.rawValue))</th>"
        }
        text += "</tr></thead><tbody>\n"
        text += row("all", report.series[0].points[0].scores.count, methods.map(\.ratio))
        for (index, kind) in methods[0].perTask.enumerated() {
            text += row(kind.task, kind.problems, methods.map { $0.perTask[index].ratio })
        }
        return text + "</tbody></table>\n"
    }

    private var pointTable: String {
        var text =
            "<h2>All configurations</h2>\n<table class=\"sortable\"><thead><tr><th>method</th>"
        text += ["length", "width", "CR", "accuracy"].map { "<th class=\"n\">\($0)</th>" }.joined()
        text += "<th class=\"n\">95 %</th>"
        text += report.costs.map { "<th class=\"n\">\($0.title)</th>" }.joined()
        text += "<th>policy</th></tr></thead><tbody>\n"
        for point in report.series.flatMap(\.points) {
            let (c, interval) = (point.configuration, AccuracyInterval(scores: point.scores))
            text += "<tr><td>\(HTML.escaped(c.method))</td>"
            for value in [Double(c.length), Double(c.width), c.ratio] {
                text += "<td class=\"n\" data-v=\"\(value)\">\(StepPlot.short(value))</td>"
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

    private var transcriptPart: String {
        guard !transcripts.isEmpty else { return "" }
        var text = "<h2>Side by side</h2>\n"
        for each in transcripts {
            text +=
                "<details><summary><code>\(HTML.escaped(each.prompt))</code> → \(HTML.escaped(each.reference))</summary>\n"
            text += "<div class=\"sides\">"
            for side in each.texts {
                text +=
                    "<div><h3>\(HTML.escaped(side.title)) \(side.score >= 1 ? "✓" : "✗")</h3><pre>\(HTML.escaped(side.text))</pre></div>"
            }
            text += "</div></details>\n"
        }
        return text
    }

    private static let style = """
        :root { color-scheme: light dark; --ink: #1a1a1a; --soft: #5c5c5c; --line: #e2e2e2; --ground: #fff;
          --dense: #777; --dms: #0072b2; --c0: #d55e00; --c1: #b8860b; --c2: #009e73; --c3: #cc79a7; --c4: #3d9bd6; --c5: #8a63c9; }
        @media (prefers-color-scheme: dark) { :root { --ink: #ececec; --soft: #a5a5a5; --line: #333; --ground: #151515;
          --dense: #a0a0a0; --dms: #4db3ff; --c0: #ff8a3d; --c1: #e6b422; --c2: #2fd0a0; --c3: #e79ac2; --c4: #7fc6f2; --c5: #b79af0; } }
        body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); max-width: 1320px; margin: 2rem auto; padding: 0 1.2rem; }
        h1 { font-size: 1.5rem; } h2 { font-size: 1.12rem; margin-top: 2.2rem; } h3 { font-size: .9rem; margin: .2rem 0; }
        .note, figcaption, dt { color: var(--soft); } figure { margin: 0; min-width: 0; } figcaption { font-weight: 600; }
        .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(540px, 100%), 1fr)); gap: 1.4rem; }
        .maps, .sides { display: flex; flex-wrap: wrap; gap: 1.4rem; } .sides > div { flex: 1 1 320px; min-width: 0; }
        svg { width: 100%; height: auto; } .maps svg { width: auto; max-width: 100%; }
        .plots text { font: 11px system-ui, sans-serif; fill: var(--soft); } .plots text.axis { font-size: 12px; }
        .plots text.point { font-size: 9.5px; }
        .plots text.point, .plots text.name { paint-order: stroke; stroke: var(--ground); stroke-width: 3px; stroke-linejoin: round; } .plots text.name { font-size: 12px; font-weight: 600; }
        .grid { stroke: var(--line); stroke-width: 1; } .front { fill: none; stroke-width: 2; } .front.dense { stroke-dasharray: 5 3; }
        .dot { stroke: var(--ground); stroke-width: .7; } .front.dms { stroke-width: 3; }
        \(["dense", "dms", "c0", "c1", "c2", "c3", "c4", "c5"].map {
            ".front.\($0) { stroke: var(--\($0)); } .dot.\($0), .plots text.name.\($0) { fill: var(--\($0)); }"
        }.joined(separator: "\n"))
        table { border-collapse: collapse; font-size: 13.5px; display: block; overflow-x: auto; }
        th, td { text-align: left; padding: .25rem .7rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
        th { cursor: pointer; color: var(--soft); } .n { text-align: right; font-variant-numeric: tabular-nums; }
        td span { color: var(--soft); font-size: 12px; } .sure { font-weight: 600; } code, pre { font: 12.5px ui-monospace, monospace; }
        pre { white-space: pre-wrap; overflow-wrap: anywhere; border-left: 3px solid var(--line); padding-left: .7rem; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; } dd { margin: 0; overflow-wrap: anywhere; }
        summary { cursor: pointer; overflow-wrap: anywhere; }
        """

    private static let script = """
        for (const table of document.querySelectorAll("table.sortable")) {
          table.querySelectorAll("th").forEach((head, column) => head.addEventListener("click", () => {
            const body = table.tBodies[0], falling = head.dataset.order !== "down";
            for (const other of table.querySelectorAll("th")) delete other.dataset.order;
            head.dataset.order = falling ? "down" : "up";
            const value = row => { const cell = row.cells[column], v = cell.dataset.v;
              return v === undefined ? cell.textContent : parseFloat(v); };
            [...body.rows].sort((a, b) => { const x = value(a), y = value(b);
              const order = typeof x === "string" || typeof y === "string" ? String(x).localeCompare(String(y)) : x - y;
              return falling ? -order : order; }).forEach(row => body.append(row));
          }));
        }
        """
}
