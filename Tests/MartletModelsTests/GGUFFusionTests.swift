// Matrices that files may have together, and heads that readers want though embeddings are tied.

import Foundation
import MartletFormats
import MartletKernels
import Testing

@testable import MartletModels

@Suite struct GGUFFusionTests {
    private static let tokens = (0..<40).map { Int32(($0 * 7 + 3) % 50) }

    /// A directory's file in f32 with the tensors of `parts` one after another in `fused`, layer by layer.
    private static func file(
        _ folder: String, fusing parts: [String], as fused: String, mix: GGUFMix = .f32
    ) throws -> String {
        let export = try GGUFExport(Checkpoint(directory: folder), name: "x", mix: mix)
        let tensors = export.tensors.compactMap { tensor -> GGUFTensorToWrite? in
            let pieces = tensor.name.split(separator: ".").map(String.init)
            guard pieces.count == 4, let place = parts.firstIndex(of: pieces[2]) else {
                return tensor
            }
            guard place == 0 else { return nil }
            let all = parts.compactMap { part in
                export.tensors.first {
                    $0.name == "blk.\(pieces[1]).\(part).\(pieces[3])"
                }
            }
            let rows = tensor.shape.count > 2 || pieces[2].hasSuffix("exps") ? 1 : 0
            var shape = tensor.shape
            shape[rows] = all.reduce(0) { $0 + $1.shape[rows] }
            return GGUFTensorToWrite(
                name: "blk.\(pieces[1]).\(fused).\(pieces[3])", type: tensor.type, shape: shape
            ) { sink in
                var contents: [[UInt8]] = []
                for part in all {
                    var bytes: [UInt8] = []
                    try part.deliver { bytes += $0 }
                    contents.append(bytes)
                }
                let stacks = rows == 1 ? tensor.shape[0] : 1
                for stack in 0..<stacks {
                    for bytes in contents {
                        let size = bytes.count / stacks
                        try Array(bytes[stack * size..<(stack + 1) * size]).withUnsafeBytes(sink)
                    }
                }
            }
        }
        let path = FileManager.default.temporaryDirectory.path + "/martlet-\(UUID()).gguf"
        try GGUFWriter.write(tensors, metadata: export.metadata, to: path)
        return path
    }

    private static func expectSame(
        _ folder: String, fusing parts: [String], as fused: String, mix: GGUFMix = .f32
    ) throws {
        let apart = try GGUFExpertTests.file(folder, mix)
        let together = try file(folder, fusing: parts, as: fused, mix: mix)
        defer {
            for path in [apart, together] { try? FileManager.default.removeItem(atPath: path) }
        }
        let stored = try GGUFModel(path: together)
        #expect(stored.contains("blk.1.\(fused).weight"))
        #expect(!stored.contains("blk.1.\(parts[0]).weight"))
        let models = try [apart, together].map {
            try GGUFExpertTests.load(Checkpoint(gguf: $0), weights: .f32)
        }
        let vocabulary = Int32(models[0].shape.vocabularySize)
        let tokens = Self.tokens.map { $0 % vocabulary }
        let bits = try models.map { try logProbabilities($0, tokens, chunk: 16) }
        #expect(bits[0] == bits[1])
    }

    /// Gates, then ups, of each expert; in blocks, too.
    @Test(arguments: GGUFExpertTests.cases, [GGUFMix.f32, .q8_0]) func gatesAndUps(
        _ test: GGUFExpertTests.Case, mix: GGUFMix
    ) throws {
        let folder = try GGUFExpertTests.directory(test)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Self.expectSame(
            folder, fusing: ["ffn_gate_exps", "ffn_up_exps"], as: "ffn_gate_up_exps", mix: mix)
    }

    /// With biases of experts.
    @Test func gatesAndUpsWithBiases() throws {
        try Self.expectSame(
            GoldenCase.folder + "/gpt-oss", fusing: ["ffn_gate_exps", "ffn_up_exps"],
            as: "ffn_gate_up_exps")
    }

    /// Rows that a file has in another order, and biases.
    @Test(arguments: ["llama-gqa-wide-heads", "llama-mha-biases", "qwen2-tied", "stablelm"])
    func queriesKeysAndValues(golden: String) throws {
        try Self.expectSame(
            GoldenCase.folder + "/" + golden, fusing: ["attn_q", "attn_k", "attn_v"],
            as: "attn_qkv")
    }

    @Test func aFusedMatrixOfAnotherShapeIsRefused() throws {
        let folder = GoldenCase.folder + "/qwen2-tied"
        let path = try Self.file(folder, fusing: ["attn_q", "attn_k"], as: "attn_qkv")
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect {
            try Checkpoint(gguf: path)
        } throws: { "\($0)".contains("attn_qkv.weight") && "\($0)".contains("shape") }
    }

    /// llama.cpp's readers of these have no tied head.
    @Test(arguments: [("olmoe", true), ("qwen2_moe", true), ("qwen3_moe", false)])
    func tiedHeadsAreWrittenWhereReadersWantThem(family: String, needsHead: Bool) throws {
        let test = try #require(GGUFExpertTests.cases.first { $0.family == family })
        let folder = try GGUFExpertTests.directory(
            test, changing: ["tie_word_embeddings": .bool(true)])
        let path = try GGUFExpertTests.file(folder, .f32)
        defer { for path in [path, folder] { try? FileManager.default.removeItem(atPath: path) } }
        let stored = try GGUFModel(path: path)
        #expect(stored.contains("output.weight") == needsHead)
        let (got, expected) = (
            try GGUFExpertTests.load(Checkpoint(gguf: path)),
            try GGUFExpertTests.load(Checkpoint(directory: folder))
        )
        #expect(
            try logProbabilities(got, Self.tokens, chunk: 16)
                == logProbabilities(expected, Self.tokens, chunk: 16))
        if needsHead {
            #expect(
                try stored.find("output.weight")?.floats()
                    == stored.find("token_embd.weight")?.floats())
        }
    }

    /// Blocks of a vector may reach over the ends of experts.
    @Test func vectorsOfExpertsInBlocksAreRefused() throws {
        let export = try GGUFExport(
            Checkpoint(directory: GoldenCase.folder + "/gpt-oss"), name: "x", mix: .f32)
        let tensors = export.tensors.map { tensor in
            guard tensor.name == "blk.1.ffn_up_exps.bias" else { return tensor }
            return GGUFTensorToWrite(
                name: tensor.name, type: .blocks(.q8_0), shape: tensor.shape
            ) { sink in
                try [UInt8](repeating: 0, count: tensor.shape.reduce(1, *) / 32 * 34)
                    .withUnsafeBytes(sink)
            }
        }
        let path = FileManager.default.temporaryDirectory.path + "/martlet-\(UUID()).gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try GGUFWriter.write(tensors, metadata: export.metadata, to: path)
        #expect {
            try Checkpoint(gguf: path)
        } throws: { "\($0)".contains("blk.1.ffn_up_exps.bias") && "\($0)".contains("blocks") }
    }

    /// Vectors of bytes stay bytes from one file to another.
    @Test func bytesStayBytes() throws {
        let path = FileManager.default.temporaryDirectory.path + "/martlet-\(UUID()).gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let bytes: [UInt8] = [0, 7, 255, 128]
        try GGUFWriter.write([], metadata: [("a.map", .bytes(bytes))], to: path)
        let value = try #require(try GGUFFile(path: path)["a.map"])
        #expect(value.array?.bytes() == bytes)
        guard case .bytes(let copied)? = GGUFValueToWrite(value) else {
            Issue.record("bytes became something else")
            return
        }
        #expect(copied == bytes)
    }
}
