// Directories that are written of other formats: the names and shapes that a family's other readers know, the same bits.

import Foundation
import MartletFormats
import MartletKernels
import Testing

@testable import MartletModels

@Suite struct DirectoryExportTests {
    private static let tokens = (0..<33).map { Int32(($0 * 7 + 3) % 29) }

    private static func write(_ checkpoint: Checkpoint, _ dtype: DType = .f32) throws -> String {
        let folder = FileManager.default.temporaryDirectory.path + "/martlet-export-\(UUID())"
        let export = try DirectoryExport(checkpoint, dtype: dtype)
        try CheckpointWriter(directory: folder).write(
            configuration: export.configuration, tensors: export.tensors)
        return folder
    }

    /// Of a directory a GGUF file, and of that a directory: what it has, and whether its logits have the same bits.
    private static func expectSame(_ folder: String, stored: (SafetensorsDirectory) -> Void) throws
    {
        let file = try GGUFExpertTests.file(folder, .f32)
        let back = try write(Checkpoint(gguf: file))
        defer { for path in [file, back] { try? FileManager.default.removeItem(atPath: path) } }
        stored(try SafetensorsDirectory(back))
        let models = try [folder, back].map {
            try GGUFExpertTests.load(Checkpoint(directory: $0), weights: .f32)
        }
        #expect(models[0].shape == models[1].shape)
        let bits = try models.map { try logProbabilities($0, tokens, chunk: 16) }
        #expect(bits[0] == bits[1])
        // Once more, from one directory to the other.
        let again = try write(Checkpoint(directory: back), .f32)
        defer { try? FileManager.default.removeItem(atPath: again) }
        #expect(
            try SafetensorsDirectory(again).names.sorted()
                == SafetensorsDirectory(back).names.sorted())
    }

    /// Granite's experts are stacks that no other program divides; the others' are tensors of their own.
    @Test(arguments: zip(GGUFExpertTests.cases, [false, false, false, false, true]))
    func expertsAreAsTheFamilyStoresThem(
        _ test: GGUFExpertTests.Case, hasStacks: Bool
    ) throws {
        let folder = try GGUFExpertTests.directory(test)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Self.expectSame(folder) { stored in
            let names = stored.names
            #expect(names.contains { $0.contains("experts.0.") } != hasStacks)
            let stack = stored.entries.first {
                $0.name.hasSuffix("1.block_sparse_moe.input_linear.weight")
            }
            #expect((stack != nil) == hasStacks)
            if hasStacks { #expect(stack?.shape == [6, 64, 64]) }
        }
    }

    /// gpt-oss: gates and ups take turns in matrices of [inputs][outputs], their biases beside them.
    @Test func stacksWhoseRolesTakeTurns() throws {
        try Self.expectSame(GoldenCase.folder + "/gpt-oss") { stored in
            let base = "model.layers.1.mlp.experts."
            let shapes = ["gate_up_proj", "gate_up_proj_bias", "down_proj", "down_proj_bias"].map {
                name in stored.entries.first { $0.name == base + name }?.shape
            }
            #expect(shapes == [[4, 32, 64], [4, 64], [4, 32, 32], [4, 32]])
            #expect(!stored.names.contains { $0.contains("experts.0") })
        }
    }

    /// Blocks of a directory become numbers of one; nothing of them is left.
    @Test func blocksOfADirectoryAreUnpacked() throws {
        let blocks = try Checkpoint(directory: GoldenCase.folder + "/gpt-oss-mxfp4")
        let folder = try Self.write(blocks)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let written = try Checkpoint(directory: folder)
        #expect(!written.configuration.contains("quantization_config"))
        let left = written.tensors.names.filter {
            $0.hasSuffix("_blocks") || $0.hasSuffix("_scales")
        }
        #expect(left.isEmpty)
        let (first, second) = (
            try GGUFExpertTests.load(blocks, weights: .f32),
            try GGUFExpertTests.load(written, weights: .f32)
        )
        #expect(
            try logProbabilities(first, Self.tokens, chunk: 16)
                == logProbabilities(second, Self.tokens, chunk: 16))
    }

    /// GPT-2's matrices are [inputs][outputs] in directories, the other way round in files.
    @Test(arguments: ["gpt2-tied", "gpt2-untied"]) func matricesTurnBack(golden: String) throws {
        let folder = GoldenCase.folder + "/" + golden
        let expected = try Checkpoint(directory: folder)
        try Self.expectSame(folder) { stored in
            for entry in stored.entries where entry.name.contains("c_attn.weight") {
                let name = entry.name.replacing("transformer.", with: "")
                let original =
                    (try? expected.tensors.find(entry.name)) ?? (try? expected.tensors.find(name))
                #expect(original?.shape == entry.shape)
                #expect((try? original?.floats()) == (try? entry.floats()))
            }
        }
    }

    @Test func anEncoderIsWrittenAsItIs() throws {
        let source = try Checkpoint(directory: EncoderGolden.folder + "/bert")
        let export = try DirectoryExport(source, dtype: .f16)
        #expect(export.tensors.allSatisfy { $0.dtype == .f16 })
        #expect(
            Set(export.tensors.map(\.name))
                == Set(source.tensors.entries.filter { $0.dtype.isFloat }.map(\.name)))
    }
}
