// Experts in GGUF files: stacked when written, each its own matrix when read, whatever the family.

import Foundation
import MartletFormats
import MartletKernels
import Testing

@testable import MartletModels

@Suite struct GGUFExpertTests {
    /// A family with experts, its keys beside the usual ones, and what GGUF calls it.
    struct Case: Sendable, CustomTestStringConvertible {
        let family: String
        let architecture: String
        var keys: [String: JSONValue]

        var testDescription: String { family }
    }

    static let cases = [
        Case(
            family: "qwen3_moe", architecture: "qwen3moe",
            keys: [
                "num_experts": .integer(6), "num_experts_per_tok": .integer(3),
                "moe_intermediate_size": .integer(64), "norm_topk_prob": .bool(true),
                "head_dim": .integer(16), "num_key_value_heads": .integer(2),
            ]),
        Case(
            family: "qwen2_moe", architecture: "qwen2moe",
            keys: [
                "num_experts": .integer(6), "num_experts_per_tok": .integer(3),
                "moe_intermediate_size": .integer(64),
                "shared_expert_intermediate_size": .integer(96), "norm_topk_prob": .bool(false),
                "num_key_value_heads": .integer(2),
            ]),
        Case(
            family: "olmoe", architecture: "olmoe",
            keys: ["num_experts": .integer(6), "num_experts_per_tok": .integer(3)]),
        Case(
            family: "mixtral", architecture: "llama",
            keys: [
                "num_local_experts": .integer(8), "num_experts_per_tok": .integer(2),
                "num_key_value_heads": .integer(2),
            ]),
        Case(
            family: "granitemoe", architecture: "granitemoe",
            keys: [
                "num_local_experts": .integer(6), "num_experts_per_tok": .integer(3),
                "num_key_value_heads": .integer(2), "embedding_multiplier": .number(3),
                "attention_multiplier": .number(0.21), "residual_multiplier": .number(0.55),
                "logits_scaling": .number(1.7),
            ]),
    ]

    /// A directory of a random model; no two of its sizes are alike.
    static func directory(
        _ test: Case, changing keys: [String: JSONValue] = [:]
    ) throws -> String {
        let folder = FileManager.default.temporaryDirectory.path + "/martlet-experts-\(UUID())"
        var all: [String: JSONValue] = [
            "model_type": .string(test.family), "hidden_size": .integer(64),
            "intermediate_size": .integer(32), "num_hidden_layers": .integer(3),
            "num_attention_heads": .integer(4), "vocab_size": .integer(50),
            "tie_word_embeddings": .bool(false), "max_position_embeddings": .integer(512),
        ]
        all.merge(test.keys) { $1 }
        all.merge(keys) { $1 }
        let configuration = JSONObject(
            all.sorted { $0.key < $1.key }.map { JSONObject.Member(key: $0.key, value: $0.value) })
        let plan = try DecoderPlan.read(
            ConfigurationFile(path: test.family, root: configuration))
        var random = CounterRandom(seed: 11)
        let tensors = plan.tensors.map { tensor in
            let floats = random.floats(tensor.shape.reduce(1, *), magnitude: 0.3)
            return TensorToWrite(
                name: tensor.name, shape: tensor.shape,
                floats: tensor.row.roles[0].isNorm ? floats.map { 1 + $0 } : floats)
        }
        try CheckpointWriter(directory: folder).write(
            configuration: configuration, tensors: tensors)
        return folder
    }

    static func file(
        _ folder: String, _ mix: GGUFMix, changing metadata: [String: GGUFValueToWrite] = [:]
    ) throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/martlet-\(UUID()).gguf"
        let export = try GGUFExport(Checkpoint(directory: folder), name: "experts", mix: mix)
        let keys =
            export.metadata.filter { metadata[$0.key] == nil }
            + metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        try GGUFWriter.write(export.tensors, metadata: keys, to: path)
        return path
    }

    static func load(_ checkpoint: Checkpoint, weights: WeightType? = nil) throws -> LanguageModel {
        try LanguageModel(
            checkpoint, weights: weights, kernels: .selected(), pool: WorkerPool(threadCount: 2))
    }

    private static let tokens: [Int32] = (0..<40).map { Int32(($0 * 7 + 3) % 50) }

    /// A file in f32 gives the bits of the directory.
    @Test(arguments: cases)
    func floatsGiveTheBitsOfTheDirectory(_ test: Case) throws {
        let folder = try Self.directory(test)
        let path = try Self.file(folder, .f32)
        defer {
            try? FileManager.default.removeItem(atPath: path)
            try? FileManager.default.removeItem(atPath: folder)
        }
        let checkpoint = try Checkpoint(gguf: path)
        let stored = try GGUFModel(path: path)
        #expect(stored.first["general.architecture"]?.text == test.architecture)
        let experts = try #require(stored.find("blk.1.ffn_down_exps.weight"))
        let (got, expected) = (
            try Self.load(checkpoint), try Self.load(Checkpoint(directory: folder))
        )
        #expect(got.shape == expected.shape)
        let shape = try #require(got.shape.experts)
        #expect(experts.shape == [shape.count, got.shape.hiddenSize, shape.width])
        let (a, b) = (
            try logProbabilities(got, Self.tokens, chunk: 16),
            try logProbabilities(expected, Self.tokens, chunk: 16)
        )
        #expect(a == b)
    }

    /// Blocks run as they are stored, and routers keep their floats.
    @Test(arguments: cases, [GGUFMix.q8_0, .q4KM, .f16])
    func blocksAreKept(_ test: Case, mix: GGUFMix) throws {
        let folder = try Self.directory(test)
        let path = try Self.file(folder, mix)
        defer {
            try? FileManager.default.removeItem(atPath: path)
            try? FileManager.default.removeItem(atPath: folder)
        }
        let checkpoint = try Checkpoint(gguf: path)
        let stored = try Self.load(checkpoint)
        #expect(stored.weightType == (mix == .f16 ? .f16 : nil))
        for entry in checkpoint.tensors.entries where entry.shape.count == 2 {
            let isRouter =
                entry.name.contains("gate.weight") || entry.name.contains("router")
                || entry.name.contains("shared_expert_gate")
            #expect(isRouter == (entry.dtype == .f32), "\(entry.name) in \(entry.typeName)")
        }
        let whole = try logProbabilities(stored, Self.tokens, chunk: 40)
        #expect(try logProbabilities(stored, Self.tokens, chunk: 7) == whole)
        // Logits would show little: rounded activations change which experts are chosen.
        let layer = try #require(stored.loaded.decoder.layers[1].feedForward as? RoutedExperts)
        let names = StoredNames(stored.loaded.plan, contains: checkpoint.tensors.contains)
        for (expert, matrices) in layer.experts.prefix(layer.shape.count).enumerated() {
            for (role, linear) in [
                (TensorRole.expertGate, matrices.gateUp), (.expertDown, matrices.down),
            ] {
                let name = names.name(stored.loaded.plan.table[role], layer: 1, number: expert)
                let entry = try checkpoint.tensors.requireTensor(name + ".weight")
                for row in 0..<16 {
                    let numbers = [Float](unsafeUninitializedCapacity: entry.shape[1]) {
                        linear.readRow(row, into: $0)
                        $1 = $0.count
                    }
                    #expect(try numbers == entry.floats(row: row), "\(name) row \(row)")
                }
            }
        }
    }

    /// What readers of the format take for granted cannot be otherwise.
    @Test(arguments: [
        ("qwen3_moe", "norm_topk_prob", JSONValue.bool(false), "experts"),
        ("qwen3_moe", "mlp_only_layers", .array([.integer(1)]), "experts"),
        ("qwen3_moe", "attention_bias", .bool(true), "biases"),
        ("qwen2_moe", "norm_topk_prob", .bool(true), "experts"),
        ("qwen2_moe", "decoder_sparse_step", .integer(2), "experts"),
        ("olmoe", "norm_topk_prob", .bool(true), "experts"),
        ("olmoe", "clip_qkv", .number(0.5), "clip_qkv"),
    ])
    func whatGGUFHasNoKeyForIsRefused(
        family: String, key: String, value: JSONValue, part: String
    ) throws {
        let test = try #require(Self.cases.first { $0.family == family })
        let folder = try Self.directory(test, changing: [key: value])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect {
            try Self.file(folder, .f32)
        } throws: { "\($0)".contains(part) }
    }

    @Test func stacksOfOtherShapesAreRefused() throws {
        let folder = try Self.directory(Self.cases[0])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (key, value) in [("expert_count", 5), ("expert_feed_forward_length", 32)] {
            let path = try Self.file(
                folder, .f32, changing: ["qwen3moe.\(key)": .uint32(UInt32(value))])
            defer { try? FileManager.default.removeItem(atPath: path) }
            #expect {
                try Checkpoint(gguf: path)
            } throws: { "\($0)".contains("blk.0.ffn_gate_exps.weight") }
        }
    }
}
