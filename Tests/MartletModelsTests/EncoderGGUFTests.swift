// Encoders of GGUF files against the directories that they were made of.

import Foundation
import MartletFormats
import MartletKernels
import Testing

@testable import MartletModels

@Suite struct EncoderGGUFTests {
    /// A golden as a file in f32, with what its configuration says under GGUF's keys.
    private static func file(
        _ golden: String, keys: [String: GGUFValueToWrite] = [:], without: Set<String> = [],
        more: [String] = []
    ) throws -> String {
        let checkpoint = try Checkpoint(directory: EncoderGolden.folder + "/" + golden)
        let plan = try EncoderPlan.read(checkpoint)
        let naming = try #require(EncoderRegistry.family(checkpoint.configuration)?.gguf)
        var values: [String: GGUFValueToWrite] = [
            "block_count": .uint32(UInt32(plan.layerCount)),
            "context_length": .uint32(UInt32(plan.contextLength)),
            "embedding_length": .uint32(UInt32(plan.hiddenSize)),
            "feed_forward_length": .uint32(UInt32(plan.intermediateSize)),
            "attention.head_count": .uint32(UInt32(plan.headCount)),
            "attention.layer_norm_epsilon": .float32(Float(plan.epsilon)),
            "attention.causal": .bool(false), "pooling_type": .uint32(1),
        ]
        values.merge(keys) { _, new in new }
        let names = EncoderNames(plan, contains: checkpoint.tensors.contains)
        var tensors: [GGUFTensorToWrite] = []
        for (row, layer) in plan.table.tensors(layerCount: plan.layerCount) {
            for suffix in row.hasBias ? [".weight", ".bias"] : [".weight"] {
                let entry = try checkpoint.tensors.requireTensor(
                    names.name(row, layer: layer) + suffix)
                tensors.append(Self.tensor(row.ggufName(layer: layer) + suffix, entry))
            }
        }
        tensors.removeAll { without.contains($0.name) }
        let first = try checkpoint.tensors.requireTensor(names.all[0])
        tensors += more.map { Self.tensor($0, first) }
        let path = FileManager.default.temporaryDirectory.path + "/martlet-\(UUID()).gguf"
        try GGUFWriter.write(
            tensors,
            metadata: [("general.architecture", .string(naming.architecture))]
                + values.sorted { $0.key < $1.key }.map {
                    ("\(naming.architecture).\($0.key)", $0.value)
                }, to: path)
        return path
    }

    private static func tensor(_ name: String, _ entry: TensorEntry) -> GGUFTensorToWrite {
        GGUFTensorToWrite(name: name, type: .plain(.f32), shape: entry.shape) { sink in
            try entry.floats().withUnsafeBytes(sink)
        }
    }

    private static func load(_ checkpoint: Checkpoint) throws -> EncoderModel {
        try EncoderModel(
            checkpoint, weights: .f32, kernels: .selected(), pool: WorkerPool(threadCount: 2))
    }

    static let cases: [(String, [String: GGUFValueToWrite])] = [
        ("bert", [:]), ("nomic-bert", ["rope.freq_base": .float32(700)]),
        ("nomic-bert-old-keys", ["rope.freq_base": .float32(1000)]),
        (
            "modernbert",
            [
                "attention.sliding_window": .uint32(10), "rope.freq_base": .float32(160_000),
                "rope.freq_base_swa": .float32(10_000),
            ]
        ),
    ]

    @Test(arguments: 0..<cases.count)
    func aFileGivesTheBitsOfTheDirectory(index: Int) throws {
        let (golden, keys) = Self.cases[index]
        let path = try Self.file(golden, keys: keys)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let (texts, _) = try #require(EncoderGolden.all.first { $0.name == golden }).golden()
        let checkpoint = try Checkpoint(encoderGGUF: path)
        #expect(EncoderPlan.describes(checkpoint.configuration))
        let directory = try Checkpoint(directory: EncoderGolden.folder + "/" + golden)
        let (got, expected) = (try Self.load(checkpoint), try Self.load(directory))
        #expect(try vectors(got, texts) == vectors(expected, texts), "\(golden)")
        #expect(got.plan.parameterCount == expected.plan.parameterCount)
    }

    @Test func refusesWhatItCannotRead() throws {
        func refuse(
            keys: [String: GGUFValueToWrite] = [:], without: Set<String> = [], more: [String] = [],
            _ words: String
        ) throws {
            let path = try Self.file("bert", keys: keys, without: without, more: more)
            defer { try? FileManager.default.removeItem(atPath: path) }
            let error = #expect(throws: ModelError.self) { try Checkpoint(encoderGGUF: path) }
            #expect(error?.description.contains(words) == true, "\(error?.description ?? "none")")
        }
        try refuse(keys: ["attention.causal": .bool(true)], "for an encoder")
        try refuse(keys: ["expert_count": .uint32(8)], "bert.expert_count")
        try refuse(keys: ["attention.head_count": .string("3")], "one number")
        try refuse(without: ["blk.1.ffn_up.bias"], "blk.1.ffn_up.bias")
        try refuse(more: ["blk.0.attn_q_norm.weight"], "blk.0.attn_q_norm.weight")
        let path = try Self.file("bert")
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(throws: ModelError.self) { try Checkpoint(gguf: path) }
    }
}
