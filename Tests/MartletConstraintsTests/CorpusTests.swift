// A corpus of schemas with instances, where somebody names one: what is enforced, what refused, what judged wrongly.

import Foundation
import MartletJSON
import Testing

@testable import MartletConstraints

private let corpus = ProcessInfo.processInfo.environment["MARTLET_SCHEMA_CORPUS"]

/// `MARTLET_SCHEMA_CORPUS` names a file that `Benchmarks/Constraints/corpus.py prepare` wrote. Verdicts go to a file beside it, for
/// `corpus.py report`.
@Suite(.enabled(if: corpus != nil)) struct CorpusTests {
    /// What no constraint of ours accepts is never accepted; what it narrows on purpose (the order of keys, white space, the
    /// spelling of numbers) is counted by the report.
    @Test func nothingInvalidIsAccepted() throws {
        let path = try #require(corpus)
        let lines = try [UInt8](Data(contentsOf: URL(filePath: path)))
            .split(separator: UInt8(ascii: "\n"))
        var verdicts: [UInt8] = []
        var accepted: [String] = []
        let clock = ContinuousClock()
        for line in lines {
            let each = try #require(
                try JSONValue.parse(Array(line), maximumValues: .max).objectValue)
            let name = try #require(each["name"]?.stringValue)
            var result = JSONObject([.init(key: "name", value: .string(name))])
            let start = clock.now
            do {
                let constraint = try TokenConstraint(
                    .jsonSchema(try #require(each["schema"]?.stringValue)),
                    vocabulary: TokenVocabulary(tokens: [], endTokens: []),
                    limit: CompileLimit(time: .seconds(60)))
                result = result.setting(
                    "seconds", to: .number((clock.now - start) / .seconds(1)))
                var judged: [JSONValue] = []
                for (number, test) in (each["tests"]?.arrayValue ?? []).enumerated() {
                    let test = try #require(test.objectValue)
                    let text = try #require(test["text"]?.stringValue)
                    let matches = constraint.matches(Array(text.utf8))
                    judged.append(.bool(matches))
                    if matches, test["valid"] == false { accepted.append("\(name), \(number)") }
                }
                result = result.setting("accepts", to: .array(judged))
                    .setting("states", to: .integer(constraint.stateCount))
                    .setting("failed", to: .bool(constraint.hasFailed))
            } catch let error as ConstraintError {
                result = result.setting("error", to: .string("\(error.place): \(error.problem)"))
            }
            verdicts += JSONValue.object(result).serialized() + [UInt8(ascii: "\n")]
        }
        try Data(verdicts).write(to: URL(filePath: path + ".ours"))
        #expect(accepted == [])
    }
}
