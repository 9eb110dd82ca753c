// Encoders of GGUF files against the directories that they were made of.

import Foundation
import MartletFormats
import MartletKernels
import Testing

@testable import MartletModels

@Suite struct EncoderGGUFTests {
    /// A golden as a file in f32; `more` are tensors with the content of the first.
    private static func file(
        _ golden: String, keys: [String: GGUFValueToWrite] = [:], without: Set<String> = [],
        more: [String] = [], fusesLayers: Bool = false
    ) throws -> String {
        let checkpoint = try Checkpoint(directory: EncoderGolden.folder + "/" + golden)
        let export = try GGUFExport(encoder: checkpoint, name: golden, mix: .f32, pooling: 1)
        let changed = Dictionary(
            uniqueKeysWithValues: try keys.map { key, value in
                let naming = try #require(EncoderRegistry.family(checkpoint.configuration)?.gguf)
                return (naming.architecture + "." + key, value)
            })
        var tensors = export.tensors.filter { !without.contains($0.name) }
        tensors += more.map {
            GGUFTensorToWrite(
                name: $0, type: .plain(.f32), shape: tensors[0].shape,
                deliver: tensors[0].deliver)
        }
        if fusesLayers { tensors = Self.fused(tensors) }
        let path = FileManager.default.temporaryDirectory.path + "/martlet-\(UUID()).gguf"
        try GGUFWriter.write(
            tensors,
            metadata: export.metadata.filter { changed[$0.key] == nil }
                + changed.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, to: path)
        return path
    }

    /// Queries, keys and values of a layer one after another in one tensor.
    private static func fused(_ tensors: [GGUFTensorToWrite]) -> [GGUFTensorToWrite] {
        tensors.compactMap { tensor in
            guard let place = tensor.name.range(of: "attn_") else { return tensor }
            let part = tensor.name[place.upperBound...].prefix(2)
            if part == "k." || part == "v." { return nil }
            guard part == "q." else { return tensor }
            let parts = ["attn_q.", "attn_k.", "attn_v."].compactMap { part in
                tensors.first { $0.name == tensor.name.replacing("attn_q.", with: part) }
            }
            return GGUFTensorToWrite(
                name: tensor.name.replacing("attn_q.", with: "attn_qkv."), type: tensor.type,
                shape: [3 * tensor.shape[0]] + tensor.shape.dropFirst()
            ) { sink in for part in parts { try part.deliver(sink) } }
        }
    }

    private static func load(_ checkpoint: Checkpoint) throws -> EncoderModel {
        try EncoderModel(
            checkpoint, weights: .f32, kernels: .selected(), pool: WorkerPool(threadCount: 2))
    }

    @Test(arguments: [
        "bert", "xlm-roberta", "nomic-bert", "nomic-bert-old-keys", "modernbert",
        "gemma3-bidirectional",
    ])
    func aFileGivesTheBitsOfTheDirectory(golden: String) throws {
        let path = try Self.file(golden)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let (texts, _) = try #require(EncoderGolden.all.first { $0.name == golden }).golden()
        let checkpoint = try Checkpoint(encoderGGUF: path)
        #expect(EncoderPlan.describes(checkpoint.configuration))
        let directory = try Checkpoint(directory: EncoderGolden.folder + "/" + golden)
        let (got, expected) = (try Self.load(checkpoint), try Self.load(directory))
        #expect(try vectors(got, texts) == vectors(expected, texts), "\(golden)")
        #expect(got.plan.contextLength == expected.plan.contextLength)
    }

    /// Queries, keys and values may lie together, biases too.
    @Test func fusedMatricesAreRead() throws {
        let paths = try (Self.file("bert"), Self.file("bert", fusesLayers: true))
        defer {
            for path in [paths.0, paths.1] { try? FileManager.default.removeItem(atPath: path) }
        }
        #expect(try GGUFFile(path: paths.1).entries.contains { $0.name == "blk.1.attn_qkv.bias" })
        let (texts, _) = try EncoderGolden(name: "bert", tolerance: 0).golden()
        let (apart, fused) = (
            try Self.load(Checkpoint(encoderGGUF: paths.0)),
            try Self.load(Checkpoint(encoderGGUF: paths.1))
        )
        #expect(try vectors(fused, texts) == vectors(apart, texts))
    }

    /// Blocks of a vector may reach over the ends of its parts.
    @Test func fusedBiasesInBlocksAreRefused() throws {
        let checkpoint = try Checkpoint(directory: EncoderGolden.folder + "/bert")
        let export = try GGUFExport(encoder: checkpoint, name: "bert", mix: .f32, pooling: 1)
        let tensors = Self.fused(export.tensors).map { tensor in
            guard tensor.name == "blk.0.attn_qkv.bias" else { return tensor }
            return GGUFTensorToWrite(
                name: tensor.name, type: .blocks(.q8_0), shape: [(tensor.shape[0] + 31) / 32 * 32]
            ) { sink in
                try [UInt8](repeating: 0, count: (tensor.shape[0] + 31) / 32 * 34)
                    .withUnsafeBytes(sink)
            }
        }
        let path = FileManager.default.temporaryDirectory.path + "/martlet-\(UUID()).gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try GGUFWriter.write(tensors, metadata: export.metadata, to: path)
        let error = #expect(throws: ModelError.self) { try Checkpoint(encoderGGUF: path) }
        #expect(error?.description.contains("blk.0.attn_q.bias") == true)
    }

    /// Blocks of eight bits change vectors by little.
    @Test func matricesMayBeBlocks() throws {
        let checkpoint = try Checkpoint(directory: EncoderGolden.folder + "/bert")
        let export = try GGUFExport(encoder: checkpoint, name: "bert", mix: .q8_0, pooling: 1)
        let types = Set(export.tensors.filter { $0.shape.count == 1 }.map { "\($0.type)" })
        #expect(types == ["\(GGUFTensorType.plain(.f32))"])
    }

    @Test func whatHasNoKeyIsRefused() throws {
        let tanh = try Checkpoint(directory: EncoderGolden.folder + "/bert-tanh-f16")
        let error = #expect(throws: ModelError.self) {
            try GGUFExport(encoder: tanh, name: "x", mix: .f32, pooling: 1)
        }
        #expect(error?.description.contains("tanh") == true)
    }

    @Test func refusesWhatItCannotRead() throws {
        func refuse(
            golden: String = "bert", keys: [String: GGUFValueToWrite] = [:],
            without: Set<String> = [], more: [String] = [], _ words: String
        ) throws {
            let path = try Self.file(golden, keys: keys, without: without, more: more)
            defer { try? FileManager.default.removeItem(atPath: path) }
            let error = #expect(throws: ModelError.self) { try Checkpoint(encoderGGUF: path) }
            #expect(error?.description.contains(words) == true, "\(error?.description ?? "none")")
        }
        try refuse(keys: ["attention.causal": .bool(true)], "for an encoder")
        try refuse(keys: ["expert_count": .uint32(8)], "bert.expert_count")
        try refuse(keys: ["attention.head_count": .string("3")], "one number")
        try refuse(without: ["blk.1.ffn_up.bias"], "blk.1.ffn_up.bias")
        try refuse(more: ["blk.0.attn_q_norm.weight"], "blk.0.attn_q_norm.weight")
        try refuse(keys: ["attention.key_length": .uint32(4)], "bert.attention.key_length")
        try refuse(keys: ["attention.value_length": .uint32(4)], "bert.attention.value_length")
        try refuse(keys: ["attention.head_count_kv": .uint32(1)], "attention.head_count_kv")
        // Products that readers of the family do not know.
        try refuse(more: ["dense_2.weight"], "dense_2.weight")
        try refuse(
            golden: "gemma3-bidirectional", keys: ["attention.value_length": .uint32(4)],
            "gemma-embedding.attention.value_length")
        try refuse(
            golden: "gemma3-bidirectional", more: ["dense_3.weight"], "no tensor \"dense_2.weight\""
        )
        try refuse(
            golden: "gemma3-bidirectional", keys: ["dense_2_feat_out": .uint32(12)],
            "no tensor \"dense_2.weight\"")
        try refuse(
            golden: "gemma3-bidirectional", keys: ["dense_2_feat_out": .uint32(7)],
            more: ["dense_2.weight"], "dense_2_feat_out")
        try refuse(
            golden: "modernbert", keys: ["hidden_activation": .string("silu")], "hidden_activation")
        let path = try Self.file("bert")
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(throws: ModelError.self) { try Checkpoint(gguf: path) }
    }

    /// Which layers see the whole text may be said, by a number or one by one.
    @Test(arguments: [
        GGUFValueToWrite.uint32(2), .bools([false, true, false, true]),
    ]) func aPatternOfWindowsIsRead(pattern: GGUFValueToWrite) throws {
        let layers = try EncoderPlan.read(
            Checkpoint(directory: EncoderGolden.folder + "/modernbert")
        ).layerCount
        var pattern = pattern
        if case .bools(let kinds) = pattern {
            pattern = .bools((0..<layers).map { kinds[$0 % kinds.count] })
        }
        let path = try Self.file("modernbert", keys: ["attention.sliding_window_pattern": pattern])
        defer { try? FileManager.default.removeItem(atPath: path) }
        let plan = try EncoderPlan.read(Checkpoint(encoderGGUF: path))
        #expect(plan.layers.map { $0.reach == nil } == (0..<layers).map { $0 % 2 == 0 })
    }

    /// A tensor of another shape than the configuration's is named, not written.
    @Test func shapesAreHeldAgainstTheConfiguration() throws {
        let stored = try Checkpoint(directory: EncoderGolden.folder + "/bert")
        let changed = Checkpoint(
            directory: stored.directory,
            configuration: ConfigurationFile(
                path: "config.json",
                root: stored.configuration.root.setting("intermediate_size", to: .integer(7))),
            tensors: stored.tensors)
        let error = #expect(throws: ModelError.self) {
            try GGUFExport(encoder: changed, name: "x", mix: .f32, pooling: 1)
        }
        #expect(error?.description.contains("intermediate.dense.weight") == true)
    }
}
