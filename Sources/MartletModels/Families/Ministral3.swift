// Ministral 3: Llama by YaRN, whose queries grow with their position.

import MartletFormats

extension DecoderFamily {
    static let ministral3 = DecoderFamily(
        "ministral3", "Ministral3ForCausalLM", table: .llama, epsilon: 1e-5, keys: .llamaLike
    ) { family, file in
        let hasWindow = file.contains("sliding_window")
        var usual: [String: JSONValue] = ["head_dim": 128]
        if !file.contains("rope_scaling") {
            usual["rope_parameters"] = [
                "rope_type": "yarn", "rope_theta": 1_000_000, "factor": 16,
                "original_max_position_embeddings": 16_384, "mscale": 1, "mscale_all_dim": 1,
                "llama_4_scaling_beta": 0.1,
            ]
        }
        return try family.llamaLike(
            file.adding(usual), defaultContext: 262_144,
            windows: hasWindow ? .always : .never, rotary: { $0.readsGrowth = true })
    }
}
