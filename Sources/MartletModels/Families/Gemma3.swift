// Gemma 3: norms before and after attention and MLP, stored less 1; scaled embeddings, GELU, two rotations.

import MartletFormats

extension DecoderFamily {
    static let gemma3 = DecoderFamily(
        "gemma3_text", "Gemma3ForCausalLM", table: .gemma3, feedForward: .gatedGELU,
        keys: .llamaLike.subtracting(["hidden_act"]).union([
            "hidden_activation", "query_pre_attn_scalar", "sliding_window_pattern",
            "_sliding_window_pattern", "rope_local_base_freq", "attention_bias",
        ]),
        gguf: GGUFNaming(
            architecture: "gemma3", windows: .allButEach(6),
            keys: GGUFNaming.llamaLike.merging([
                "rope.freq_base_swa": "rope_local_base_freq",
                "attention.sliding_window_pattern": "sliding_window_pattern",
            ]) { first, _ in first }, holdsWholeNorms: true)
    ) { family, file in
        // What files of the larger models leave out.
        let file = file.adding([
            "vocab_size": 262_208, "hidden_size": 2304, "intermediate_size": 9216,
            "num_hidden_layers": 26, "num_attention_heads": 8, "num_key_value_heads": 4,
            "head_dim": 256, "tie_word_embeddings": true,
        ])
        let context = try file.int(
            "max_position_embeddings", default: 131_072, in: 1...Int(Int32.max))
        let rotations = try file.rotations(
            windowed: RotaryKeys(
                base: try file.double("rope_local_base_freq", default: 10_000, in: 1e-3...1e12),
                context: context),
            others: RotaryKeys(
                base: try file.double("rope_theta", default: 1_000_000, in: 1e-3...1e12),
                context: context))
        var plan = try family.llamaLike(
            file.keeping(family.keys.subtracting(ConfigurationFile.rotationKeys)),
            defaultContext: 131_072, windows: .allButEach(6),
            activation: ("hidden_activation", ["gelu_pytorch_tanh", "gelu_tanh"]))
        try plan.turn(windowed: rotations.windowed, others: rotations.others, file)
        try plan.readGemma(file)
        return plan
    }
}

extension DecoderPlan {
    /// What Gemma 2 and 3 share: how queries are scaled, norms less 1, scaled embeddings, biases.
    mutating func readGemma(_ file: ConfigurationFile) throws {
        let width = try file.double("query_pre_attn_scalar", default: 256, in: 1e-6...1e9)
        attentionScale = Float(1 / width.squareRoot())
        normOffset = 1
        embeddingScale = Float(shape.hiddenSize).squareRoot()
        let hasBias = try file.bool("attention_bias", default: false)
        table = table.with(bias: hasBias, in: .query, .key, .value, .output)
    }
}

extension TensorTable {
    fileprivate static let gemma3 = gemma2.inserting(
        [
            TensorRow(.queryNorm, name: "layers.*.self_attn.q_norm"),
            TensorRow(.keyNorm, name: "layers.*.self_attn.k_norm"),
        ], after: .value)

    /// Llama's with norms after attention and MLP, too.
    static let gemma2 = llama.renaming(.feedForwardNorm, "layers.*.pre_feedforward_layernorm")
        .inserting(
            [TensorRow(.attentionEndNorm, name: "layers.*.post_attention_layernorm")],
            after: .output
        )
        .inserting(
            [TensorRow(.feedForwardEndNorm, name: "layers.*.post_feedforward_layernorm")],
            after: .down)
}
