/// The results of a sweep as lines of JSON, and back: a header, a line for each configuration, a digest of both.

import Foundation
package import Martlet
import MartletFormats

extension FrontierResults {
    private static let kind = "frontier-results"
    private static let format = 1

    /// The file. The last line is the SHA-256 of all before it.
    package var text: [UInt8] {
        var header = facts.members.filter { $0.key != "run" }
        header.insert(.init(key: "run", value: .string(Self.kind)), at: 0)
        header += [
            .init(key: "format", value: .integer(Self.format)),
            .init(key: "plan", value: plan.json),
            .init(key: "promptBound", value: .integer(promptBound)),
            .init(key: "shard", value: shard.map { .string("\($0)") } ?? .null),
            .init(key: "sharesProblems", value: .bool(sharesProblems)),
            .init(key: "kinds", value: .array(kinds.map { .string($0) })),
            .init(key: "kindOf", value: .string(ResultColumn.digits(of: kindOf))),
            .init(
                key: "facts",
                value: .array(
                    models.map {
                        [
                            "model": .string($0.model), "flopsPerToken": .number($0.perToken),
                            "flopsPerRead": .number($0.perRead),
                            "movedByStep": $0.movedByStep.map { .number($0) } ?? .null,
                            "movedByRead": $0.movedByRead.map { .number($0) } ?? .null,
                            "promptTokens": $0.prompts.json,
                        ]
                    })),
        ]
        var bytes = JSONValue.object(JSONObject(header)).serialized() + [Self.lineBreak]
        for row in rows { bytes += Self.json(row).serialized() + [Self.lineBreak] }
        let digest: JSONValue = ["digest": .string(FileDigest.sha256(bytes))]
        return bytes + digest.serialized() + [Self.lineBreak]
    }

    private static let lineBreak = UInt8(ascii: "\n")

    private static func json(_ row: Row) -> JSONValue {
        let c = row.configuration
        return [
            "place": .integer(row.place), "method": .string(c.method), "model": .string(c.model),
            "policy": .string(c.policy), "codec": .string(c.codec),
            "storage": .string(row.storage), "length": .integer(c.length),
            "width": .integer(c.width), "ratio": .number(c.ratio),
            "phase": .string(c.phase.rawValue), "seconds": .number(row.seconds),
            "timedProblems": .integer(row.timedProblems),
            "scores": ScoreColumn(row.scores).json, "tokens": row.tokens.json,
            "kvReads": row.kvReads.json, "bytesMoved": row.bytesMoved?.json ?? .null,
            "peakTokens": row.peakTokens.json, "bytes": row.bytes.json,
            "denseReads": row.denseReads?.json ?? .null,
            "denseTokens": row.denseTokens?.json ?? .null,
        ]
    }

    /// Reads the file in a sweep's folder.
    ///
    /// Throws `fileNotFound`, `unreadableFile`, or `malformedFile` for one that was changed or cut short.
    package init(folder: String) throws(MartletError) {
        let path = folder + "/" + Self.fileName
        guard FileSystem.kind(of: path) != .nothing else {
            throw MartletError(
                code: .fileNotFound, subject: path,
                message:
                    "\(path) is not there; name the folder of a finished sweep (martlet frontier --out FOLDER)"
            )
        }
        do { try self.init(path: path) } catch { throw MartletError(any: error) }
    }

    /// Reads a file. Throws `FormatError`.
    init(path: String) throws(FormatError) {
        func wrong(_ part: String, _ got: String, _ expected: String) -> FormatError {
            .malformedFile(file: path, part: part, got: got, expected: expected)
        }
        let (objects, complete, size) = try JSONLinesFile.read(path)
        guard complete == size, let header = objects.first, objects.count >= 2,
            let digest = objects.last?["digest"]?.stringValue
        else { throw wrong("last line", "no digest", "the digest of a whole file; copy it again") }
        // All but the last line, whose own break is the last byte.
        let bytes = [UInt8](FileManager.default.contents(atPath: path) ?? Data())
        let end = bytes.dropLast().lastIndex(of: Self.lineBreak).map { $0 + 1 } ?? 0
        guard bytes.count == size, FileDigest.sha256(Array(bytes[..<end])) == digest else {
            throw wrong("digest", "another one", "that of the lines before it; copy the file again")
        }
        guard header["run"]?.stringValue == Self.kind, header["format"]?.intValue == Self.format,
            let plan = FrontierPlan(json: header["plan"]),
            let promptBound = header["promptBound"]?.intValue, (0...1 << 40).contains(promptBound),
            let sharesProblems = header["sharesProblems"]?.boolValue,
            let kinds = header["kinds"]?.arrayValue?.compactMap(\.stringValue),
            let kindOf = header["kindOf"]?.stringValue.flatMap({
                ResultColumn.levels($0, count: plan.problemCount)
            }), kindOf.allSatisfy({ Int($0) < kinds.count }),
            let facts = header["facts"]?.arrayValue
        else { throw wrong("line 1", "another header", "that of a sweep's results, format 1") }
        let shardText = header["shard"]?.stringValue
        let shard = shardText.flatMap { FrontierShard($0) }
        guard (shardText == nil) == (shard == nil) else {
            throw wrong("line 1, shard", shardText ?? "", "a part such as 2/8")
        }
        var models: [ModelFacts] = []
        for each in facts {
            guard let each = each.objectValue, let name = each["model"]?.stringValue,
                let perToken = each["flopsPerToken"]?.doubleValue,
                let perRead = each["flopsPerRead"]?.doubleValue,
                RunRecords.costs.contains(perToken), RunRecords.costs.contains(perRead),
                let prompts = ResultColumn(json: each["promptTokens"], count: plan.problemCount)
            else { throw wrong("line 1, facts", "something else", "the arithmetic of each model") }
            let moved = ["movedByStep", "movedByRead"].map { each[$0]?.doubleValue }
            guard moved.allSatisfy({ $0.map(RunRecords.costs.contains) ?? true }) else {
                throw wrong(
                    "line 1, facts", "a cost that cannot be", "the arithmetic of each model")
            }
            models.append(
                ModelFacts(
                    model: name, perToken: perToken, perRead: perRead, movedByStep: moved[0],
                    movedByRead: moved[1], prompts: prompts))
        }
        let known = plan.configurations(promptTokens: promptBound)
        var rows: [Row] = []
        for (index, object) in objects.dropFirst().dropLast().enumerated() {
            guard let row = Self.row(object, plan.problemCount), known.indices.contains(row.place),
                row.place > rows.last?.place ?? -1, row.configuration == known[row.place]
            else {
                throw wrong(
                    "line \(index + 2)", "something else",
                    "the results of a configuration of the plan, in its order")
            }
            rows.append(row)
        }
        let own: Set<String> = [
            "format", "plan", "promptBound", "shard", "sharesProblems", "kinds", "kindOf", "facts",
            "run",
        ]
        self.init(
            facts: JSONObject(header.members.filter { !own.contains($0.key) }), plan: plan,
            promptBound: promptBound, shard: shard, sharesProblems: sharesProblems, kinds: kinds,
            kindOf: kindOf, models: models, rows: rows)
    }

    private static func row(_ object: JSONObject, _ count: Int) -> Row? {
        func column(_ key: String) -> ResultColumn? {
            ResultColumn(json: object[key], count: count)
        }
        guard let place = object["place"]?.intValue, let method = object["method"]?.stringValue,
            let model = object["model"]?.stringValue, let policy = object["policy"]?.stringValue,
            let codec = object["codec"]?.stringValue, let storage = object["storage"]?.stringValue,
            let length = object["length"]?.intValue, let width = object["width"]?.intValue,
            let ratio = object["ratio"]?.doubleValue,
            let phase = object["phase"]?.stringValue.flatMap(CompressionPhase.init),
            let seconds = object["seconds"]?.doubleValue, RunRecords.costs.contains(seconds),
            let timed = object["timedProblems"]?.intValue, (0...1 << 40).contains(timed),
            let scores = ScoreColumn(json: object["scores"], count: count),
            let tokens = column("tokens"), let reads = column("kvReads"),
            let peak = column("peakTokens"), let bytes = column("bytes")
        else { return nil }
        let optional = ["bytesMoved", "denseReads", "denseTokens"]
        guard optional.allSatisfy({ (object[$0] ?? .null) == .null || column($0) != nil }) else {
            return nil
        }
        return Row(
            place: place,
            configuration: FrontierConfiguration(
                method: method, model: model, policy: policy, length: length, width: width,
                ratio: ratio, phase: phase, codec: codec),
            storage: storage, seconds: seconds, timedProblems: timed, scores: scores.scores,
            tokens: tokens, kvReads: reads, bytesMoved: column("bytesMoved"), peakTokens: peak,
            bytes: bytes, denseReads: column("denseReads"), denseTokens: column("denseTokens"))
    }
}
