// The log of a run: one JSON object a line, only ever appended to.

public import MartletFormats

enum MetricsLog {
    /// Opens a run's log, without the lines of steps that a resumed run will do again, and without one cut short.
    static func open(_ path: String, after step: Int) throws(FormatError) -> JSONLinesFile {
        let (objects, complete, bytes) = try JSONLinesFile.read(path)
        let kept = objects.filter { ($0["step"]?.intValue ?? .max) <= step }
        if kept.count < objects.count || complete < bytes {
            try JSONLinesFile.replace(path, with: kept)
        }
        return try JSONLinesFile(path, continuing: true)
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
            ("products", .string(products.rawValue)),
        ]
        members += report.metrics.map { ($0.name, .number($0.value)) }
        return .object(JSONObject(members.map { .init(key: $0.0, value: $0.1) }))
    }
}
