// Qwen3 with experts: Qwen3 in which layers choose some of many MLPs for each token.

import MartletFormats

extension DecoderFamily {
    static let qwen3MoE = DecoderFamily(
        "qwen3_moe", "Qwen3MoeForCausalLM", table: qwen3.table.withExperts(),
        keys: qwen3.keys.union(ExpertKeys.qwen3.names),
        gguf: GGUFNaming(
            architecture: "qwen3moe", windows: .whereSwitchedOn,
            keys: GGUFNaming.llamaLike(ExpertKeys.qwen3.ggufNames),
            constants: ["norm_topk_prob": .bool(true)],
            unbiased: [.output])
    ) { family, file in
        var plan = try family.llamaLike(
            file.adding(["intermediate_size": 6144]), defaultContext: 32_768,
            windows: .whereSwitchedOn)
        plan = try family.withAttentionBiases(plan, file)
        try plan.readExperts(file, .qwen3)
        return plan
    }
}

extension ExpertKeys {
    fileprivate static let qwen3 = ExpertKeys(
        count: "num_experts", otherCount: "num_local_experts", width: "moe_intermediate_size",
        usualCount: 128, usualPerToken: 8,
        usualWidth: 768, mixes: true)
}
