/// Answers side by side, read back from the records of a sweep.

import Martlet
import MartletFormats

/// Finds what configurations wrote; knows no figures.
public enum FrontierTranscripts {
    /// A few problems with what configurations of every method wrote: the longest and widest of the highest compression
    /// that each method has.
    ///
    /// - Parameters:
    ///   - report: says which configurations.
    ///   - paths: files of records; those that are not there are left out.
    ///   - count: problems.
    public static func read(
        _ report: FrontierReport, from paths: [String], count: Int = 6
    ) -> [FrontierPage.Transcript] {
        let chosen = report.series.filter { $0.codec != nil }.compactMap {
            series in
            series.points.max {
                let (a, b) = ($0.configuration, $1.configuration)
                return (a.ratio, a.length, a.width) < (b.ratio, b.length, b.width)
            }?.configuration
        }
        let titles = Dictionary(
            chosen.map { (FrontierRecords.id($0), "\($0.method) \($0.label) \($0.codec)") },
            uniquingKeysWith: { a, _ in a })
        var texts: [Int: [String: (text: String, score: Double)]] = [:]
        var problems: [Int: (prompt: String, reference: String)] = [:]
        for path in paths {
            guard let lines = try? JSONLinesFile.read(path).objects else { continue }
            for object in lines {
                guard
                    let id = object["configuration"]?.stringValue, titles[id] != nil,
                    let index = object["index"]?.intValue, index < count,
                    let chain = object["chains"]?.arrayValue?.first?.objectValue
                else { continue }
                problems[index] = (
                    object["prompt"]?.stringValue ?? "", object["reference"]?.stringValue ?? ""
                )
                texts[index, default: [:]][id] = (
                    chain["text"]?.stringValue ?? "", chain["score"]?.doubleValue ?? 0
                )
            }
        }
        return problems.sorted { $0.key < $1.key }.map { index, problem in
            FrontierPage.Transcript(
                prompt: problem.prompt, reference: problem.reference,
                texts: chosen.compactMap { configuration in
                    let id = FrontierRecords.id(configuration)
                    return texts[index]?[id].map { (titles[id] ?? "", $0.text, $0.score) }
                })
        }
    }
}
