/// Files that are cut or written while they are mapped: one sentence, whatever was read, and no signal.

import Foundation
import MartletFormats
import Testing

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

@Suite struct MappedFileTests {
    /// Cut between pages, inside of a page, at the front, and to nothing.
    @Test(arguments: [0, 1, 4096, 70_000, 131_071])
    func aCutFileIsASentence(length: Int) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("weights", [UInt8](repeating: 7, count: 131_072))
        let file = try MappedFile(path: path)
        try file.checkIntact()
        #expect(truncate(path, off_t(length)) == 0)
        let sum = file.bytes.reduce(0) { $0 + Int($1) }
        #expect(sum <= 7 * 131_072)
        let sentence = folder.message { try file.checkIntact() }
        #expect(sentence.contains("cannot read weights") && sentence.contains("cut"), "\(sentence)")
    }

    /// Many threads may touch what is gone at once, and a file that grew again is still not what it was.
    @Test func threadsSurviveACut() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("weights", [UInt8](repeating: 7, count: 1 << 22))
        let file = try MappedFile(path: path)
        #expect(truncate(path, 0) == 0)
        await withTaskGroup(of: Int.self) { group in
            for part in 0..<8 {
                group.addTask {
                    stride(from: part << 19, to: (part + 1) << 19, by: 512)
                        .reduce(0) { $0 + Int(file.bytes[$1]) }
                }
            }
            for await sum in group { #expect(sum == 0) }
        }
        #expect(truncate(path, 1 << 22) == 0)
        #expect(folder.message { try file.checkIntact() }.contains("while it was in use"))
    }

    @Test func whatReplacesAFileIsNoMatter() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("weights", [UInt8](repeating: 7, count: 8192))
        let file = try MappedFile(path: path)
        try AtomicFile.write([1, 2, 3], to: path)
        try file.checkIntact()
        #expect(unlink(path) == 0)
        try file.checkIntact()
        #expect(file.bytes[8191] == 7)
    }

    /// Every way of reading a tensor says so.
    @Test func tensorsOfACutFileAreRefused() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("model.safetensors")
        let floats = (0..<65_536).map { Float($0) }
        try SafetensorsWriter.write(
            [TensorToWrite(name: "a", shape: [256, 256], floats: floats)], to: path)
        let file = try SafetensorsFile(path: path)
        let entry = try #require(file["a"])
        #expect(truncate(path, 5000) == 0)
        #expect(folder.message { _ = try entry.floats() }.contains("cut"))
        #expect(folder.message { _ = try entry.floats(row: 255) }.contains("cut"))
        #expect(
            folder.message {
                try SafetensorsWriter.write([TensorToWrite(entry)], to: folder.file("copy"))
            }.contains("cut"))
        #expect(!folder.names.contains("copy"))
    }
}
