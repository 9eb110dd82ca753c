// ERNIE 4.5 (dense): Llama whose rotations turn neighbours.

import MartletFormats

extension DecoderFamily {
    static let ernie45 = DecoderFamily(
        "ernie4_5", "Ernie4_5ForCausalLM", table: .llama, epsilon: 1e-5,
        keys: .llamaLike.union(["use_bias"]),
        gguf: GGUFNaming(
            architecture: "ernie4_5", keys: GGUFNaming.llamaLike, unbiased: [.gate, .up, .down])
    ) { family, file in
        var plan = try family.llamaLike(
            file.adding(["head_dim": 128, "tie_word_embeddings": true]),
            defaultContext: 131_072, windows: .never, rotary: { $0.base = 500_000 })
        plan.turnsNeighbours = true
        let hasBias = try file.bool("use_bias", default: false)
        plan.table = plan.table.with(
            bias: hasBias, in: .query, .key, .value, .output, .gate, .up, .down)
        return plan
    }
}
