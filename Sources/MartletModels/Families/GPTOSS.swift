// gpt-oss: experts with biases in a clamped SwiGLU, windows in every other layer, and a sink for each query head.

import MartletFormats

extension DecoderFamily {
    static let gptOSS = DecoderFamily(
        "gpt_oss", "GptOssForCausalLM", table: .gptOSS, epsilon: 1e-5,
        feedForward: .clampedSwiGLU(alpha: usualAlpha, limit: usualLimit),
        keys: .llamaLike.union(ExpertKeys.gptOSS.names).union([
            "attention_bias", "swiglu_alpha", "swiglu_limit", "experts_per_token",
            "initial_context_length",
        ]),
        gguf: GGUFNaming(
            architecture: "gpt-oss", windows: .allButEach(2),
            keys: GGUFNaming.llamaLike(
                ExpertKeys.gptOSS.ggufNames, ["expert_feed_forward_length": "intermediate_size"]),
            names: [.feedForwardNorm: "blk.*.post_attention_norm"], listsWindows: true,
            stretchesWholly: false, needsHead: true)
    ) { family, file in
        try file.requireUsual(["attention_bias": .bool(true)])
        // A note of where YaRN begins to stretch, which its own keys say.
        _ = try file.optionalInt("initial_context_length", in: 1...Int(Int32.max))
        let file = file.adding([
            "intermediate_size": 2880, "head_dim": 64, "num_key_value_heads": 8,
            "sliding_window": 128,
        ])
        var plan = try family.llamaLike(
            file, defaultContext: 131_072, windows: .allButEach(2),
            rotary: { $0.base = 150_000 })
        try plan.readExperts(file, .gptOSS)
        guard let experts = plan.shape.experts else {
            throw file.wrongValue("num_local_experts", expected: "at least 1")
        }
        plan.feedForward = .clampedSwiGLU(
            alpha: try file.optionalDouble("swiglu_alpha", in: 0...1e6).map { Float($0) }
                ?? usualAlpha,
            limit: try file.optionalDouble("swiglu_limit", in: 0...1e6).map { Float($0) }
                ?? usualLimit)
        // An older name of the same number.
        if let older = try file.optionalInt("experts_per_token", in: 1...4096),
            older != experts.perToken
        {
            throw file.wrongValue(
                "experts_per_token", expected: "\(experts.perToken), as num_experts_per_tok")
        }
        return plan
    }

    /// What every published model has.
    private static let usualAlpha: Float = 1.702, usualLimit: Float = 7
}

extension TensorTable {
    fileprivate static let gptOSS = TensorTable.llama.inserting(
        [TensorRow(.sinks, name: "layers.*.self_attn.sinks", suffix: "")], after: .value
    ).withExperts(
        router: "layers.*.mlp.router",
        stacks: [
            ExpertStack(
                name: "layers.*.mlp.experts.gate_up_proj", roles: [.expertGate, .expertUp],
                alternates: true),
            ExpertStack(
                name: "layers.*.mlp.experts.down_proj", roles: [.expertDown], alternates: true),
        ], storesStacks: true
    ).with(
        bias: true,
        in: .query, .key, .value, .output, .router, .expertGate, .expertUp, .expertDown)
}

extension ExpertKeys {
    fileprivate static let gptOSS = ExpertKeys(
        count: "num_local_experts", usualCount: 128, usualPerToken: 4,
        weighting: .softmaxOfChosen)
}
