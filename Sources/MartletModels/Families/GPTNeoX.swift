// GPT-NeoX and Pythia: LayerNorm, GELU, a part of each head turns; attention and MLP beside each other.

import MartletFormats

extension DecoderFamily {
    static let gptNeoX = DecoderFamily(
        "gpt_neox", "GPTNeoXForCausalLM", table: .gptNeoX, norm: .layer, epsilon: 1e-5,
        feedForward: .plainGELU(isApproximate: false),
        keys: [
            "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
            "hidden_act", "vocab_size", "max_position_embeddings", "tie_word_embeddings",
            "layer_norm_eps", "rope_parameters", "rope_scaling", "rope_theta", "rotary_emb_base",
            "rotary_pct", "partial_rotary_factor", "use_parallel_residual", "attention_bias",
        ],
        gguf: GGUFNaming(
            architecture: "gptneox",
            keys: [
                "block_count": "num_hidden_layers", "context_length": "max_position_embeddings",
                "embedding_length": "hidden_size", "feed_forward_length": "intermediate_size",
                "attention.head_count": "num_attention_heads",
                "attention.layer_norm_epsilon": "layer_norm_eps", "rope.freq_base": "rope_theta",
                "use_parallel_residual": "use_parallel_residual",
            ], needsHead: true)
    ) { family, file in
        var usual: [String: JSONValue] = ["partial_rotary_factor": 0.25]
        if let base = try file.optionalDouble("rotary_emb_base", in: 1e-3...1e12) {
            usual["rope_theta"] = .number(base)
        }
        if let share = try file.optionalDouble("rotary_pct", in: 0.01...1) {
            usual["partial_rotary_factor"] = .number(share)
        }
        var plan = try family.llamaLike(
            file.adding(usual), defaultContext: 2048, windows: .never, epsilon: "layer_norm_eps",
            rotary: { $0.readsShare = true }, activation: ("hidden_act", ["gelu"]))
        plan.isParallel = try file.bool("use_parallel_residual", default: true)
        let hasBias = try file.bool("attention_bias", default: true)
        plan.table = plan.table.with(bias: hasBias, in: .query, .output)
        return plan
    }
}

extension TensorTable {
    fileprivate static let gptNeoX = TensorTable(
        prefixes: ["gpt_neox.", ""],
        rows: [
            TensorRow(.embedding, name: "embed_in"),
            TensorRow(.inputNorm, name: "layers.*.input_layernorm", hasBias: true),
            TensorRow(
                .query, .key, .value, name: "layers.*.attention.query_key_value", hasBias: true,
                isByHead: true),
            TensorRow(.output, name: "layers.*.attention.dense", hasBias: true),
            TensorRow(.feedForwardNorm, name: "layers.*.post_attention_layernorm", hasBias: true),
            TensorRow(.up, name: "layers.*.mlp.dense_h_to_4h", hasBias: true),
            TensorRow(.down, name: "layers.*.mlp.dense_4h_to_h", hasBias: true),
            TensorRow(.finalNorm, name: "final_layer_norm", hasBias: true),
            TensorRow(.head, name: "embed_out", takesPrefix: false),
        ])
}
