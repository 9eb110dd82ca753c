// StarCoder 2: Llama with LayerNorm, one GELU instead of a gated MLP, and biases everywhere.

import MartletFormats

extension DecoderFamily {
    static let starCoder2 = DecoderFamily(
        "starcoder2", "Starcoder2ForCausalLM", table: .starCoder2, norm: .layer, epsilon: 1e-5,
        feedForward: .plainGELU(isApproximate: true),
        keys: .llamaLike(epsilon: "norm_epsilon").union(notes.keys).union(["use_bias"]),
        gguf: GGUFNaming(
            architecture: "starcoder2", windows: .always,
            keys: GGUFNaming.layerNormed.merging([
                "attention.layer_norm_epsilon": "norm_epsilon"
            ]) { $1 })
    ) { family, file in
        try file.requireUsual(notes)
        var plan = try family.llamaLike(
            file.adding(["tie_word_embeddings": true]), defaultContext: 4096,
            windows: file.contains("sliding_window") ? .always : .never, epsilon: "norm_epsilon",
            activation: ("hidden_act", ["gelu_pytorch_tanh", "gelu_tanh", "gelu_new"]))
        let hasBias = try file.bool("use_bias", default: true)
        plan.table = plan.table.with(
            bias: hasBias, in: .query, .key, .value, .output, .up, .down)
        return plan
    }

    /// What published files note of the family's own ways.
    private static let notes: [String: JSONValue] = [
        "mlp_type": "default", "norm_type": "layer_norm", "scale_attn_weights": true,
    ]
}

extension TensorTable {
    fileprivate static let starCoder2 = llama.without(.gate)
        .renaming(.up, "layers.*.mlp.c_fc").renaming(.down, "layers.*.mlp.c_proj")
        .withNormBiases(true)
}
