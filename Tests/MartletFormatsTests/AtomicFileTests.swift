/// Atomic writing and mapping of single files.

import Foundation
import MartletFormats
import Testing

@Suite struct AtomicFileTests {
    private struct Stop: Error {}

    @Test func writesAllOfAFile() throws {
        let folder = try TemporaryFolder()
        try AtomicFile.write(to: folder.file("a.bin"), permissions: 0o600) { file in
            try file.write([1, 2, 3])
            try file.write([])
            try file.write([4])
            #expect(file.count == 4)
        }
        #expect(try folder.read("a.bin") == [1, 2, 3, 4])
        #expect(folder.names == ["a.bin"])
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.file("a.bin"))
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func whatFailsLeavesTheOldFileAndNothingElse() throws {
        let folder = try TemporaryFolder()
        try AtomicFile.write([9], to: folder.file("a.bin"))
        #expect(throws: Stop.self) {
            try AtomicFile.write(to: folder.file("a.bin")) { file in
                try file.write([1, 2, 3])
                throw Stop()
            }
        }
        #expect(try folder.read("a.bin") == [9])
        #expect(folder.names == ["a.bin"])
        try AtomicFile.write([], to: folder.file("a.bin"))
        #expect(try MappedFile(path: folder.file("a.bin")).count == 0)
    }

    @Test func longNamesAndRelativePathsWork() throws {
        let folder = try TemporaryFolder()
        let name = String(repeating: "x", count: 255)
        try AtomicFile.write([5], to: folder.file(name))
        #expect(folder.names == [name])
    }

    @Test func linksAreReplacedNotFollowed() throws {
        let folder = try TemporaryFolder()
        try folder.write("target", [1])
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("link"), withDestinationPath: folder.file("target"))
        try AtomicFile.write([2], to: folder.file("link"))
        #expect(try folder.read("target") == [1])
        #expect(try folder.read("link") == [2])
    }

    @Test func refusesWithAReason() throws {
        let folder = try TemporaryFolder()
        #expect(
            folder.message { try AtomicFile.write([1], to: folder.file("no/such/a")) }
                == "cannot create no/such/a: No such file or directory")
        #expect(
            folder.message { try AtomicFile.write([1], to: folder.path) }
                == "<folder> is a directory, expected the name of a file: choose another name")
        #expect(
            folder.message { try AtomicFile.write([1], to: folder.file("a\0b")) }
                == "cannot use the path a\\u{0}b: it contains a zero byte")
        #expect(folder.names.isEmpty)
    }

    @Test func mappingGivesTheBytes() throws {
        let folder = try TemporaryFolder()
        let content = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let file = try MappedFile(path: try folder.write("a.bin", content))
        #expect(file.count == 20_000)
        #expect(file.bytes.elementsEqual(content))
        file.releaseResident(5_000..<12_000)
        file.releaseResident(-10..<Int.max)
        file.releaseResident()
        #expect(file.bytes.elementsEqual(content))
        #expect(file.withSpan { $0.count } == 20_000)
        // The old content stays while the name is replaced.
        try AtomicFile.write([1], to: folder.file("a.bin"))
        #expect(file.bytes.elementsEqual(content))
    }

    @Test func emptyFilesMap() throws {
        let folder = try TemporaryFolder()
        let file = try MappedFile(path: try folder.write("empty", ""))
        #expect(file.count == 0)
        #expect(file.withSpan { $0.isEmpty })
        file.releaseResident()
    }

    @Test func mappingRefusesWhatIsNoFile() throws {
        let folder = try TemporaryFolder()
        #expect(
            folder.message { _ = try MappedFile(path: folder.file("none")) }
                == "no file at none: check the path")
        #expect(
            folder.message { _ = try MappedFile(path: folder.path) }
                == "<folder> is a directory, expected a regular file: give the path of a file")
        #expect(
            folder.message { _ = try MappedFile(path: "") }
                == "cannot use the path : it is empty")
        #expect(
            folder.message { _ = try MappedFile(path: "/dev/null") }
                == "/dev/null is a pipe or device, expected a regular file: give the path of a file"
        )
    }
}
