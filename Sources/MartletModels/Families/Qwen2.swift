// Qwen2 and Qwen2.5: Llama with biases on queries, keys and values.

extension DecoderFamily {
    static let qwen2 = DecoderFamily(
        "qwen2", "Qwen2ForCausalLM", table: .llama.with(bias: true, in: .query, .key, .value),
        keys: .llamaLike.union(["max_window_layers"]),
        gguf: GGUFNaming(
            architecture: "qwen2", windows: .whereSwitchedOn, keys: GGUFNaming.llamaLike)
    ) { family, file in
        try family.llamaLike(file, defaultContext: 32_768, windows: .whereSwitchedOn)
    }
}
