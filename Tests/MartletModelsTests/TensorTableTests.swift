// Tables that store the same matrices in other ways give the same packed weights.

import Foundation
import MartletFormats
import MartletKernels
import Testing

@testable import MartletModels

@Suite struct TensorTableTests {
    private static let plain = "/llama-mqa"

    /// Llama with `[q k v]` and `[gate up]` in one tensor each, and a longer prefix in front.
    private static let fused = TensorTable(
        prefixes: ["model.", "model.language_model."],
        rows: [
            TensorRow(.embedding, name: "embed_tokens"),
            TensorRow(.inputNorm, name: "layers.*.input_layernorm"),
            TensorRow(.query, .key, .value, name: "layers.*.self_attn.qkv_proj"),
            TensorRow(.output, name: "layers.*.self_attn.o_proj"),
            TensorRow(.feedForwardNorm, name: "layers.*.post_attention_layernorm"),
            TensorRow(.gate, .up, name: "layers.*.mlp.gate_up_proj"),
            TensorRow(.down, name: "layers.*.mlp.down_proj"),
            TensorRow(.finalNorm, name: "norm"),
            TensorRow(.head, name: "lm_head", takesPrefix: false),
        ])

    /// Stores a model under another table: every tensor is the rows of the model's own that hold its roles.
    private func store(
        _ plan: DecoderPlan, _ stored: Checkpoint, under table: TensorTable, prefix: String,
        in folder: String
    ) throws {
        var other = plan
        other.table = table
        let tensors = try other.tensors.map { tensor in
            let floats = try tensor.row.roles.flatMap { role in
                try stored.tensors.tensor(
                    plan.name(plan.table[role], layer: tensor.layer) + ".weight"
                ).floats()
            }
            let name = tensor.name.replacing(/^model\./, with: prefix)
            return TensorToWrite(name: name, shape: tensor.shape, floats: floats)
        }
        try CheckpointWriter(directory: folder).write(
            configuration: stored.configuration.root, tensors: tensors)
    }

    private func rows(_ matrix: PackedMatrix) -> [[Float]] {
        (0..<matrix.panelCount * 16).map { channel in
            var row = [Float](repeating: 0, count: matrix.columns)
            row.withUnsafeMutableBufferPointer { matrix.readRow(channel, into: $0) }
            return row
        }
    }

    @Test(arguments: [WeightType.f32, .q4], ["model.", "model.language_model."])
    func fusedTensorsAreTheSameMatrices(type: WeightType, prefix: String) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/martlet-table-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let pool = WorkerPool(threadCount: 1)
        let original = try Checkpoint(directory: GoldenCase.folder + Self.plain)
        let plan = try DecoderPlan.read(original.configuration)
        try store(plan, original, under: Self.fused, prefix: prefix, in: folder)

        let expected = try Decoder(
            plan, weights: CheckpointWeights(tensors: original.tensors, type: type, pool: pool))
        var other = plan
        other.table = Self.fused
        let got = try Decoder(
            other,
            weights: CheckpointWeights(
                tensors: Checkpoint(directory: folder).tensors, type: type, pool: pool))

        #expect(other.parameterCount == plan.parameterCount)
        #expect(rows(got.vocabulary.head) == rows(expected.vocabulary.head))
        for (a, b) in zip(got.layers, expected.layers) {
            #expect(
                rows(a.attention.queryKeyValue.matrices[0])
                    == rows(b.attention.queryKeyValue.matrices[0]))
            let first = try #require(a.feedForward as? GatedMLP)
            let second = try #require(b.feedForward as? GatedMLP)
            #expect(rows(first.gateUp.matrices[0]) == rows(second.gateUp.matrices[0]))
            #expect(rows(first.down.linear.matrices[0]) == rows(second.down.linear.matrices[0]))
        }
    }
}
