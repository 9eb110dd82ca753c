// OLMo 2: norms after attention and MLP instead of before, and over all queries and all keys of a token.

import MartletFormats

extension DecoderFamily {
    static let olmo2 = DecoderFamily(
        "olmo2", "Olmo2ForCausalLM", table: .olmo2, epsilon: 1e-5,
        keys: .llamaLike.union(["attention_bias"]),
        gguf: GGUFNaming(architecture: "olmo2", keys: GGUFNaming.llamaLike, needsHead: true)
    ) { family, file in
        var plan = try family.llamaLike(file, defaultContext: 2048, windows: .never)
        plan = try family.withAttentionBiases(plan, file)
        return plan
    }
}

extension TensorTable {
    /// Norms of whole queries and keys, and of what attention and MLP add; none before them.
    static let olmo2 = llama.without(.inputNorm, .feedForwardNorm)
        .inserting(
            [
                TensorRow(.queryRowNorm, name: "layers.*.self_attn.q_norm"),
                TensorRow(.keyRowNorm, name: "layers.*.self_attn.k_norm"),
            ], after: .value
        )
        .inserting(
            [TensorRow(.attentionEndNorm, name: "layers.*.post_attention_layernorm")],
            after: .output
        )
        .inserting(
            [TensorRow(.feedForwardEndNorm, name: "layers.*.post_feedforward_layernorm")],
            after: .down)
}
