// GPT-2: LayerNorm, learned positions, one head for each query, GELU.

import MartletFormats

extension DecoderFamily {
    static let gpt2 = DecoderFamily(
        "gpt2", "GPT2LMHeadModel", table: .gpt2, norm: .layer, epsilon: 1e-5,
        feedForward: .plainGELU(isApproximate: true),
        keys: [
            "n_embd", "n_head", "n_layer", "n_inner", "n_positions", "vocab_size",
            "activation_function", "tie_word_embeddings", "layer_norm_epsilon",
            "scale_attn_weights", "scale_attn_by_inverse_layer_idx", "add_cross_attention",
            "stores_outputs_first",
        ],
        gguf: GGUFNaming(
            architecture: "gpt2",
            keys: [
                "block_count": "n_layer", "context_length": "n_positions",
                "embedding_length": "n_embd", "feed_forward_length": "n_inner",
                "attention.head_count": "n_head",
                "attention.layer_norm_epsilon": "layer_norm_epsilon",
            ])
    ) { family, file in
        let hidden = try file.int("n_embd", in: 1...largestSize)
        let heads = try file.int("n_head", in: 1...4096)
        guard hidden % heads == 0 else {
            throw file.wrongValue("n_head", expected: "a divisor of n_embd \(hidden)")
        }
        let layers = try file.int("n_layer", in: 1...4096)
        let activation = try file.string("activation_function", default: "gelu_new")
        guard ["gelu", "gelu_new", "gelu_pytorch_tanh"].contains(activation) else {
            throw ModelError.unsupported(
                file: file.path, key: "activation_function", got: activation,
                expected: "gelu, gelu_new or gelu_pytorch_tanh")
        }
        for key in ["scale_attn_by_inverse_layer_idx", "add_cross_attention"]
        where try file.bool(key, default: false) {
            throw ModelError.unsupported(
                file: file.path, key: key, got: "true", expected: "false")
        }
        var plan = family.plan(
            DecoderShape(
                family: family.modelType, layerCount: layers, hiddenSize: hidden,
                intermediateSize: try file.optionalInt("n_inner", in: 1...largestSize)
                    ?? 4 * hidden,
                headCount: heads, keyValueHeadCount: heads, headDimension: hidden / heads,
                vocabularySize: try file.int("vocab_size", in: 1...largestSize),
                contextLength: try file.int("n_positions", in: 1...largestSize),
                tiesEmbeddings: try file.bool("tie_word_embeddings", default: true), rotary: nil))
        plan.epsilon = try file.double("layer_norm_epsilon", default: family.epsilon, in: 0...1)
        plan.feedForward = .plainGELU(isApproximate: activation != "gelu")
        if try !file.bool("scale_attn_weights", default: true) { plan.attentionScale = 1 }
        // Only of configurations that are made of GGUF's metadata.
        if try file.bool("stores_outputs_first", default: false) {
            plan.table = plan.table.storingOutputsFirst()
        }
        return plan
    }
}

extension TensorTable {
    /// The published checkpoint has no prefix; those that transformers saves have one.
    fileprivate static let gpt2 = TensorTable(
        prefixes: ["transformer.", ""],
        rows: [
            TensorRow(.embedding, name: "wte"),
            TensorRow(.positions, name: "wpe"),
            TensorRow(.inputNorm, name: "h.*.ln_1", hasBias: true),
            TensorRow(
                .query, .key, .value, name: "h.*.attn.c_attn", hasBias: true, isTransposed: true),
            TensorRow(.output, name: "h.*.attn.c_proj", hasBias: true, isTransposed: true),
            TensorRow(.feedForwardNorm, name: "h.*.ln_2", hasBias: true),
            TensorRow(.up, name: "h.*.mlp.c_fc", hasBias: true, isTransposed: true),
            TensorRow(.down, name: "h.*.mlp.c_proj", hasBias: true, isTransposed: true),
            TensorRow(.finalNorm, name: "ln_f", hasBias: true),
            TensorRow(.head, name: "lm_head", takesPrefix: false),
        ])
}
