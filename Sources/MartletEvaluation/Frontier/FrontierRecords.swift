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
    /// What the file says of itself.
    let header: JSONObject
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
        /// Nil where the chains are not known.
        let lengths: ChainLengths?
    }

    /// Opens a sweep's file, or begins it. Throws what ``RunRecords`` throws.
    public init(path: String, header: RunHeader) throws(MartletError) {
        self.path = path
        self.header = header.json
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
            peakTokens: peak, bytes: bytes, lengths: lengths(of: line))
    }

    private static func lengths(of line: JSONObject) -> ChainLengths? {
        guard let chains = line["chains"]?.arrayValue else { return nil }
        let tokens = chains.compactMap { $0.objectValue?["tokens"]?.intValue }
        guard tokens.count == chains.count,
            tokens.allSatisfy({ (0...1_000_000_000_000).contains($0) })
        else { return nil }
        return ChainLengths(tokens)
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

    /// Adds a problem's record, whose score is what the sweep makes of its chains.
    func append(
        _ result: SampleResult, score: Double, _ configuration: FrontierConfiguration
    ) throws(MartletError) {
        let id = Self.id(configuration)
        let name = JSONObject.Member(key: "configuration", value: .string(id))
        let record = result.record.setting("score", to: .number(score))
        try records.append(.object(JSONObject([name] + record.members)))
        known[id, default: [:]][result.index] = Known(
            task: result.sample.task, score: score, tokens: Double(result.tokens),
            kvReads: result.kvReads, bytesMoved: result.bytesMoved.map(Double.init),
            peakTokens: result.peakTokens, bytes: Double(result.bytes),
            lengths: ChainLengths(result.chains.map(\.tokens)))
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

    /// A complete configuration's results; nil while problems are missing.
    ///
    /// - Parameters:
    ///   - place: its place in the plan.
    ///   - prompts: tokens of each problem's prompt.
    func row(
        _ configuration: FrontierConfiguration, place: Int, storage: String, prompts: [Int]
    ) -> FrontierResults.Row? {
        guard isComplete(configuration, of: prompts.count), !prompts.isEmpty,
            let done = known[Self.id(configuration)], let time = times[Self.id(configuration)]
        else { return nil }
        let records = prompts.indices.compactMap { done[$0] }
        func column(_ value: (Known) -> Double) -> ResultColumn {
            ResultColumn(records.map(value))
        }
        let moved = records.compactMap(\.bytesMoved)
        let lengths = records.compactMap(\.lengths)
        let knowsLengths = lengths.count == records.count
        let pairs = zip(lengths, prompts.map(Double.init))
        return FrontierResults.Row(
            place: place, configuration: configuration, storage: storage, seconds: time.seconds,
            timedProblems: time.problems, scores: ScoreColumn(records.map(\.score)).scores,
            tokens: column(\.tokens), kvReads: column(\.kvReads),
            bytesMoved: moved.count == records.count ? ResultColumn(moved) : nil,
            peakTokens: column(\.peakTokens), bytes: column(\.bytes),
            denseReads: knowsLengths
                ? ResultColumn(pairs.map { $0.denseReads(prompt: $1) }) : nil,
            denseTokens: knowsLengths
                ? ResultColumn(pairs.map { $0.denseTokens(prompt: $1) }) : nil)
    }
}

/// How long the chains of a problem became: enough to say what a dense cache would have cost.
private struct ChainLengths {
    /// Chains that wrote anything.
    private var count = 0.0
    private var sum = 0.0
    private var squares = 0.0

    init(_ tokens: [Int]) {
        for each in tokens.map(Double.init) where each > 0 {
            count += 1
            sum += each
            squares += each * each
        }
    }

    /// The chosen token that comes last is never attended to.
    func denseTokens(prompt: Double) -> Double { count * prompt + sum - count }

    /// The first token comes of the prompt; the i-th after it attends to the prompt, to those before it and to itself.
    func denseReads(prompt: Double) -> Double {
        prompt * (sum - count) + (squares - sum) / 2
    }
}
