// Mixtral: Mistral with experts.

import MartletFormats

extension DecoderFamily {
    static let mixtral = DecoderFamily(
        "mixtral", "MixtralForCausalLM",
        table: TensorTable.llama.withExperts(
            router: "layers.*.block_sparse_moe.gate",
            experts: "layers.*.block_sparse_moe.experts", parts: ["w1", "w3", "w2"]),
        epsilon: 1e-5,
        keys: .llamaLike.union(ExpertKeys.mixtral.names),
        gguf: GGUFNaming(
            architecture: "llama", interleaves: true, windows: .always,
            keys: GGUFNaming.llamaLike(ExpertKeys.mixtral.ggufNames))
    ) { family, file in
        // Without a window where none is written.
        let windows: WindowRule = file.contains("sliding_window") ? .always : .never
        var plan = try family.llamaLike(
            file.adding(["num_key_value_heads": 8]), defaultContext: 131_072, windows: windows,
            rotary: { $0.base = 1_000_000 })
        try plan.readExperts(file, .mixtral)
        return plan
    }
}

extension ExpertKeys {
    fileprivate static let mixtral = ExpertKeys(
        count: "num_local_experts", usualCount: 8, usualPerToken: 2,
        weighting: .softmaxOfAll(renormalises: true))
}
