// The log of a run: one JSON object a line, only ever appended to.

import Foundation
public import MartletFormats

/// Appends lines, each in one write, so that a killed run loses at most the last.
struct MetricsLog: ~Copyable {
    private let handle: FileHandle
    private let path: String

    init(path: String) throws(TrainingError) {
        self.path = path
        if !FileManager.default.fileExists(atPath: path) {
            guard FileManager.default.createFile(atPath: path, contents: nil) else {
                throw .format(
                    .inputOutput(path: path, operation: "create", reason: "the system refused"))
            }
        }
        guard let handle = FileHandle(forWritingAtPath: path) else {
            throw .format(.inputOutput(path: path, operation: "open", reason: "the system refused"))
        }
        self.handle = handle
        handle.seekToEndOfFile()
    }

    deinit { try? handle.close() }

    func append(_ value: JSONValue) throws(TrainingError) {
        do { try handle.write(contentsOf: Data(value.serialized() + [UInt8(ascii: "\n")])) } catch {
            throw .format(.inputOutput(path: path, operation: "write", reason: "\(error)"))
        }
    }

    /// Removes lines of steps that a resumed run will do again, and a line cut short.
    static func cut(_ path: String, after step: Int) throws(TrainingError) {
        guard let data = FileManager.default.contents(atPath: path) else { return }
        var kept: [UInt8] = []
        for line in data.split(separator: UInt8(ascii: "\n")) {
            let bytes = [UInt8](line)
            guard let value = try? JSONValue.parse(bytes), let object = value.objectValue,
                let number = object["step"]?.intValue, number <= step
            else { continue }
            kept += bytes + [UInt8(ascii: "\n")]
        }
        guard kept.count != data.count else { return }
        do { try AtomicFile.write(kept, to: path) } catch {
            throw .format(.inputOutput(path: path, operation: "write", reason: "\(error)"))
        }
    }
}

extension TrainingProgress {
    /// The line of the log, and of `--json`.
    public var json: JSONValue {
        func rounded(_ value: Double, _ digits: Double) -> JSONValue {
            value.isFinite ? .number((value * digits).rounded() / digits) : .null
        }
        var members: [(String, JSONValue)] = [
            ("step", .integer(report.step)), ("loss", .number(report.loss)),
            ("tokensPerSecond", rounded(tokensPerSecond, 10)),
            ("referenceSeconds", rounded(report.referenceSeconds, 1000)),
            ("learningRate", .number(report.learningRate)),
            ("gradientNorm", rounded(report.gradientNorm, 1e6)),
            ("secondsLeft", rounded(secondsLeft, 10)),
        ]
        members += report.metrics.map { ($0.name, .number($0.value)) }
        return .object(JSONObject(members.map { .init(key: $0.0, value: $0.1) }))
    }
}
