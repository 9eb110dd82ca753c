// OLMoE: Llama with experts, norms over all queries and all keys of a token, and projections that may be clamped.

import MartletFormats

extension DecoderFamily {
    static let olmoe = DecoderFamily(
        "olmoe", "OlmoeForCausalLM",
        table: TensorTable.llama.inserting(
            [
                TensorRow(.queryRowNorm, name: "layers.*.self_attn.q_norm"),
                TensorRow(.keyRowNorm, name: "layers.*.self_attn.k_norm"),
            ], after: .value
        ).withExperts(),
        epsilon: 1e-5,
        keys: .llamaLike.union(ExpertKeys.olmoe.names).union(["attention_bias", "clip_qkv"]),
        gguf: GGUFNaming(
            architecture: "olmoe", keys: GGUFNaming.llamaLike(ExpertKeys.olmoe.ggufNames),
            unbiased: [.output], needsHead: true)
    ) { family, file in
        var plan = try family.llamaLike(
            file.adding(["intermediate_size": 2048]), defaultContext: 4096, windows: .never)
        plan = try family.withAttentionBiases(plan, file)
        plan.projectionLimit = try file.optionalDouble("clip_qkv", in: 1e-6...1e9).map(Float.init)
        try plan.readExperts(file, .olmoe)
        return plan
    }
}

extension ExpertKeys {
    fileprivate static let olmoe = ExpertKeys(
        count: "num_experts", usualCount: 64, usualPerToken: 8)
}
