// Nomic's BERT: rotary positions, SwiGLU, no biases but those of norms, norms after attention and MLP.

import MartletFormats

extension EncoderFamily {
    /// Nomic Embed 1 and 1.5. Checkpoints spell their configuration as GPT-2 does, newer ones as BERT does.
    static let nomicBert = EncoderFamily(
        "nomic_bert",
        keys: Set(NomicKeys.spellings.flatMap { [$0.old, $0.new] }).union(NomicKeys.constants.keys)
            .union([
                "activation_function", "hidden_act", "rope_parameters", "head_dim", "vocab_size",
                "type_vocab_size", "max_trained_positions", "pad_vocab_size_multiple",
                // Kernels and losses of another program.
                "fused_bias_fc", "fused_dropout_add_ln", "use_flash_attn", "use_xentropy",
            ]),
        gguf: EncoderGGUFNaming(
            architecture: "nomic-bert",
            keys: EncoderGGUFNaming.bertLike.merging(["rope.freq_base": "rotary_emb_base"]) {
                first, _ in first
            })
    ) { family, file in
        func key(_ new: String) -> String {
            guard let old = NomicKeys.spellings.first(where: { $0.new == new })?.old,
                file.contains(old)
            else { return new }
            return old
        }
        for (key, expected) in NomicKeys.constants.sorted(by: { $0.key < $1.key }) {
            guard let got = file.value(key),
                got.boolValue != expected.boolValue
                    || got.doubleValue != expected.doubleValue
            else { continue }
            throw file.wrongValue(key, expected: "\(expected.summary), of which the family is made")
        }
        let names = [("activation_function", ["swiglu"]), ("hidden_act", ["silu", "swish"])]
        for (key, names) in names where file.contains(key) {
            let got = try file.string(key)
            guard names.contains(got) else {
                throw ModelError.unsupported(
                    file: file.path, key: key, got: got, expected: names[0])
            }
        }
        let hidden = try file.int(key("hidden_size"), in: 1...largestEncoderSize)
        let heads = try file.headCount(
            key("num_attention_heads"), dividing: hidden, key("hidden_size"))
        let dimension = try file.int("head_dim", default: hidden / heads, in: 2...1024)
        guard dimension % 2 == 0 else {
            throw file.wrongValue("head_dim", expected: "an even number, for rotary positions")
        }
        let base = try file.rotaryBase("rope_parameters", usual: 1000, oldKey: "rotary_emb_base")
        let layers = try file.int(key("num_hidden_layers"), in: 1...1024)
        let multiple = try file.int("pad_vocab_size_multiple", default: 1, in: 1...65_536)
        let tokens = try file.int("vocab_size", in: 1...largestEncoderSize)
        return EncoderPlan(
            family: family.modelType, hiddenSize: hidden,
            intermediateSize: try file.optionalInt(
                key("intermediate_size"), in: 1...largestEncoderSize) ?? 4 * hidden,
            vocabularySize: (tokens + multiple - 1) / multiple * multiple,
            contextLength: try file.int(
                key("max_position_embeddings"), default: 2048, in: 1...largestEncoderSize),
            headCount: heads, headDimension: dimension,
            segmentCount: try file.int("type_vocab_size", default: 2, in: 1...1024),
            layers: [EncoderLayerPlan](
                repeating: EncoderLayerPlan(rotaryBase: base), count: layers),
            table: .nomicBert, activation: .gatedSiLU,
            epsilon: try file.double(key("layer_norm_eps"), default: 1e-12, in: 0...1),
            usualPooling: .mean)
    }
}

extension ConfigurationFile {
    /// The base of rotary positions, which are not stretched: in an object, or under an old key.
    func rotaryBase(_ key: String, usual: Double, oldKey: String) throws -> Double {
        let range = 1e-3...1e12
        let old = try optionalDouble(oldKey, in: range)
        guard let object = try optionalObject(key) else { return old ?? usual }
        let kind = try object.string("rope_type", default: "default")
        guard kind == "default" else {
            throw ModelError.unsupported(
                file: path, key: object.name(of: "rope_type"), got: kind, expected: "default")
        }
        try object.requireNoOthers(
            than: ["rope_type", "rope_theta"], reader: "an encoder")
        return try object.optionalDouble("rope_theta", in: range) ?? old ?? usual
    }
}

extension EncoderTable {
    fileprivate static let nomicBert = EncoderTable(
        prefixes: ["", "bert.", "model.", "nomic_bert."],
        rows: [
            EncoderRow(.embedding, name: "embeddings.word_embeddings"),
            EncoderRow(.segments, name: "embeddings.token_type_embeddings"),
            EncoderRow(.embeddingNorm, name: "emb_ln", hasBias: true),
            EncoderRow(.query, .key, .value, name: "encoder.layers.*.attn.Wqkv"),
            EncoderRow(.output, name: "encoder.layers.*.attn.out_proj"),
            EncoderRow(.attentionEndNorm, name: "encoder.layers.*.norm1", hasBias: true),
            EncoderRow(.up, name: "encoder.layers.*.mlp.fc11"),
            EncoderRow(.gate, name: "encoder.layers.*.mlp.fc12"),
            EncoderRow(.down, name: "encoder.layers.*.mlp.fc2"),
            EncoderRow(.feedForwardEndNorm, name: "encoder.layers.*.norm2", hasBias: true),
        ])
}

/// How the keys of the family differ from BERT's.
private enum NomicKeys {
    /// The two spellings of a key.
    static let spellings = [
        (old: "n_embd", new: "hidden_size"), (old: "n_inner", new: "intermediate_size"),
        (old: "n_layer", new: "num_hidden_layers"), (old: "n_head", new: "num_attention_heads"),
        (old: "n_positions", new: "max_position_embeddings"),
        (old: "layer_norm_epsilon", new: "layer_norm_eps"),
        (old: "rotary_emb_base", new: "rotary_emb_base"),
    ]

    /// What a configuration may spell out of the family. Kernels that another program would use are no part of it.
    static let constants: [String: JSONValue] = [
        "prenorm": .bool(false), "causal": .bool(false), "parallel_block": .bool(false),
        "parallel_block_tied_norm": .bool(false), "qkv_proj_bias": .bool(false),
        "mlp_fc1_bias": .bool(false), "mlp_fc2_bias": .bool(false), "use_rms_norm": .bool(false),
        "rotary_emb_interleaved": .bool(false), "scale_attn_weights": .bool(true),
        "scale_attn_by_inverse_layer_idx": .bool(false), "rotary_emb_fraction": .number(1),
    ]
}
