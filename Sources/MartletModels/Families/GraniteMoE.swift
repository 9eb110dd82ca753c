// Granite with experts: Granite's factors, and experts that are weighed among themselves.

import MartletFormats

extension DecoderFamily {
    static let graniteMoE = DecoderFamily(
        "granitemoe", "GraniteMoeForCausalLM",
        table: TensorTable.llama.withExperts(
            router: "layers.*.block_sparse_moe.router.layer",
            experts: "layers.*.block_sparse_moe.experts",
            stacks: [
                ExpertStack(
                    name: "layers.*.block_sparse_moe.input_linear.weight",
                    roles: [.expertGate, .expertUp]),
                ExpertStack(
                    name: "layers.*.block_sparse_moe.output_linear.weight", roles: [.expertDown]),
            ], storesStacks: true),
        keys: granite.keys.subtracting(["mlp_bias"]).union(ExpertKeys.granite.names),
        gguf: GGUFNaming(
            architecture: "granitemoe", interleaves: true,
            keys: GGUFNaming.llamaLike(GGUFNaming.graniteFactors, ExpertKeys.granite.ggufNames))
    ) { family, file in
        var plan = try family.llamaLike(file, defaultContext: 2048, windows: .never)
        try plan.readGraniteFactors(file)
        plan = try family.withAttentionBiases(plan, file)
        try plan.readExperts(file, .granite)
        return plan
    }
}

extension ExpertKeys {
    fileprivate static let granite = ExpertKeys(
        count: "num_local_experts", usualCount: 8, usualPerToken: 2, weighting: .softmaxOfChosen)
}
