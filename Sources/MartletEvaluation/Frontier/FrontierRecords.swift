/// The file of a sweep: one JSON object a line, only ever appended to, so that a killed sweep goes on where it was
/// and every figure can be traced to the text that made it.

import Foundation
public import Martlet
import MartletFormats

/// Reads and appends the records of a sweep.
///
/// The first line says what was measured; then a line for each problem of each configuration as it is answered, and
/// one with its seconds when a configuration is complete.
public final class FrontierRecords {
    private let path: String
    private let handle: FileHandle
    /// Scores and costs by configuration and problem.
    private var known: [String: [Int: Known]] = [:]
    /// Seconds, and the problems that they were spent on.
    private var times: [String: (seconds: Double, problems: Int)] = [:]

    /// What is kept in memory of a problem.
    private struct Known {
        let score: Double
        let kvReads: Double
        let peakTokens: Double
        let bytes: Double
    }

    /// Opens a sweep's file, or begins it.
    ///
    /// Throws `alreadyExists` when the file is of another sweep, `malformedFile` for a line that is no record, but
    /// for the last, which a killed process may have cut short, `unreadableFile` when the system refuses.
    public init(path: String, header: [(key: String, value: String)]) throws(MartletError) {
        self.path = path
        let wanted = JSONObject(
            [.init(key: "sweep", value: .integer(1))]
                + header.map { .init(key: $0.key, value: .string($0.value)) })
        var lines: [JSONObject] = []
        let data = FileManager.default.contents(atPath: path) ?? Data()
        var kept = 0
        var number = 0
        var rest = data[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            number += 1
            guard let value = try? JSONValue.parse([UInt8](rest[rest.startIndex..<end])),
                let object = value.objectValue
            else {
                throw MartletError(
                    code: .malformedFile, subject: path,
                    message: "\(path): line \(number) is not a JSON object; repair or remove it")
            }
            lines.append(object)
            kept = end + 1 - data.startIndex
            rest = data[(end + 1)...]
        }
        if let first = lines.first, first != wanted {
            let differs = wanted.members.first { first[$0.key] != $0.value }?.key ?? "its keys"
            throw MartletError(
                code: .alreadyExists, subject: path,
                message:
                    "\(path) holds another sweep (\(differs) differs); name another folder, or repeat "
                    + "that sweep's options")
        }
        do {
            if lines.isEmpty || kept < data.count {
                var bytes = [UInt8](data.prefix(kept))
                if lines.isEmpty { bytes = JSONValue.object(wanted).serialized() + [10] }
                try AtomicFile.write(bytes, to: path)
            }
        } catch { throw MartletError(any: error) }
        guard let handle = FileHandle(forWritingAtPath: path) else {
            throw MartletError(
                code: .unreadableFile, subject: path,
                message: "\(path): cannot write this file; check its permissions")
        }
        self.handle = handle
        handle.seekToEndOfFile()
        for line in lines.dropFirst() { take(line) }
    }

    deinit { try? handle.close() }

    private func take(_ line: JSONObject) {
        guard let id = line["configuration"]?.stringValue else { return }
        if let seconds = line["seconds"]?.doubleValue, let problems = line["problems"]?.intValue {
            addTime(seconds, problems, id)
            return
        }
        guard let index = line["index"]?.intValue, let score = line["score"]?.doubleValue,
            let reads = line["kvReads"]?.doubleValue, let peak = line["peakTokens"]?.doubleValue,
            let bytes = line["bytes"]?.doubleValue
        else { return }
        known[id, default: [:]][index] = Known(
            score: score, kvReads: reads, peakTokens: peak, bytes: bytes)
    }

    private func addTime(_ seconds: Double, _ problems: Int, _ id: String) {
        let old = times[id] ?? (0, 0)
        times[id] = (old.seconds + seconds, old.problems + problems)
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
        let chains = result.chains.map { chain -> JSONValue in
            [
                "text": .string(chain.text), "answer": chain.answer.map { .string($0) } ?? .null,
                "score": .number(chain.score), "tokens": .integer(chain.tokens),
                "kvReads": .number(chain.kvReads), "peakTokens": .number(chain.peakTokens),
                "finishReason": .string(chain.finishReason.rawValue),
            ]
        }
        try append([
            "configuration": .string(id), "index": .integer(result.index),
            "task": .string(result.sample.task), "prompt": .string(result.sample.prompt),
            "reference": .string(result.sample.answer),
            "answer": result.answer.map { .string($0) } ?? .null, "score": .number(result.score),
            "tokens": .integer(result.tokens), "kvReads": .number(result.kvReads),
            "peakTokens": .number(result.peakTokens), "bytes": .integer(result.bytes),
            "seed": .string("\(result.seed)"), "chains": .array(chains),
        ])
        known[id, default: [:]][result.index] = Known(
            score: result.score, kvReads: result.kvReads, peakTokens: result.peakTokens,
            bytes: Double(result.bytes))
    }

    /// Adds the seconds that so many problems of a configuration took together.
    func append(
        seconds: Double, problems: Int, _ configuration: FrontierConfiguration
    ) throws(MartletError) {
        let id = Self.id(configuration)
        try append([
            "configuration": .string(id), "seconds": .number(seconds),
            "problems": .integer(problems),
        ])
        addTime(seconds, problems, id)
    }

    private func append(_ line: JSONValue) throws(MartletError) {
        do { try handle.write(contentsOf: Data(line.serialized() + [UInt8(ascii: "\n")])) } catch {
            throw MartletError(
                code: .unreadableFile, subject: path,
                message: "\(path): cannot write: \(error.localizedDescription); check the disk")
        }
    }

    /// A complete configuration's point; nil while problems are missing.
    func point(_ configuration: FrontierConfiguration, of count: Int) -> FrontierPoint? {
        guard isComplete(configuration, of: count), count > 0,
            let done = known[Self.id(configuration)], let time = times[Self.id(configuration)]
        else { return nil }
        let records = (0..<count).compactMap { done[$0] }
        func mean(_ value: (Known) -> Double) -> Double {
            records.reduce(0) { $0 + value($1) } / Double(count)
        }
        return FrontierPoint(
            configuration, scores: records.map(\.score),
            costs: [
                .kvReads: mean(\.kvReads), .peakTokens: mean(\.peakTokens), .bytes: mean(\.bytes),
                .seconds: time.seconds / Double(max(1, time.problems)),
            ])
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
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        for line in data.split(separator: UInt8(ascii: "\n")) {
            guard let object = (try? JSONValue.parse([UInt8](line)))?.objectValue,
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
