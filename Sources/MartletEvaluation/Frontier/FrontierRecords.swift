/// The file of a sweep: the measured problems of each configuration, and which are missing.

import Foundation
public import Martlet
import MartletFormats

/// Reads and appends the records of a sweep.
///
/// The first line says what was measured; then a line for each problem of each configuration as it is answered, and
/// one with its seconds when a configuration is complete.
public final class FrontierRecords {
    private let path: String
    private let records: RunRecords
    /// Scores and costs by configuration and problem.
    private var known: [String: [Int: Known]]
    private var times: Times

    /// Seconds, and the problems that they were spent on, by configuration.
    private typealias Times = [String: (seconds: Double, problems: Int)]

    /// What is kept in memory of a problem.
    private struct Known {
        let task: String
        let score: Double
        let tokens: Double
        let kvReads: Double
        /// Nil in records of versions that did not count them.
        let bytesMoved: Double?
        let peakTokens: Double
        let bytes: Double
    }

    /// Opens a sweep's file, or begins it. Throws what ``RunRecords`` throws.
    public init(path: String, header: RunHeader) throws(MartletError) {
        self.path = path
        var (known, times): ([String: [Int: Known]], Times) = ([:], [:])
        records = try RunRecords(path, header) { Self.take($0, &known, &times) }
        (self.known, self.times) = (known, times)
    }

    private static func take(
        _ line: JSONObject, _ known: inout [String: [Int: Known]], _ times: inout Times
    ) {
        guard let id = line["configuration"]?.stringValue else { return }
        let costs = RunRecords.costs
        if let seconds = line["seconds"]?.doubleValue, let problems = line["problems"]?.intValue {
            guard costs.contains(seconds), (0...1_000_000_000).contains(problems) else { return }
            add(seconds, problems, to: &times[id, default: (0, 0)])
            return
        }
        guard let index = line["index"]?.intValue, let task = line["task"]?.stringValue,
            let score = line["score"]?.doubleValue,
            let tokens = line["tokens"]?.doubleValue,
            let reads = line["kvReads"]?.doubleValue, let peak = line["peakTokens"]?.doubleValue,
            let bytes = line["bytes"]?.doubleValue, (0...1).contains(score),
            [tokens, reads, peak, bytes].allSatisfy({ costs.contains($0) }),
            let moved = RunRecords.cost("bytesMoved", of: line)
        else { return }
        known[id, default: [:]][index] = Known(
            task: task, score: score, tokens: tokens, kvReads: reads, bytesMoved: moved,
            peakTokens: peak, bytes: bytes)
    }

    private static func add(
        _ seconds: Double, _ problems: Int, to time: inout (seconds: Double, problems: Int)
    ) {
        time = (time.seconds + seconds, time.problems + problems)
    }

    /// Names a configuration in the file.
    static func id(_ configuration: FrontierConfiguration) -> String {
        "\(configuration.method) \(configuration.label) \(configuration.model) \(configuration.policy)"
    }

    /// Problems of a configuration that have no record yet.
    func missing(_ configuration: FrontierConfiguration, of count: Int) -> [Int] {
        let done = known[Self.id(configuration)] ?? [:]
        return (0..<count).filter { done[$0] == nil }
    }

    /// Whether a configuration's time was recorded.
    func isComplete(_ configuration: FrontierConfiguration, of count: Int) -> Bool {
        times[Self.id(configuration)] != nil && missing(configuration, of: count).isEmpty
    }

    /// Adds a problem's record.
    func append(_ result: SampleResult, _ configuration: FrontierConfiguration) throws(MartletError)
    {
        let id = Self.id(configuration)
        let name = JSONObject.Member(key: "configuration", value: .string(id))
        try records.append(.object(JSONObject([name] + result.record.members)))
        known[id, default: [:]][result.index] = Known(
            task: result.sample.task, score: result.score, tokens: Double(result.tokens),
            kvReads: result.kvReads, bytesMoved: result.bytesMoved.map(Double.init),
            peakTokens: result.peakTokens, bytes: Double(result.bytes))
    }

    /// Adds the seconds that some problems of a configuration took together.
    func append(
        seconds: Double, problems: Int, _ configuration: FrontierConfiguration
    ) throws(MartletError) {
        let id = Self.id(configuration)
        try records.append([
            "configuration": .string(id), "seconds": .number(seconds),
            "problems": .integer(problems),
        ])
        Self.add(seconds, problems, to: &times[id, default: (0, 0)])
    }

    /// A complete configuration's point; nil while problems are missing.
    func point(
        _ configuration: FrontierConfiguration, of count: Int, _ arithmetic: FlopCount?
    ) -> FrontierPoint? {
        guard isComplete(configuration, of: count), count > 0,
            let done = known[Self.id(configuration)], let time = times[Self.id(configuration)]
        else { return nil }
        let records = (0..<count).compactMap { done[$0] }
        func mean(_ value: (Known) -> Double) -> Double {
            records.reduce(0) { $0 + value($1) } / Double(count)
        }
        var costs: [FrontierCost: Double] = [
            .kvReads: mean(\.kvReads), .peakTokens: mean(\.peakTokens), .bytes: mean(\.bytes),
            .seconds: time.seconds / Double(max(1, time.problems)),
        ]
        let moved = records.compactMap(\.bytesMoved)
        if moved.count == count { costs[.bytesMoved] = moved.reduce(0, +) / Double(count) }
        if let arithmetic {
            let sum = records.enumerated().reduce(0) { sum, each in
                sum
                    + arithmetic.flops(
                        problem: each.offset, tokens: each.element.tokens,
                        reads: each.element.kvReads)
            }
            costs[.flops] = sum / Double(count)
        }
        return FrontierPoint(
            configuration, scores: records.map(\.score), tasks: records.map(\.task),
            promptTokens: arithmetic?.meanPrompt, tokens: mean(\.tokens), costs: costs)
    }

    /// A few problems with what configurations of every method wrote, read back from the file: the longest and widest
    /// of the highest compression that each method has.
    public func transcripts(of report: FrontierReport, count: Int = 6) -> [FrontierPage.Transcript]
    {
        let chosen = report.series.compactMap { series in
            series.points.max {
                let (a, b) = ($0.configuration, $1.configuration)
                return (a.ratio, a.length, a.width) < (b.ratio, b.length, b.width)
            }?.configuration
        }
        let titles = Dictionary(
            chosen.map { (Self.id($0), "\($0.method) \($0.label)") },
            uniquingKeysWith: { a, _ in a })
        var texts: [Int: [String: (text: String, score: Double)]] = [:]
        var problems: [Int: (prompt: String, reference: String)] = [:]
        guard let lines = try? JSONLinesFile.read(path).objects else { return [] }
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
        return problems.sorted { $0.key < $1.key }.map { index, problem in
            FrontierPage.Transcript(
                prompt: problem.prompt, reference: problem.reference,
                texts: chosen.compactMap { configuration in
                    let id = Self.id(configuration)
                    return texts[index]?[id].map { (titles[id] ?? "", $0.text, $0.score) }
                })
        }
    }
}
