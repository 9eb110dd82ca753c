// Command R7B and A (Cohere 2): LayerNorm without biases, attention and MLP beside each other; only layers with windows turn,
// neighbours by neighbours.

import MartletFormats

extension DecoderFamily {
    static let cohere2 = DecoderFamily(
        "cohere2", "Cohere2ForCausalLM", table: .llama.without(.feedForwardNorm), norm: .layer,
        epsilon: 1e-5,
        keys: .llamaLike(epsilon: "layer_norm_eps").union(notes.keys).union([
            "attention_bias", "logit_scale", "sliding_window_pattern", "_sliding_window_pattern",
            "layer_switch",
        ]),
        gguf: GGUFNaming(
            architecture: "cohere2", windows: .allButEach(4),
            keys: GGUFNaming.layerNormed.merging([
                "logit_scale": "logit_scale",
                "attention.sliding_window_pattern": "sliding_window_pattern",
            ]) { first, _ in first })
    ) { family, file in
        try file.requireUsual(notes)
        let file = file.adding(["tie_word_embeddings": true])
        var plan = try family.llamaLike(
            file, defaultContext: 8192, windows: .allButEach(4), epsilon: "layer_norm_eps")
        if let period = try file.optionalInt("layer_switch", in: 1...4096),
            period != (try file.optionalInt("sliding_window_pattern", in: 1...4096) ?? 4)
        {
            throw file.wrongValue("layer_switch", expected: "sliding_window_pattern's number")
        }
        try plan.turn(windowed: plan.shape.layers.first?.rotary, others: nil, file)
        plan.isParallel = true
        plan.turnsNeighbours = true
        plan.logitScale = Float(try file.double("logit_scale", default: 0.0625, in: 1e-9...1e9))
        plan = try family.withAttentionBiases(plan, file)
        return plan
    }

    /// What published files note of the family's own ways.
    private static let notes: [String: JSONValue] = [
        "use_embedding_sharing": true, "use_gated_activation": true, "use_parallel_block": true,
        "use_parallel_embedding": true,
        "position_embedding_type": "rope_gptj", "order_of_interleaved_layers": "local_attn_first",
    ]
}
