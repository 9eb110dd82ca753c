// Qwen3: Llama with an RMSNorm on every query and key head.

import MartletFormats

extension DecoderFamily {
    static let qwen3 = DecoderFamily(
        "qwen3", "Qwen3ForCausalLM",
        table: .llama.inserting(
            [
                TensorRow(.queryNorm, name: "layers.*.self_attn.q_norm"),
                TensorRow(.keyNorm, name: "layers.*.self_attn.k_norm"),
            ], after: .value),
        keys: .llamaLike.union(["attention_bias", "max_window_layers"]),
        gguf: GGUFNaming(
            architecture: "qwen3", windows: .whereSwitchedOn, keys: GGUFNaming.llamaLike)
    ) { family, file in
        var plan = try family.llamaLike(
            file, defaultContext: 32_768, windows: .whereSwitchedOn)
        plan = try family.withAttentionBiases(plan, file)
        return plan
    }
}
