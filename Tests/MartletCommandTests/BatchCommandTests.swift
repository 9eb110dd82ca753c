/// What `batch` does with files that are there.

import ArgumentParser
import Foundation
import Testing

@testable import MartletCommand

@Suite struct BatchCommandTests {
    /// Files that are there stay as they are, but for that of errors where a run goes on that was ended before it wrote the other.
    @Test func filesStandInTheWay() throws {
        let root = FileManager.default.temporaryDirectory.appending(
            path: "martlet-batch-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: root) }
        let out = root.appending(path: "out").path
        let errors = root.appending(path: "errors").path
        let command = try #require(
            try Main.parseAsRoot([
                "batch", "requests.jsonl", "--model", "random:tiny", "--out", out, "--errors",
                errors,
            ]) as? BatchVerb)
        #expect(command.fileInTheWay == nil)
        try Data().write(to: URL(filePath: errors))
        #expect(command.fileInTheWay == errors)
        try Data().write(to: URL(filePath: out + ".journal"))
        #expect(command.fileInTheWay == nil)
        try Data().write(to: URL(filePath: out))
        #expect(command.fileInTheWay == out)
    }
}
