// OLMo 3: OLMo 2 with windows in three layers of four, which turn without YaRN.

import MartletFormats

extension DecoderFamily {
    static let olmo3 = DecoderFamily(
        "olmo3", "Olmo3ForCausalLM", table: .olmo2, epsilon: 1e-5,
        keys: .llamaLike.union(["attention_bias"]),
        gguf: GGUFNaming(
            architecture: "olmo2", windows: .allButEach(4), keys: GGUFNaming.llamaLike,
            stretchesFullLayersAlone: true, needsHead: true)
    ) { family, file in
        let keys = RotaryKeys(
            base: try file.double("rope_theta", default: 500_000, in: 1e-3...1e12),
            context: try file.int(
                "max_position_embeddings", default: 2048, in: 1...Int(Int32.max)))
        let rotations = try file.rotations(windowed: keys, others: keys)
        var plan = try family.llamaLike(
            file.keeping(family.keys.subtracting(ConfigurationFile.rotationKeys)),
            defaultContext: 2048, windows: .allButEach(4))
        try plan.turn(windowed: rotations.windowed, others: rotations.others, file)
        return try family.withAttentionBiases(plan, file)
    }
}
