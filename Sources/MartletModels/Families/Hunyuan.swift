// Hunyuan (dense): Llama with an RMSNorm on every query and key head after the rotation, whose base a fixed alpha stretches.

import MartletFormats

extension DecoderFamily {
    static let hunyuanDense = DecoderFamily(
        "hunyuan_v1_dense", "HunYuanDenseV1ForCausalLM",
        table: .llama.inserting(
            [
                TensorRow(.queryNorm, name: "layers.*.self_attn.query_layernorm"),
                TensorRow(.keyNorm, name: "layers.*.self_attn.key_layernorm"),
            ], after: .value),
        epsilon: 1e-5, keys: .llamaLike.union(["attention_bias", "use_qk_norm"]),
        gguf: GGUFNaming(architecture: "hunyuan-dense", keys: GGUFNaming.llamaLike)
    ) { family, file in
        guard try file.bool("use_qk_norm", default: true) else {
            throw ModelError.unsupported(
                file: file.path, key: "use_qk_norm", got: "false", expected: "true")
        }
        var plan = try family.llamaLike(
            file, defaultContext: 2048, windows: .never, rotary: { $0.readsAlpha = true })
        plan.normalisesTurned = true
        return try family.withAttentionBiases(plan, file)
    }
}
