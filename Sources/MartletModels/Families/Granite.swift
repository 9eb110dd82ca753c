// Granite: Llama with factors on embeddings, attention, residual branches and logits.

import MartletFormats

extension DecoderFamily {
    static let granite = DecoderFamily(
        "granite", "GraniteForCausalLM", table: .llama,
        keys: .llamaLike.union([
            "attention_bias", "mlp_bias", "embedding_multiplier", "attention_multiplier",
            "residual_multiplier", "logits_scaling",
        ]),
        gguf: GGUFNaming(
            architecture: "granite", interleaves: true,
            keys: GGUFNaming.llamaLike(GGUFNaming.graniteFactors))
    ) { family, file in
        var plan = try family.llamaLike(file, defaultContext: 2048, windows: .never)
        try plan.readGraniteFactors(file)
        return try family.withBiases(plan, file)
    }
}

extension GGUFNaming {
    /// The factors of Granite and its descendants.
    static let graniteFactors = [
        "embedding_scale": "embedding_multiplier", "attention.scale": "attention_multiplier",
        "residual_scale": "residual_multiplier", "logit_scale": "logits_scaling",
    ]
}

extension DecoderPlan {
    /// Reads the factors of Granite and its descendants.
    mutating func readGraniteFactors(_ file: ConfigurationFile) throws {
        func factor(_ key: String) throws -> Float {
            Float(try file.double(key, default: 1, in: 1e-9...1e9))
        }
        embeddingScale = try factor("embedding_multiplier")
        attentionScale = try factor("attention_multiplier")
        residualScale = try factor("residual_multiplier")
        // Logits are divided by it.
        logitScale = 1 / (try factor("logits_scaling"))
    }
}
