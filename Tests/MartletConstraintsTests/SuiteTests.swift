// The JSON Schema Test Suite: every schema is enforced exactly, or refused by name.

import Foundation
import MartletJSON
import Testing

@testable import MartletConstraints

@Suite(.enabled(if: Texts.data != nil)) struct SuiteTests {
    /// Tests of what a constraint says otherwise on purpose.
    ///
    /// `format` is an assertion here, and an annotation in the suite's required part.
    private static let leftOut: Set<String> = ["format.json"]
    private static let formats = [
        "date", "time", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri",
    ]

    private func files(_ folder: String, of dialect: String = "draft2020-12") throws -> [URL] {
        let root = try #require(Texts.data).appendingPathComponent(
            "json/schema-test-suite/tests/\(dialect)/\(folder)")
        return try FileManager.default.contentsOfDirectory(
            at: root, includingPropertiesForKeys: nil
        )
        .filter { $0.pathExtension == "json" }
        .sorted { $0.path < $1.path }
    }

    /// Counts of a folder: schemas enforced, refused and wrong, and what was wrong. `dialect` is what its schemas mean without saying so.
    private func run(
        _ files: [URL], dialect: String? = nil
    ) throws -> (enforced: Int, refused: [String], wrong: [String]) {
        var result = (enforced: 0, refused: [String](), wrong: [String]())
        for file in files where !Self.leftOut.contains(file.lastPathComponent) {
            let groups = try JSONValue.parse([UInt8](Data(contentsOf: file)))
            for group in groups.arrayValue ?? [] {
                let group = try #require(group.objectValue)
                let name = "\(file.lastPathComponent): \(group["description"]?.stringValue ?? "")"
                var schema = try #require(group["schema"])
                if let dialect, let object = schema.objectValue, object["$schema"] == nil {
                    schema = .object(object.setting("$schema", to: .string(dialect)))
                }
                let constraint: TokenConstraint?
                var problem = ""
                do {
                    constraint = try TokenConstraint(
                        .jsonSchema(String(decoding: schema.serialized(), as: UTF8.self)),
                        vocabulary: TokenVocabulary(tokens: [], endTokens: []))
                } catch {
                    constraint = nil
                    problem = error.problem
                }
                let tests = group["tests"]?.arrayValue ?? []
                guard let constraint else {
                    // A schema that nothing matches is told as such, which is right where nothing is valid.
                    let nothing = problem.hasPrefix("no value matches")
                    if nothing, tests.allSatisfy({ $0.objectValue?["valid"] == false }) {
                        result.enforced += 1
                    } else if nothing {
                        result.wrong.append("\(name): \(problem)")
                    } else {
                        result.refused.append("\(name): \(problem)")
                    }
                    continue
                }
                var wrong: [String] = []
                for test in tests {
                    let test = try #require(test.objectValue)
                    let isValid = test["valid"] == true
                    if Texts.accepts(constraint, try #require(test["data"])) != isValid {
                        wrong.append(
                            "\(name): \(test["description"]?.stringValue ?? ""), valid: \(isValid)")
                    }
                }
                if wrong.isEmpty { result.enforced += 1 } else { result.wrong += wrong }
            }
        }
        return result
    }

    @Test func required() throws {
        let result = try run(try files(""))
        if ProcessInfo.processInfo.environment["MARTLET_SUITE"] != nil {
            print("suite: \(result.enforced) enforced, \(result.refused.count) refused")
            for line in result.refused { print("refused", line) }
        }
        #expect(result.wrong == [])
        #expect(result.enforced >= 196)
    }

    @Test func requiredOfDraft7() throws {
        let result = try run(
            try files("", of: "draft7"), dialect: "http://json-schema.org/draft-07/schema#")
        if ProcessInfo.processInfo.environment["MARTLET_SUITE"] != nil {
            print("draft 7: \(result.enforced) enforced, \(result.refused.count) refused")
            for line in result.refused { print("refused", line) }
        }
        #expect(result.wrong == [])
        #expect(result.enforced > 100)
    }

    @Test func formats() throws {
        let result = try run(
            try files("optional/format").filter {
                Self.formats.contains($0.deletingPathExtension().lastPathComponent)
            })
        // What is not generated though it is valid, and nothing that is not valid.
        let narrower = [
            "with minus offset", "valid leap second, ", "a quoted string with",
            "-address-literal after the @",
        ]
        let others = result.wrong.filter { wrong in !narrower.contains { wrong.contains($0) } }
        #expect(others.filter { $0.hasSuffix("false") } == [])
        #expect(others.filter { !$0.contains("A-label") } == [])
    }
}
