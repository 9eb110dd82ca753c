/// What a sweep leaves in its folder, and what it prints.

import Foundation
import Martlet
import MartletEvaluation
import MartletFormats

/// The files of a sweep's folder, but for its records.
struct FrontierFiles {
    let folder: String

    static let records = "records.jsonl"

    /// Writes the results themselves.
    func write(_ results: FrontierResults) throws(MartletError) {
        do {
            try AtomicDirectory.ensure(folder)
            try AtomicFile.write(results.text, to: folder + "/" + FrontierResults.fileName)
        } catch { throw MartletError(any: error) }
    }

    /// Writes what follows from results.
    ///
    /// - Parameter records: folders whose records have the answers.
    func write(
        _ report: FrontierReport, of results: FrontierResults, records: [String]
    ) throws(MartletError) {
        let page = results.page(
            report, heatMaps: Self.heatMaps(results.plan, report),
            transcripts: FrontierTranscripts.read(
                report, from: records.map { $0 + "/" + Self.records }))
        do {
            try AtomicFile.write(
                report.json.serialized(indentation: 2), to: folder + "/frontier.json")
            try AtomicFile.write([UInt8](report.csv.utf8), to: folder + "/frontier.csv")
            try AtomicFile.write([UInt8](page.html.utf8), to: folder + "/frontier.html")
        } catch { throw MartletError(any: error) }
    }

    /// What retrofitted models keep in each layer and head, as far as their folders are here and say so.
    private static func heatMaps(
        _ plan: FrontierPlan, _ report: FrontierReport
    ) -> [(title: String, svg: String)] {
        var maps: [(title: String, svg: String)] = []
        for retrofit in plan.compressed.sorted(by: { $0.ratio < $1.ratio })
        where report.series.contains(where: { $0.method == retrofit.method }) {
            for name in retrofit.models {
                guard let folder = (try? ModelSource(name))?.path,
                    let data = FileManager.default.contents(atPath: folder + "/ratios.svg")
                else { continue }
                maps.append(
                    (
                        "\(name), CR \(retrofit.ratio.formatted())",
                        String(decoding: data, as: UTF8.self)
                    ))
            }
        }
        return maps
    }

    /// Says on standard output what a report comes to.
    static func print(_ report: FrontierReport, json: Bool) {
        if let note = report.missingNote { StandardStreams.note("left out: \(note)") }
        if json {
            StandardStreams.write(report.json.serialized() + [UInt8(ascii: "\n")])
        } else {
            StandardStreams.write(text(report))
        }
    }

    private static func text(_ report: FrontierReport) -> String {
        let pairs = report.pairs.map { pair in
            let suffix = pair.withDense ? " + dense" : ""
            return (pair, pair.method + suffix, pair.over + suffix)
        }
        let names = pairs.flatMap { [$0.1.count, $0.2.count] }.max() ?? 0
        let widths = [max(10, names), max(10, names)] + report.costs.map { _ in 24 }
        var text = Columns.row(["method", "over"] + report.costs.map(\.title), widths: widths)
        for (pair, method, over) in pairs {
            let cells = report.costs.map { cost in
                guard
                    let result = report.comparison(
                        of: pair.method, over: pair.over, withDense: pair.withDense, cost)
                else { return "–" }
                func points(_ value: Double) -> String { String(format: "%+.1f", 100 * value) }
                return
                    "\(points(result.improvement)) [\(points(result.interval.lowerBound)), \(points(result.interval.upperBound))]"
            }
            text += Columns.row([method, over] + cells, widths: widths)
        }
        return text
    }
}
