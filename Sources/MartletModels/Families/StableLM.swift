// StableLM: Llama with LayerNorm; a part of each head turns, and attention and MLP may lie beside each other.

import MartletFormats

extension DecoderFamily {
    static let stableLM = DecoderFamily(
        "stablelm", "StableLmForCausalLM", table: .llama.withNormBiases(true), norm: .layer,
        epsilon: 1e-5,
        keys: .llamaLike(epsilon: "layer_norm_eps").union([
            "partial_rotary_factor", "use_qkv_bias", "use_parallel_residual", "qk_layernorm",
        ]),
        gguf: GGUFNaming(
            architecture: "stablelm",
            keys: GGUFNaming.layerNormed.merging([
                "use_parallel_residual": "use_parallel_residual"
            ]) { first, _ in first }, needsHead: true)
    ) { family, file in
        var plan = try family.llamaLike(
            file.adding(["partial_rotary_factor": 0.25]), defaultContext: 4096, windows: .never,
            epsilon: "layer_norm_eps", rotary: { $0.readsShare = true })
        if try file.bool("use_parallel_residual", default: false) {
            plan.isParallel = true
            plan.table = plan.table.without(.feedForwardNorm)
        }
        if try file.bool("qk_layernorm", default: false) {
            plan.table = plan.table.inserting(
                [
                    TensorRow(.queryHeadNorm, name: "layers.*.self_attn.q_layernorm.norms.#"),
                    TensorRow(.keyHeadNorm, name: "layers.*.self_attn.k_layernorm.norms.#"),
                ], after: .value)
        }
        let hasBias = try file.bool("use_qkv_bias", default: false)
        plan.table = plan.table.with(bias: hasBias, in: .query, .key, .value)
        return plan
    }
}
