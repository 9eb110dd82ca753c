// Phi-3 and Phi-4: Llama with fused projections, windows, and heads that turn in part, by LongRoPE.

import MartletFormats

extension DecoderFamily {
    static let phi3 = DecoderFamily(
        "phi3", "Phi3ForCausalLM",
        table: .llama
            .fusing(TensorRow(.query, .key, .value, name: "layers.*.self_attn.qkv_proj"))
            .fusing(TensorRow(.gate, .up, name: "layers.*.mlp.gate_up_proj")),
        epsilon: 1e-5,
        keys: .llamaLike.union([
            "partial_rotary_factor", "original_max_position_embeddings", "attention_bias",
        ]),
        gguf: GGUFNaming(architecture: "phi3", keys: GGUFNaming.llamaLike)
    ) { family, file in
        // The published files name biases that the model has not.
        guard try !file.bool("attention_bias", default: false) else {
            throw ModelError.unsupported(
                file: file.path, key: "attention_bias", got: "true", expected: "false")
        }
        if !file.contains("rope_scaling"), !file.contains("rope_parameters") {
            _ = try file.optionalInt(
                "original_max_position_embeddings", in: 1...Int(Int32.max))
        }
        // Without a window where none is written.
        let windows: WindowRule = file.contains("sliding_window") ? .always : .never
        return try family.llamaLike(
            file, defaultContext: 4096, windows: windows,
            rotary: {
                $0.readsShare = true
                $0.readsOriginal = true
            })
    }
}
