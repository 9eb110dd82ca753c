import Foundation
import Martlet
import MartletFormats
import Testing

@testable import MartletEvaluation

/// A file of results can be cut anywhere, and the evaluation that goes on from it comes to the same.
struct EvaluationRecordsTests {
    private static func withFile(_ body: (String) async throws -> Void) async throws {
        let path = NSTemporaryDirectory() + "/martlet-records-\(UUID().uuidString).jsonl"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(path)
    }

    private static let header = RunHeader(
        run: "evaluation", models: [], settings: [("task", "addition")], command: "martlet")

    @Test func cutAnywhereItGoesOnExactly() async throws {
        try await Self.withFile { path in
            var options = EvaluationOptions()
            options.samples = 6
            options.width = 2
            options.temperature = 1
            options.maximumTokens = 6
            let evaluation = try TaskEvaluation(TaskRegistry.task("addition"), options: options)
            let loaded = try LoadedModel("random:tiny", options: ModelOptions())
            let problems = try evaluation.problems(for: loaded)
            let model = try await Model(loaded, budgetBytes: 1 << 22)
            /// What an evaluation comes to that goes on from what is in the file.
            func results() async throws -> (asked: Int, scores: [SampleResult]) {
                let records = try EvaluationRecords(path, Self.header, problems)
                let missing = problems.filter { records.earlier[$0.index] == nil }
                let report = try await evaluation.run(missing, on: model) {
                    result throws(MartletError) in try records.append(result)
                }
                let all = records.earlier.values + report.samples
                return (missing.count, all.sorted { $0.index < $1.index })
            }
            func key(_ result: SampleResult) -> [String] {
                [
                    "\(result.index)", "\(result.score)", "\(result.kvReads)",
                    "\(result.bytesMoved ?? -1)", "\(result.peakTokens)",
                ] + result.chains.map(\.text)
            }
            let whole = try await results().scores
            let file = try Data(contentsOf: URL(filePath: path))
            #expect(try await results().asked == 0)
            for part in [1, 3, 5, 7, 9] {
                try file.prefix(file.count * part / 10).write(to: URL(filePath: path))
                // A header that was cut short is anybody's line; the command then refuses the file.
                guard file.prefix(file.count * part / 10).contains(10) else { continue }
                let (asked, again) = try await results()
                #expect(asked > 0)
                #expect(again.map(key) == whole.map(key))
            }
            await model.shutdown()

            // An older version's records are known too, without what it did not count.
            let old = String(decoding: file, as: UTF8.self).replacing(
                /"bytesMoved":\d+,/, with: "")
            try Data(old.utf8).write(to: URL(filePath: path))
            let earlier = try EvaluationRecords(path, Self.header, problems).earlier
            #expect(earlier.count == 6 && earlier.values.allSatisfy { $0.bytesMoved == nil })
            #expect(earlier.values.map(\.kvReads).sorted() == whole.map(\.kvReads).sorted())
            // What was read without it is written without it.
            let again = try #require(earlier[0]).record
            #expect(again["bytesMoved"] == .null)
            // A figure that cannot be is no record.
            let absurd = String(decoding: file, as: UTF8.self).replacing(
                /"bytesMoved":\d+,/, with: "\"bytesMoved\":-1,")
            try Data(absurd.utf8).write(to: URL(filePath: path))
            #expect(try EvaluationRecords(path, Self.header, problems).earlier.isEmpty)
        }
    }

    @Test func otherFilesAreRefusedAndKept() async throws {
        try await Self.withFile { path in
            let url = URL(filePath: path)
            var other = Self.header
            other.settings = [("task", "chain")]
            _ = try RunRecords(path, other)
            for (text, word) in [
                (try String(contentsOf: url, encoding: .utf8), "task"),
                ("{\"some\":1}\n", "no file of records"), ("my thesis", "no file of records"),
                (
                    String(decoding: JSONValue.object(Self.header.json).serialized(), as: UTF8.self)
                        + "\nno json\n", "line 2"
                ),
            ] {
                try Data(text.utf8).write(to: url)
                #expect {
                    _ = try RunRecords(path, Self.header)
                } throws: { error in
                    (error as? MartletError)?.message.contains(word) == true
                }
                #expect(try String(contentsOf: url, encoding: .utf8) == text)
            }
        }
    }

    @Test func headersNameModelsByTheirBytes() async throws {
        try await Self.withFile { path in
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: false)
            try Data("abc".utf8).write(to: URL(filePath: path + "/model.safetensors"))
            try Data().write(to: URL(filePath: path + "/notes.txt"))
            let digest = try ModelDigest(of: path)
            // The first example of FIPS 180-4.
            #expect(
                digest.files == [
                    "model.safetensors":
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
                ])
            #expect(try ModelDigest(of: "random:tiny").files.isEmpty)
        }
    }
}
