// Qwen2 with experts: beside those that are chosen, one through which every token runs, behind a gate.

import MartletFormats

extension DecoderFamily {
    static let qwen2MoE = DecoderFamily(
        "qwen2_moe", "Qwen2MoeForCausalLM",
        table: qwen2.table.withExperts().inserting(
            [
                TensorRow(.sharedRouter, name: "layers.*.mlp.shared_expert_gate"),
                TensorRow(.sharedGate, name: "layers.*.mlp.shared_expert.gate_proj"),
                TensorRow(.sharedUp, name: "layers.*.mlp.shared_expert.up_proj"),
                TensorRow(.sharedDown, name: "layers.*.mlp.shared_expert.down_proj"),
            ], after: .expertDown),
        keys: qwen2.keys.union(ExpertKeys.qwen2.names).union(["qkv_bias"]),
        gguf: GGUFNaming(
            architecture: "qwen2moe", windows: .whereSwitchedOn,
            keys: GGUFNaming.llamaLike(ExpertKeys.qwen2.ggufNames), needsHead: true)
    ) { family, file in
        var plan = try family.llamaLike(
            file.adding(["intermediate_size": 5632]), defaultContext: 32_768,
            windows: .whereSwitchedOn)
        let hasBias = try file.bool("qkv_bias", default: true)
        plan.table = plan.table.with(bias: hasBias, in: .query, .key, .value)
        try plan.readExperts(file, .qwen2)
        return plan
    }
}

extension ExpertKeys {
    fileprivate static let qwen2 = ExpertKeys(
        count: "num_experts", width: "moe_intermediate_size",
        sharedWidth: "shared_expert_intermediate_size", usualCount: 60, usualPerToken: 4,
        usualWidth: 1408, usualSharedWidth: 5632, mixes: true)
}
