// Mistral: Llama with a sliding window, in every layer or in those that `layer_types` names.

extension DecoderFamily {
    static let mistral = DecoderFamily(
        "mistral", "MistralForCausalLM", table: .llama, keys: .llamaLike,
        gguf: GGUFNaming(
            architecture: "llama", interleaves: true, windows: .always,
            keys: GGUFNaming.llamaLike)
    ) { family, file in
        // The window counts the token itself.
        try family.llamaLike(file, defaultContext: 131_072, windows: .always)
    }

    /// Ministral: the same; its files name a kind for each layer.
    static let ministral = DecoderFamily(
        "ministral", "MinistralForCausalLM", table: .llama, keys: .llamaLike
    ) { family, file in
        try family.llamaLike(file, defaultContext: 131_072, windows: .always)
    }
}
