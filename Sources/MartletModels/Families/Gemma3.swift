// Gemma 3: norms before and after attention and MLP, stored less 1; scaled embeddings, GELU, two rotations.

import MartletFormats

extension DecoderFamily {
    static let gemma3 = DecoderFamily(
        "gemma3_text", "Gemma3ForCausalLM", table: .gemma3, feedForward: .gatedGELU,
        keys: .llamaLike.subtracting(["hidden_act"]).union([
            "hidden_activation", "query_pre_attn_scalar", "sliding_window_pattern",
            "_sliding_window_pattern", "rope_local_base_freq", "attention_bias",
        ]),
        gguf: GGUFNaming(
            architecture: "gemma3", windows: .allButEach(6),
            keys: GGUFNaming.llamaLike.merging([
                "rope.freq_base_swa": "rope_local_base_freq",
                "attention.sliding_window_pattern": "sliding_window_pattern",
            ]) { first, _ in first }, holdsWholeNorms: true)
    ) { family, file in
        // What files of the larger models leave out.
        let file = file.adding([
            "vocab_size": 262_208, "hidden_size": 2304, "intermediate_size": 9216,
            "num_hidden_layers": 26, "num_attention_heads": 8, "num_key_value_heads": 4,
            "head_dim": 256, "tie_word_embeddings": true,
        ])
        let (local, global) = try rotations(file)
        var plan = try family.llamaLike(
            file.keeping(
                family.keys.subtracting(["rope_parameters", "rope_scaling", "rope_theta"])),
            defaultContext: 131_072, windows: .allButEach(6),
            activation: ("hidden_activation", ["gelu_pytorch_tanh", "gelu_tanh"]))
        for (rotary, layers) in [(local, true), (global, false)] {
            try rotary.check(file, headDimension: plan.shape.headDimension)
            for layer in plan.shape.layers.indices
            where (plan.shape.layers[layer].window != nil) == layers {
                plan.shape.layers[layer].rotary = rotary
            }
        }
        let width = try file.double("query_pre_attn_scalar", default: 256, in: 1e-6...1e9)
        plan.attentionScale = Float(1 / width.squareRoot())
        plan.normOffset = 1
        plan.embeddingScale = Float(plan.shape.hiddenSize).squareRoot()
        let hasBias = try file.bool("attention_bias", default: false)
        plan.table = plan.table.with(bias: hasBias, in: .query, .key, .value, .output)
        return plan
    }

    /// How layers with a window rotate, and those without: `rope_parameters` by the kind of a layer, or the old keys.
    private static func rotations(
        _ file: ConfigurationFile
    ) throws -> (local: RotaryParameters, global: RotaryParameters) {
        let context = try file.int(
            "max_position_embeddings", default: 131_072, in: 1...Int(Int32.max))
        let local = RotaryKeys(
            base: try file.double("rope_local_base_freq", default: 10_000, in: 1e-3...1e12),
            context: context)
        let global = RotaryKeys(
            base: try file.double("rope_theta", default: 1_000_000, in: 1e-3...1e12),
            context: context)
        guard let kinds = try file.optionalObject("rope_parameters"), kinds.root.count > 0 else {
            let scaling = try file.optionalObject("rope_scaling")
            return (
                RotaryParameters(base: local.base),
                try scaling.map { try RotaryParameters($0, in: file, global) }
                    ?? RotaryParameters(base: global.base)
            )
        }
        guard !file.contains("rope_scaling") else {
            throw file.wrongValue("rope_scaling", expected: "none beside rope_parameters")
        }
        try kinds.requireNoOthers(
            than: ["sliding_attention", "full_attention"],
            reader: "a rotation for each kind of layer"
        )
        return (
            try kinds.optionalObject("sliding_attention").map {
                try RotaryParameters($0, in: file, local)
            } ?? RotaryParameters(base: local.base),
            try kinds.optionalObject("full_attention").map {
                try RotaryParameters($0, in: file, global)
            } ?? RotaryParameters(base: global.base)
        )
    }
}

extension TensorTable {
    fileprivate static let gemma3 = TensorTable(prefixes: llama.prefixes, rows: llama.rows)
        .renaming(.feedForwardNorm, "layers.*.pre_feedforward_layernorm")
        .inserting(
            [
                TensorRow(.queryNorm, name: "layers.*.self_attn.q_norm"),
                TensorRow(.keyNorm, name: "layers.*.self_attn.k_norm"),
            ], after: .value
        )
        .inserting(
            [TensorRow(.attentionEndNorm, name: "layers.*.post_attention_layernorm")],
            after: .output
        )
        .inserting(
            [TensorRow(.feedForwardEndNorm, name: "layers.*.post_feedforward_layernorm")],
            after: .down)
}
