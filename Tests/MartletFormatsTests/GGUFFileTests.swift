// GGUF files: what is written is read, and what is wrong is said.

import Foundation
import MartletKernels
import Testing

@testable import MartletFormats

@Suite struct GGUFFileTests {
    static func tensors() -> [GGUFTensorToWrite] {
        let floats: [Float] = (0..<70).map { Float($0) / 8 }
        let block = (0..<UInt8(34)).map { $0 }
        return [
            GGUFTensorToWrite(name: "a.weight", type: .plain(.f32), shape: [7, 10]) { sink in
                try floats.withUnsafeBytes(sink)
            },
            GGUFTensorToWrite(name: "b.weight", type: .blocks(.q8_0), shape: [1, 32]) { sink in
                try block.withUnsafeBytes(sink)
            },
            GGUFTensorToWrite(name: "c", type: .plain(.f32), shape: [1]) { sink in
                try [Float(3)].withUnsafeBytes(sink)
            },
        ]
    }

    static let metadata: [(key: String, value: GGUFValueToWrite)] = [
        ("general.architecture", .string("a")), ("a.count", .uint32(7)),
        ("a.less", .int32(-7)), ("a.share", .float32(0.5)), ("a.is", .bool(true)),
        ("a.names", .strings([ArraySlice("x".utf8), ArraySlice("".utf8), [0xFF, 0xFE]])),
        ("a.numbers", .integers([1, -2, 3])), ("a.shares", .floats([0.25, 4])),
    ]

    static func bytes() throws -> [UInt8] {
        let path = FileManager.default.temporaryDirectory.path + "/martlet-\(UUID()).gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try GGUFWriter.write(tensors(), metadata: metadata, to: path)
        return [UInt8](try Data(contentsOf: URL(filePath: path)))
    }

    private static func open(_ bytes: [UInt8], name: String = "m.gguf") throws -> GGUFFile {
        let folder = FileManager.default.temporaryDirectory.path + "/martlet-\(UUID())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let path = folder + "/" + name
        try Data(bytes).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try GGUFFile(path: path)
    }

    @Test func whatIsWrittenIsRead() throws {
        let file = try Self.open(Self.bytes())
        #expect(file.version == 3 && file.alignment == 32)
        #expect(file.metadata.map(\.key) == Self.metadata.map(\.key))
        #expect(file["general.architecture"]?.text == "a")
        #expect(file["a.count"]?.int == 7 && file["a.less"]?.int == -7)
        #expect(file["a.share"]?.double == 0.5 && file["a.is"]?.bool == true)
        #expect(file["a.names"]?.array?.strings()?.map(Array.init) == [[0x78], [], [0xFF, 0xFE]])
        #expect(file["a.numbers"]?.array?.integers() == [1, -2, 3])
        #expect(file["a.shares"]?.array?.floats() == [0.25, 4])
        #expect(file["a.numbers"]?.array?.strings() == nil && file["b"] == nil)
        #expect(file.entries.map(\.name) == ["a.weight", "b.weight", "c"])
        #expect(file.entries.map(\.shape) == [[7, 10], [1, 32], [1]])
        #expect(file.entries.map(\.typeName) == ["F32", "Q8_0", "F32"])
        #expect(file.entries.map(\.elementCount) == [70, 32, 1])
        #expect(try file.entries[0].floats(row: 3) == (30..<40).map { Float($0) / 8 })
        let scale = TensorEntry.float(halfBits: 0x0100)
        #expect(try file.entries[1].floats() == (2..<34).map { scale * Float($0) })
        for entry in file.entries { #expect(entry.range.lowerBound % 32 == 0) }
    }

    private static func message(_ bytes: [UInt8]) -> String {
        do {
            _ = try open(bytes)
            return "nothing"
        } catch { return "\(error)" }
    }

    /// Every cut of a file is refused with a sentence that names the file.
    @Test func cutFilesAreRefused() throws {
        let bytes = try Self.bytes()
        // The last tensor's padding may be missing.
        for count in stride(from: 0, to: bytes.count - 32, by: 7) {
            let message = Self.message(Array(bytes[..<count]))
            #expect(message.contains("m.gguf") && message != "nothing", "\(count): \(message)")
        }
    }

    private static func replaced(
        _ old: [UInt8], with new: [UInt8], in bytes: [UInt8]
    ) throws -> [UInt8] {
        let data = Data(bytes)
        let range = try #require(data.range(of: Data(old)))
        return bytes[..<range.lowerBound] + new + bytes[range.upperBound...]
    }

    @Test func wrongHeadersAreRefused() throws {
        let bytes = try Self.bytes()
        func expect(_ part: String, _ edit: (inout [UInt8]) -> Void) {
            var copy = bytes
            edit(&copy)
            let message = Self.message(copy)
            #expect(message.contains(part), "\(part): \(message)")
        }
        expect("beginning is other bytes") { $0[0] = 0x47 + 1 }
        expect("version 1") { $0[4] = 1 }
        expect("big-endian") { $0.replaceSubrange(4..<8, with: [0, 0, 0, 3]) }
        expect("number of tensors") {
            $0.replaceSubrange(8..<16, with: [UInt8](repeating: 255, count: 8))
        }
        expect("number of keys") {
            $0.replaceSubrange(16..<24, with: [UInt8](repeating: 255, count: 8))
        }
        expect("length of a key") {
            $0.replaceSubrange(24..<32, with: [255, 255, 255, 255, 255, 255, 255, 127])
        }
        let same = try Self.replaced(Array("a.less".utf8), with: Array("a.coun".utf8), in: bytes)
        #expect(Self.message(same) == "nothing")
        let twice = try Self.replaced(
            Array("a.shares".utf8), with: Array("a.number".utf8), in: bytes)
        #expect(Self.message(twice) == "nothing")
        // A type that is known and not read, one that is gone, one that never was.
        let place = try #require(Data(bytes).range(of: Data("b.weight".utf8))).upperBound + 4 + 16
        for (code, part) in [(16, "IQ2_XXS"), (31, "no longer has"), (77, "type of tensor")] {
            expect(part) { $0[place] = UInt8(code) }
        }
        expect("offset of tensor") { $0[place + 4] = 64 }
        expect("rows of 33") { $0[place - 16] = 33 }
    }

    @Test func keysAndTensorsAreThereOnce() throws {
        let path = FileManager.default.temporaryDirectory.path + "/martlet-\(UUID()).gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try GGUFWriter.write(
            [], metadata: [("k", .uint32(1)), ("k", .uint32(2))], to: path)
        #expect(throws: FormatError.self) { try GGUFFile(path: path) }
        let tensor = Self.tensors()[2]
        try GGUFWriter.write([tensor, tensor], metadata: [], to: path)
        #expect(throws: FormatError.self) { try GGUFFile(path: path) }
        for alignment in [0, 3, 48] {
            try GGUFWriter.write(
                [], metadata: [("general.alignment", .uint32(UInt32(alignment)))], to: path)
            #expect(throws: FormatError.self) { try GGUFFile(path: path) }
        }
    }

    /// A model in several files is one, and a file of another model among them is found.
    @Test func splitFilesAreOneModel() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/martlet-\(UUID())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func name(_ index: Int) -> String { folder + "/m-0000\(index + 1)-of-00003.gguf" }
        func write(_ index: Int, number: Int? = nil) throws {
            try GGUFWriter.write(
                [Self.tensors()[index]],
                metadata: [
                    ("split.no", .uint32(UInt32(number ?? index))), ("split.count", .uint32(3)),
                    ("split.tensors.count", .int32(3)),
                ], to: name(index))
        }
        for index in 0..<3 { try write(index) }
        let model = try GGUFModel(path: name(0))
        #expect(
            model.files.count == 3 && model.entries.map(\.name) == ["a.weight", "b.weight", "c"])
        #expect(try model.find("c")?.floats() == [3])
        #expect(throws: FormatError.self) { try GGUFModel(path: name(1)) }
        try write(2, number: 1)
        #expect(throws: FormatError.self) { try GGUFModel(path: name(0)) }
        try FileManager.default.removeItem(atPath: name(2))
        #expect(throws: FormatError.self) { try GGUFModel(path: name(0)) }
    }
}
