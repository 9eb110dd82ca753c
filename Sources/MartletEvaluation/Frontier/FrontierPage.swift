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

    /// The costs, bytes first: what a machine has.
    private var axes: [FrontierCost] {
        report.costs.filter { $0 == .bytes } + report.costs.filter { $0 != .bytes }
    }

    /// A task without the folders of its file.
    static func short(_ task: String) -> String {
        guard let colon = task.firstIndex(of: ":"),
            let slash = task[colon...].lastIndex(of: "/")
        else { return task }
        return String(task[...colon]) + task[task.index(after: slash)...]
    }

    /// The page.
    public var html: String {
        var body = "<h1>Accuracy within a budget: \(HTML.escaped(Self.short(task)))</h1>\n"
        body += verdicts + claimTable
        let classes = classes
        body += "<div class=\"plots\">\n"
        for cost in axes {
            guard let svg = StepPlot(report, cost: cost, classes: classes).svg else { continue }
            body += figure("Accuracy against \(cost.title)", svg)
        }
        if let svg = StepPlot(compressionsOf: report, classes: classes)?.svg {
            body += figure("Accuracy against measured compression", svg)
        }
        body += "</div>\n" + legend
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

    private func figure(_ caption: String, _ svg: String) -> String {
        "<figure><figcaption>\(caption)</figcaption>\(svg)\(Self.made)</figure>\n"
    }

    /// The command that makes a figure again of the results beside the page.
    static let made = "<p class=\"made\"><code>martlet frontier report FOLDER</code></p>"

    private var legend: String {
        let names: [StepPlot.Mark: String] = [
            .circle: "●", .square: "■", .triangle: "▲", .diamond: "◆",
        ]
        var text =
            "<p class=\"note\">Each dot is a configuration, labelled length-width-compression; a line is the best "
            + "accuracy within each budget, a band where it lies in 95 of 100 draws of the problems. Hover over a dot to read it. "
            + "Measured compression is tokens of a dense cache over tokens held; for methods of steps, over tokens read."
        if report.hasCodecs {
            let marks = StepPlot.marks(of: report).sorted { $0.key < $1.key }
            text += " Shapes are codecs: "
            text += marks.map { "\(names[$0.value] ?? "") \(HTML.escaped($0.key))" }
                .joined(separator: ", ")
            text += "."
        }
        return text + "</p>\n"
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
}
