// Llama 1, 2, 3.x and SmolLM: RMSNorm, rotary positions, grouped queries, SwiGLU.

import MartletFormats

extension DecoderFamily {
    static let llama = DecoderFamily(
        "llama", "LlamaForCausalLM", table: .llama,
        keys: .llamaLike.union(["attention_bias", "mlp_bias"]),
        gguf: GGUFNaming(
            architecture: "llama", interleaves: true, keys: GGUFNaming.llamaLike)
    ) { family, file in
        try family.withBiases(
            family.llamaLike(file, defaultContext: 2048, windows: .never), file)
    }

    /// The plan with biases in attention and in the MLP where the configuration says so.
    func withBiases(_ plan: DecoderPlan, _ file: ConfigurationFile) throws -> DecoderPlan {
        var plan = try withAttentionBiases(plan, file)
        let hasBias = try file.bool("mlp_bias", default: false)
        plan.table = plan.table.with(bias: hasBias, in: .gate, .up, .down)
        return plan
    }

    /// The plan with biases in attention where the configuration says so.
    func withAttentionBiases(
        _ plan: DecoderPlan, _ file: ConfigurationFile
    ) throws -> DecoderPlan {
        var plan = plan
        let hasBias = try file.bool("attention_bias", default: false)
        plan.table = plan.table.with(bias: hasBias, in: .query, .key, .value, .output)
        return plan
    }
}

extension TensorTable {
    /// The tensors that Llama and its descendants share. A checkpoint of the model without its head has no prefix,
    /// one of a model that sees pictures a longer one.
    static let llama = TensorTable(
        prefixes: ["model.", "", "model.language_model.", "language_model.model."],
        rows: [
            TensorRow(.embedding, name: "embed_tokens"),
            TensorRow(.inputNorm, name: "layers.*.input_layernorm"),
            TensorRow(.query, name: "layers.*.self_attn.q_proj"),
            TensorRow(.key, name: "layers.*.self_attn.k_proj"),
            TensorRow(.value, name: "layers.*.self_attn.v_proj"),
            TensorRow(.output, name: "layers.*.self_attn.o_proj"),
            TensorRow(.feedForwardNorm, name: "layers.*.post_attention_layernorm"),
            TensorRow(.gate, name: "layers.*.mlp.gate_proj"),
            TensorRow(.up, name: "layers.*.mlp.up_proj"),
            TensorRow(.down, name: "layers.*.mlp.down_proj"),
            TensorRow(.finalNorm, name: "norm"),
            TensorRow(.head, name: "lm_head", takesPrefix: false),
            TensorRow(.marks, name: "layers.*.self_attn.dms_proj_alpha"),
            TensorRow(.marksNorm, name: "layers.*.self_attn.dms_proj_alpha_norm"),
        ])
}
