import Foundation
import Testing

@testable import MartletFormats

@Suite struct AtomicDirectoryTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "atomic-\(UInt64.random(in: 0...UInt64.max))").path
        try AtomicDirectory.ensure(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test func appearsComplete() throws {
        try withFolder { folder in
            let path = folder + "/step"
            try AtomicDirectory.write(to: path) { inside in
                try AtomicFile.write([1, 2], to: inside + "/a")
                #expect(!FileManager.default.fileExists(atPath: path))
                #expect(AtomicDirectory.names(in: folder).isEmpty)
            }
            #expect(AtomicDirectory.names(in: path) == ["a"])
            #expect(throws: FormatError.self) { try AtomicDirectory.write(to: path) { _ in } }
            try AtomicDirectory.remove(path)
            try AtomicDirectory.remove(path)
            #expect(AtomicDirectory.names(in: folder).isEmpty)
        }
    }

    /// A failure leaves nothing, and what a killed process left is replaced.
    @Test func failuresLeaveNothing() throws {
        struct Failure: Error {}
        try withFolder { folder in
            let path = folder + "/step"
            try AtomicDirectory.ensure(folder + "/.step.partial")
            try AtomicFile.write([9], to: folder + "/.step.partial/old")
            #expect(throws: Failure.self) {
                try AtomicDirectory.write(to: path) { inside in
                    #expect(!FileManager.default.fileExists(atPath: inside + "/old"))
                    try AtomicFile.write([1], to: inside + "/a")
                    throw Failure()
                }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }
}
