/// Results: what is kept is what was measured, nothing else is read, and parts make the whole.

import Foundation
import Martlet
import MartletFormats
import Testing

@testable import MartletEvaluation

@Suite struct FrontierResultsTests {
    private static func plan() throws -> FrontierPlan {
        var plan = FrontierPlan()
        plan.task = "mixture(copy(length=8..12), recall)"
        plan.compressed = [
            .init(method: "dms", ratio: 4, models: ["builtin-cr4", "builtin-cr8"])
        ]
        plan.methods = try ["tova", "dms"].map(FrontierMethod.init)
        plan.ratios = [1, 4]
        plan.codecs = ["f32", "q4"]
        plan.lengths = [6]
        plan.widths = [1, 2]
        plan.samples = 3
        plan.seeds = [3, 1]
        plan.scoring = .any
        plan.budgets = [.bytes: 1e3...1e6]
        return plan
    }

    private static func header() -> RunHeader {
        RunHeader(
            run: "frontier", models: [], settings: [("task", "copy"), ("weights", "as stored")],
            command: "martlet frontier --shard 2/3 --out 'a b'")
    }

    private static func withFolder<Result>(
        _ body: (String) async throws -> Result
    ) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "results-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try await body(folder)
    }

    /// The sweep's results, and those of its parts with the same records.
    private static func measure(parts: Int = 0) async throws -> [FrontierResults] {
        var options = ModelOptions()
        options.threads = 1
        return try await withFolder { folder in
            let records = try FrontierRecords(path: folder + "/records.jsonl", header: header())
            var loads = 0
            var last: String?
            var all = [
                try await FrontierSweep(plan()).run(options, records: records) {
                    if $0.configuration.model != last { loads += 1 }
                    last = $0.configuration.model
                    #expect((0...1).contains($0.doneShare))
                }
            ]
            // Each model comes once, whatever the order of methods.
            #expect(loads == 3)
            for number in 1..<parts + 1 {
                let shard = try #require(FrontierShard(number: number, of: parts))
                let sweep = try FrontierSweep(plan(), shard: shard)
                all.append(
                    try await sweep.run(options, records: records) { _ in
                        Issue.record("measured again")
                    })
            }
            return all
        }
    }

    private static func read(_ bytes: [UInt8]) async throws -> FrontierResults {
        try await withFolder { folder in
            try Data(bytes).write(to: URL(filePath: folder + "/" + FrontierResults.fileName))
            return try FrontierResults(folder: folder)
        }
    }

    /// What is written reads back as itself; the report of the one is the report of the other, to the last digit.
    @Test func theFileIsTheResults() async throws {
        let results = try await Self.measure()[0]
        let again = try await Self.read(results.text)
        #expect(again == results && again.text == results.text)
        let (one, other) = (results.report(draws: 20), again.report(draws: 20))
        #expect(one.json.serialized() == other.json.serialized())
        #expect(one.csv == other.csv)
        #expect(results.page(one).html == again.page(other).html)
        // dense, tova and dms with two codecs and widths, the two models of dms as one point.
        #expect(results.rows.count == 16 && results.points.count == 12)
        #expect(results.points.map(\.replicas.count).max() == 2)
        for point in results.points {
            #expect(point.scores.count == 6)
            #expect(Set(point.tasks).count == 2)
            let held = try #require(point.measured.held)
            let read = try #require(point.measured.read)
            if point.configuration.method == FrontierMethod.reference {
                #expect(held == 1 && read == 1)
            }
            #expect(held > 0.99 && read > 0.99)
        }
        // A codec moves bytes, not tokens.
        func dense(_ codec: String) throws -> FrontierPoint {
            try #require(results.points.first { $0.configuration.codec == codec })
        }
        let (plain, small) = (try dense("f32"), try dense("q4"))
        #expect(small.configuration.policy == plain.configuration.policy + " + kv(q4)")
        #expect(try #require(small.costs[.bytes]) < #require(plain.costs[.bytes]))
        #expect(
            one.comparison(of: "tova", over: FrontierMethod.reference, .bytes)?.range.upperBound
                == 1e6)
        let pairs = one.pairs.map { "\($0.method)|\($0.over)|\($0.withDense)" }
        #expect(
            pairs == [
                "tova|dense|false", "dms|dense|false", "dms|tova|false", "dms|tova|true",
                "tova f32|dense f32|false", "tova q4|dense q4|false", "dms f32|dense f32|false",
                "dms q4|dense q4|false", "dense q4|dense f32|false",
            ])
        #expect(one.safeRatios.count == 4)
        #expect(one.safeRatios.allSatisfy { $0.overall.verdict == .tooFew })
    }

    /// Cells of a law are the rows' problems, counted once each.
    @Test func rowsAreCellsOfLaws() async throws {
        let results = try await Self.measure()[0]
        #expect(results.scaledMethods == ["tova", "dms"] && results.codecs == ["f32", "q4"])
        let cells = results.observations(of: "dms", codec: "q4", width: 2, length: .prompt)
        // The dense cache and the two models of dms, for two kinds.
        #expect(cells.count == 6 && Set(cells.map(\.task)).count == 2)
        #expect(cells.map(\.problems).reduce(0, +) == 18)
        let tova = try #require(results.scaledMethods.first)
        let rows = results.rows.filter {
            $0.configuration.codec == "q4" && $0.configuration.width == 2
                && !$0.configuration.policy.hasPrefix(tova)
        }
        let right = rows.flatMap(\.scores).reduce(0, +)
        #expect(abs(cells.map(\.right).reduce(0, +) - right) < 1e-9)
        #expect(cells.count { $0.compression == 1 } >= 2)
        #expect(cells.allSatisfy { $0.size > 1e6 && $0.length > 8 })
        let chains = results.observations(of: "dms", codec: "q4", width: 2, length: .chain)
        #expect(chains.allSatisfy { $0.length == 6 })
        let laws = try FrontierLaws([results], width: 2, length: .prompt)
        #expect(laws.entries.map(\.method) == ["tova", "tova", "dms", "dms"])
        #expect(laws.entries.allSatisfy { $0.law.slopes[.compression] != nil })
        // The same sweep twice says no more than once.
        let twice = try FrontierLaws([results, results], width: 2, length: .prompt)
        #expect(
            twice.entries.map(\.observations.count) == laws.entries.map(\.observations.count))
        #expect(throws: MartletError.self) {
            try FrontierLaws([results], width: 3, length: .prompt)
        }
    }

    /// The Sparse Frontier's cost is that of the steps one by one.
    @Test func isoCostIsThatOfEachStep() async throws {
        let results = try await Self.measure()[0]
        let loaded = try LoadedModel("builtin", options: ModelOptions())
        let cost = SparseAttentionCost(loaded.model.shape)
        let row = try #require(results.rows.first)
        let point = try #require(results.points.first)
        #expect(
            row.configuration.width == 1 && row.configuration.method == FrontierMethod.reference)
        // One chain of n tokens reads n - 1 times; its mean length stands for each of them.
        let steps =
            cost.decode(
                length: row.kvReads.mean / row.tokens.mean, density: 1) * row.tokens.mean
        #expect(abs(try #require(point.costs[.isoCost]) / steps - 1) < 1e-12)
    }

    @Test func whatWasChangedOrCutIsRefused() async throws {
        let bytes = try await Self.measure()[0].text
        let text = String(decoding: bytes, as: UTF8.self)
        func refusal(_ text: String) async throws -> String {
            do {
                _ = try await Self.read(Array(text.utf8))
                return "read"
            } catch let error as MartletError { return "\(error.code): \(error.message)" }
        }
        #expect(try await refusal(text) == "read")
        let place = try #require(text.range(of: "\"digits\":\""))
        let digit = text[place.upperBound] == "0" ? "1" : "0"
        let changed = text.replacingCharacters(
            in: place.upperBound..<text.index(after: place.upperBound), with: digit)
        #expect(try await refusal(changed).contains("digest"))
        for share in [0.1, 0.5, 0.99] {
            let cut = String(text.prefix(Int(Double(text.count) * share)))
            #expect(try await refusal(cut) != "read")
        }
        // By somebody who knows how the digest is made.
        func forged(_ old: String, _ new: String) -> String {
            var lines = text.split(separator: "\n").dropLast().map { String($0) }
            for index in lines.indices {
                lines[index] = lines[index].replacingOccurrences(of: old, with: new)
            }
            let body = lines.joined(separator: "\n") + "\n"
            return body + "{\"digest\":\"\(FileDigest.sha256(Array(body.utf8)))\"}\n"
        }
        #expect(try await refusal(forged("\"x\"", "\"y\"")) == "read")
        for (old, new) in [
            ("\"place\":1,", "\"place\":0,"), ("\"unit\":1", "\"unit\":3"),
            ("\"width\":2", "\"width\":3"), ("\"samples\":3", "\"samples\":4"),
            ("\"codec\":\"q4\"", "\"codec\":\"q8\""), ("\"lengths\":[6]", "\"lengths\":[0]"),
            ("\"scoring\":\"any\"", "\"scoring\":\"best\""),
            ("\"seconds\":", "\"seconds\":-"), ("\"values\":[", "\"values\":[7,"),
        ] {
            let refused = try await refusal(forged(old, new))
            #expect(refused.hasPrefix("malformedFile"), "\(old) to \(new): \(refused)")
        }
    }

    // MARK: Parts

    @Test func partsMakeTheWhole() async throws {
        let all = try await Self.measure(parts: 3)
        let parts = all.dropFirst().enumerated().map { (name: "part-\($0 + 1)", results: $1) }
        #expect(parts.allSatisfy { !$0.results.rows.isEmpty })
        let merged = try FrontierResults.merged(parts.reversed())
        var whole = all[0]
        whole.facts = merged.facts
        #expect(merged.text == whole.text)
        #expect(merged.facts["command"]?.stringValue == "martlet frontier --out 'a b'")
        func refusal(_ parts: [(name: String, results: FrontierResults)]) -> String {
            do {
                _ = try FrontierResults.merged(parts)
                return "merged"
            } catch { return error.message }
        }
        #expect(refusal(parts) == "merged")
        #expect(refusal([]).contains("no folders"))
        let missing = refusal([parts[0], parts[2]])
        let first = try #require(parts[1].results.rows.first?.configuration.name)
        #expect(missing.contains("in no part: \(first)"), "\(missing)")
        let twice = refusal(parts + [parts[1]])
        #expect(twice.contains("part-2 and part-2 both have \(first)"), "\(twice)")
        var other = parts[1]
        other.name = "other"
        other.results.facts = other.results.facts.setting("weights", to: "q4")
        #expect(refusal([parts[0], other, parts[2]]).contains("its weights differs"))
    }

    @Test func partsAreEvenAndKeepModelsTogether() throws {
        let configurations = try Self.plan().configurations(promptTokens: 9)
        for count in [1, 2, 3, 5, 40] {
            let shards = (1...count).compactMap { FrontierShard(number: $0, of: count) }
            let parts = shards.map { $0.groups(in: configurations) }
            let places = parts.map { $0.flatMap(\.places) }
            #expect(places.joined().sorted() == Array(configurations.indices))
            let loads = places.map { Set($0.map { configurations[$0].model }).count }
            #expect(loads.reduce(0, +) <= 3 + count - 1)
            let total = parts.joined().reduce(0) { $0 + $1.work }
            for part in parts {
                #expect(part.reduce(0) { $0 + $1.work } <= total / Double(count) + 12)
            }
        }
        #expect(FrontierShard("2/8")?.description == "2/8")
        for text in ["", "2", "0/8", "9/8", "2/8/1", "a/b", "-1/2", "1/99999999999999999999"] {
            #expect(FrontierShard(text) == nil)
        }
    }

    @Test func timeLeftFollowsTheWork() {
        var clock = SweepClock([1, 0, 3, 4])
        #expect(clock.secondsLeft(after: 5) == nil && clock.doneShare == 0)
        clock.finish(0)
        #expect(clock.secondsLeft(after: 5) == 35)
        clock.finish(2)
        #expect(clock.secondsLeft(after: 8) == 8 && clock.doneShare == 0.5)
    }

    // MARK: Columns

    @Test func columnsKeepSmallWholeNumbersExactly() throws {
        var random = TaskRandom(seed: 1, stream: 0)
        for most in [1, 63, 64, 4095, 4096, 1_000_000, 1 << 50] {
            let numbers = (0..<50).map { _ in Double(random.below(most + 1)) } + [Double(most)]
            let column = ResultColumn(numbers)
            for (index, number) in numbers.enumerated() {
                #expect(abs(column[index] - number) <= (most < 4096 ? 0 : Double(most) / 4095))
            }
            #expect(try #require(ResultColumn(json: column.json, count: 51)) == column)
            #expect(ResultColumn(json: column.json, count: 50) == nil)
        }
        let fractions = ResultColumn([0.25, 3.125, 7])
        #expect(fractions[0] == 0.25 && fractions[1] == 3.125 && fractions.sum == 10.375)
        #expect(ResultColumn(json: ["unit": 1, "digits": "0 "], count: 2) == nil)
        #expect(ResultColumn(json: ["unit": 0, "digits": "00"], count: 2) == nil)
    }

    @Test func scoresAreKeptExactly() throws {
        for scores in [[0, 1, 1, 0], [1.0 / 3, 0.1, 0, 1, 1.0 / 3], [0.5]] as [[Double]] {
            let column = ScoreColumn(scores)
            #expect(column.scores == scores)
            let again = try #require(ScoreColumn(json: column.json, count: scores.count))
            #expect(again.scores == scores)
        }
        #expect(ScoreColumn([0, 1, 1]).json.objectValue?["digits"]?.stringValue == "011")
        let many = ScoreColumn((0..<5000).map { Double($0) / 4999 })
        #expect(many.scores.enumerated().allSatisfy { abs($1 - Double($0) / 4999) < 1e-3 })
    }
}
