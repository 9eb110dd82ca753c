// gpt-oss in its two formats of files, and what neither can say.

import Foundation
import MartletFormats
import MartletKernels
import Testing

@testable import MartletModels

@Suite struct GPTOSSTests {
    private static func file(
        _ folder: String, _ mix: GGUFMix, changing metadata: [String: GGUFValueToWrite] = [:]
    ) throws -> String {
        try GGUFExpertTests.file(folder, mix, changing: metadata)
    }

    private static func folder(_ golden: String) -> String { GoldenCase.folder + "/" + golden }

    private static let tokens = (0..<33).map { Int32(($0 * 7 + 3) % 29) }

    /// A golden whose configuration says something else.
    private static func variant(_ changes: [String: JSONValue]) throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/martlet-\(UUID())"
        try FileManager.default.copyItem(atPath: folder("gpt-oss"), toPath: path)
        let file = try ConfigurationFile(path: path + "/config.json")
        let members = file.root.members.filter { changes[$0.key] == nil }
        let all = members + changes.map { JSONObject.Member(key: $0.key, value: $0.value) }
        try Data(JSONValue.object(JSONObject(all)).serialized())
            .write(to: URL(filePath: path + "/config.json"))
        return path
    }

    @Test func floatsGiveTheBitsOfTheDirectory() throws {
        let path = try Self.file(Self.folder("gpt-oss"), .f32)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let (got, expected) = (
            try GGUFExpertTests.load(Checkpoint(gguf: path), weights: .f32),
            try GGUFExpertTests.load(
                Checkpoint(directory: Self.folder("gpt-oss")), weights: .f32)
        )
        #expect(got.shape == expected.shape)
        #expect(got.shape.layerWindows == [8, nil])
        let (a, b) = (
            try logProbabilities(got, Self.tokens, chunk: 16),
            try logProbabilities(expected, Self.tokens, chunk: 16)
        )
        #expect(a == b)
    }

    /// MXFP4 runs as it is stored, from either format and through any mix but f32, with the same bits.
    @Test(arguments: [GGUFMix.q8_0, .f16, .q4KM]) func blocksAreTheSameInBothFormats(
        mix: GGUFMix
    ) throws {
        let path = try Self.file(Self.variantOfBlocks, mix)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try GGUFModel(path: path)
        #expect(file.find("blk.0.ffn_up_exps.weight")?.stored == .mxfp4)
        let checkpoint = try Checkpoint(gguf: path)
        #expect(try DecoderPlan.read(checkpoint).shape.layerWindows == [nil, nil])
        let directory = try Checkpoint(directory: Self.variantOfBlocks)
        let plan = try DecoderPlan.read(directory)
        for entry in try plan.tensors(of: directory).entries where entry.stored != nil {
            let other = try checkpoint.tensors.tensor(entry.name)
            #expect(try other.floats() == entry.floats() && other.stored == .mxfp4)
        }
        let model = try GGUFExpertTests.load(directory)
        #expect(model.weightType == nil && model.weightName.contains("mxfp4"))
        let whole = try logProbabilities(model, Self.tokens, chunk: 33)
        #expect(try logProbabilities(model, Self.tokens, chunk: 5) == whole)
    }

    private static let variantOfBlocks = folder("gpt-oss-mxfp4")

    @Test(arguments: [
        ("swiglu_limit", JSONValue.number(3), "the activation"),
        (
            "rope_parameters",
            .object(
                JSONObject([
                    .init(key: "rope_type", value: .string("yarn")),
                    .init(key: "rope_theta", value: .number(10000)),
                    .init(key: "factor", value: .number(4)),
                    .init(key: "original_max_position_embeddings", value: .integer(64)),
                ])), "truncate"
        ),
    ]) func whatGGUFHasNoKeyForIsRefused(key: String, value: JSONValue, part: String) throws {
        let folder = try Self.variant([key: value])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect {
            try Self.file(folder, .f32)
        } throws: { "\($0)".contains(part) }
    }

    @Test(arguments: [
        ("attention_bias", JSONValue.bool(false), "attention_bias"),
        ("num_local_experts", .integer(0), "num_local_experts"),
        ("experts_per_token", .integer(1), "experts_per_token"),
        ("num_local_experts", .integer(3), "tensor"),
    ]) func whatIsNotRunIsRefused(key: String, value: JSONValue, part: String) throws {
        let folder = try Self.variant([key: value])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect {
            try GGUFExpertTests.load(Checkpoint(directory: folder))
        } throws: { "\($0)".contains(part) }
    }
}
