// A model whose logits are not numbers ends with an error wherever tokens are scored.

import Foundation
import Martlet
import MartletFormats
import MartletKernels
import MartletModels
import Testing

@Suite struct BadWeightsTests {
    private static let members: [(key: String, value: JSONValue)] = [
        ("model_type", "llama"), ("hidden_size", 16), ("intermediate_size", 16),
        ("num_hidden_layers", 1), ("num_attention_heads", 2), ("vocab_size", 32),
        ("tie_word_embeddings", true),
    ]
    private static let configuration = JSONObject(
        members.map { .init(key: $0.key, value: $0.value) })

    /// A model in `folder` whose last norm multiplies by NaN.
    private func write(to folder: String) throws {
        let plan = try DecoderPlan.read(
            ConfigurationFile(path: "config.json", root: Self.configuration))
        let tensors = plan.tensors.map { tensor in
            let value: Float = tensor.name == "model.norm.weight" ? .nan : 0.5
            return TensorToWrite(
                name: tensor.name, shape: tensor.shape,
                floats: [Float](repeating: value, count: tensor.shape.reduce(1, *)))
        }
        try CheckpointWriter(directory: folder).write(
            configuration: Self.configuration, tensors: tensors)
    }

    @Test func scoringAndInspectingEndWithBadLogits() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/martlet-nan-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try write(to: folder)
        let loaded = try await LoadedModel.load(folder, options: ModelOptions())
        let tokens: [Int32] = [1, 2, 3, 4]
        var codes: [MartletError.Code] = []
        func note(_ body: () async throws(MartletError) -> Void) async {
            do { try await body() } catch { codes.append(error.code) }
        }
        await note { () throws(MartletError) in
            _ = try await loaded.score(tokens, topCount: 0, budgetBytes: nil)
        }
        await note { () throws(MartletError) in
            _ = try await loaded.score(tokens, afterPromptOf: 2, budgetBytes: nil)
        }
        await note { () throws(MartletError) in
            _ = try await loaded.inspect(prompt: tokens, following: [], budgetBytes: nil)
        }
        #expect(codes == [.badLogits, .badLogits, .badLogits])
    }
}
