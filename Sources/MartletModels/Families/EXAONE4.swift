// EXAONE 4: norms after attention and MLP, and on every query and key head. Where some layers have windows, only these turn.

import MartletFormats

extension DecoderFamily {
    static let exaone4 = DecoderFamily(
        "exaone4", "Exaone4ForCausalLM", table: .exaone4, epsilon: 1e-5,
        keys: .llamaLike.union(["sliding_window_pattern"]),
        gguf: GGUFNaming(
            architecture: "exaone4", windows: .allButEach(4),
            keys: GGUFNaming.llamaLike.merging([
                "attention.sliding_window_pattern": "sliding_window_pattern"
            ]) { first, _ in first }, needsWrittenWindow: true)
    ) { family, file in
        var file = file
        if let pattern = file.value("sliding_window_pattern")?.stringValue {
            file = try file.readingPattern(pattern)
        }
        var plan = try family.llamaLike(file, defaultContext: 2048, windows: .allButEach(4))
        if plan.shape.layerWindows.contains(where: { $0 != nil }) {
            for layer in plan.shape.layers.indices where plan.shape.layers[layer].window == nil {
                plan.shape.layers[layer].rotary = nil
            }
        }
        return plan
    }
}

extension ConfigurationFile {
    /// The configuration with the kinds of layers that a pattern of letters says, L for a window and G for none.
    fileprivate func readingPattern(_ pattern: String) throws -> ConfigurationFile {
        guard !pattern.isEmpty, pattern.allSatisfy({ $0 == "L" || $0 == "G" }) else {
            throw wrongValue("sliding_window_pattern", expected: "a number, or letters L and G")
        }
        let letters = Array(pattern)
        let count = try int("num_hidden_layers", in: 1...4096)
        let kinds = (0..<count).map {
            JSONValue.string(
                letters[$0 % letters.count] == "L" ? "sliding_attention" : "full_attention")
        }
        // What is written layer by layer counts, as in transformers.
        return keeping(Set(root.members.map(\.key)).subtracting(["sliding_window_pattern"]))
            .adding(["layer_types": .array(kinds)])
    }
}

extension TensorTable {
    fileprivate static let exaone4 = olmo2.without(.queryRowNorm, .keyRowNorm).inserting(
        [
            TensorRow(.queryNorm, name: "layers.*.self_attn.q_norm"),
            TensorRow(.keyNorm, name: "layers.*.self_attn.k_norm"),
        ], after: .value)
}
