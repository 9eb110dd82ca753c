// Seed-OSS: Llama with biases on queries, keys and values, and heads of a width of their own.

import MartletFormats

extension DecoderFamily {
    static let seedOSS = DecoderFamily(
        "seed_oss", "SeedOssForCausalLM",
        table: .llama.with(bias: true, in: .query, .key, .value),
        keys: .llamaLike.union(["attention_bias", "attention_out_bias", "mlp_bias"]),
        gguf: GGUFNaming(
            architecture: "seed_oss", keys: GGUFNaming.llamaLike,
            names: [.feedForwardNorm: "blk.*.post_attention_norm"])
    ) { family, file in
        var plan = try family.llamaLike(
            file.adding(["head_dim": 128]), defaultContext: 524_288, windows: .never)
        let attention = try file.bool("attention_bias", default: true)
        let output = try file.bool("attention_out_bias", default: false)
        let mlp = try file.bool("mlp_bias", default: false)
        plan.table = plan.table.with(bias: attention, in: .query, .key, .value)
            .with(bias: output, in: .output).with(bias: mlp, in: .gate, .up, .down)
        return plan
    }
}
