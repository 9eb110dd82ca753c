// GLM-4 (0414): Llama with norms after attention and MLP, too; half of each head turns, neighbours by neighbours.

import MartletFormats

extension DecoderFamily {
    static let glm4 = DecoderFamily(
        "glm4", "Glm4ForCausalLM", table: .glm4, epsilon: 1.5625e-7,
        keys: .llamaLike.union(["attention_bias", "partial_rotary_factor"]),
        gguf: GGUFNaming(architecture: "glm4", keys: GGUFNaming.llamaLike)
    ) { family, file in
        var plan = try family.llamaLike(
            file.adding(["head_dim": 128, "partial_rotary_factor": 0.5]),
            defaultContext: 131_072, windows: .never, rotary: { $0.readsShare = true })
        plan.turnsNeighbours = true
        let hasBias = try file.bool("attention_bias", default: true)
        plan.table = plan.table.with(bias: hasBias, in: .query, .key, .value)
        return plan
    }
}

extension TensorTable {
    fileprivate static let glm4 =
        llama
        .fusing(TensorRow(.gate, .up, name: "layers.*.mlp.gate_up_proj"))
        .inserting(
            [TensorRow(.attentionEndNorm, name: "layers.*.post_self_attn_layernorm")],
            after: .output
        )
        .inserting(
            [TensorRow(.feedForwardEndNorm, name: "layers.*.post_mlp_layernorm")], after: .down)
}
