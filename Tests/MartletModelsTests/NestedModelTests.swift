// The text model of a checkpoint that sees, too: a golden checkpoint under the names that such files have.

import MartletFormats
import Testing

@testable import MartletModels

@Suite struct NestedModelTests {
    private func variant(
        _ golden: String, prefix: String, head: String, setting outer: [String: JSONValue] = [:]
    ) throws -> StoredVariant {
        let stored = try Checkpoint(directory: GoldenCase.folder + "/" + golden).configuration
        let keys = Set(stored.root.members.map(\.key))
        let changes: [String: JSONValue] = [
            "model_type": "pictures", "text_config": .object(stored.root),
            "vision_config": ["hidden_size": 7], "image_token_index": 3,
        ]
        return try StoredVariant(
            golden, setting: changes.merging(outer) { $1 }, without: keys,
            more: [
                TensorToWrite(
                    name: "model.vision_tower.patch.weight", shape: [2, 2], floats: [1, 2, 3, 4])
            ]
        ) { name in
            name.hasPrefix("model.") ? prefix + name.dropFirst(6) : head + name
        }
    }

    @Test(
        arguments: ["gemma3", "llama-mqa"],
        [("model.language_model.", ""), ("language_model.model.", "language_model.")])
    func theTextModelIsTheGolden(golden: String, names: (prefix: String, head: String)) throws {
        let model = try variant(golden, prefix: names.prefix, head: names.head).load()
        let (tokens, expected) = try GoldenCase(name: golden, tolerance: 2e-4).golden()
        let got = try logProbabilities(model, tokens, chunk: 64)
        let worst = zip(got, expected).map { abs($0 - $1) }.max() ?? .infinity
        #expect(worst <= 2e-4, "largest difference \(worst)")
    }

    @Test func aTensorOfTheTextModelThatIsNotReadIsRefused() throws {
        let variant = try StoredVariant(
            "llama-mqa",
            setting: [
                "text_config": .object(
                    Checkpoint(directory: GoldenCase.folder + "/llama-mqa").configuration.root)
            ],
            more: [
                TensorToWrite(
                    name: "model.language_model.layers.0.gate.weight", shape: [1], floats: [1])
            ]
        ) { "model.language_model." + $0.dropFirst($0.hasPrefix("model.") ? 6 : 0) }
        #expect(variant.refusal() != "nothing")
    }
}
