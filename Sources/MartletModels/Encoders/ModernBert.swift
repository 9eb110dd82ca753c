// ModernBERT: norms before attention and MLP, gated GELU, rotary positions, and layers that see their neighbourhood alone.

import MartletFormats

extension EncoderFamily {
    /// ModernBERT, and embedding models made of it.
    static let modernBert = EncoderFamily(
        "modernbert",
        keys: [
            "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers",
            "num_attention_heads", "hidden_activation", "max_position_embeddings", "norm_eps",
            "layer_norm_eps", "norm_bias", "attention_bias", "mlp_bias", "layer_types",
            "local_attention", "sliding_window", "global_attn_every_n_layers", "global_rope_theta",
            "local_rope_theta", "rope_parameters", "position_embedding_type",
            "embedding_dropout", "mlp_dropout", "initializer_cutoff_factor", "decoder_bias",
            "classifier_pooling", "classifier_bias", "classifier_activation",
            "deterministic_flash_attn", "reference_compile", "repad_logits_with_grad",
            "sparse_prediction", "sparse_pred_ignore_index",
        ],
        gguf: EncoderGGUFNaming(
            architecture: "modern-bert",
            keys: EncoderGGUFNaming.bertLike.merging([
                "attention.layer_norm_epsilon": "norm_eps",
                "attention.sliding_window": "local_attention",
                "attention.sliding_window_pattern": "global_attn_every_n_layers",
                "rope.freq_base": "global_rope_theta",
                "rope.freq_base_swa": "local_rope_theta",
            ]) { _, second in second }, wholeLayers: (period: 3, place: 0))
    ) { family, file in
        let hidden = try file.int("hidden_size", default: 768, in: 1...largestEncoderSize)
        let heads = try file.headCount("num_attention_heads", dividing: hidden, "hidden_size")
        guard hidden / heads % 2 == 0 else {
            throw file.wrongValue(
                "num_attention_heads", expected: "heads of an even width, for rotary positions")
        }
        var table = EncoderTable.modernBert
        let normBias = try file.bool("norm_bias", default: false)
        let attentionBias = try file.bool("attention_bias", default: false)
        let mlpBias = try file.bool("mlp_bias", default: false)
        table = table.with(bias: normBias) { $0.isNorm }
            .with(bias: attentionBias) { [.query, .output].contains($0) }
            .with(bias: mlpBias) { [.gate, .down].contains($0) }
        return EncoderPlan(
            family: family.modelType, hiddenSize: hidden,
            intermediateSize: try file.int(
                "intermediate_size", default: 1152, in: 1...largestEncoderSize),
            vocabularySize: try file.int("vocab_size", in: 1...largestEncoderSize),
            contextLength: try file.int(
                "max_position_embeddings", default: 8192, in: 1...largestEncoderSize),
            headCount: heads, headDimension: hidden / heads, layers: try layers(file),
            table: table,
            activation: .gatedGELU(
                isApproximate: try file.geluIsApproximate("hidden_activation")),
            epsilon: try file.double("norm_eps", default: 1e-5, in: 0...1), usualPooling: .mean)
    }

    /// Every third layer sees the whole text, unless the configuration says otherwise; each kind turns by a base of its
    /// own. A neighbourhood of 128 tokens reaches 64 to each side.
    private static func layers(_ file: ConfigurationFile) throws -> [EncoderLayerPlan] {
        let count = try file.int("num_hidden_layers", default: 22, in: 1...1024)
        let period = try file.int("global_attn_every_n_layers", default: 3, in: 1...1024)
        let reach: Int
        if file.contains("local_attention") {
            reach = try file.int("local_attention", in: 0...largestEncoderSize) / 2
        } else {
            reach = try file.int("sliding_window", default: 64, in: 0...largestEncoderSize)
        }
        let (global, local) = ("full_attention", "sliding_attention")
        let types: [String]
        if file.contains("layer_types") {
            types = try file.strings("layer_types")
            guard types.count == count, types.allSatisfy([global, local].contains) else {
                throw file.wrongValue(
                    "layer_types", expected: "\(count) names, each \(global) or \(local)")
            }
        } else {
            types = (0..<count).map { $0 % period == 0 ? global : local }
        }
        let rotations = try file.optionalObject("rope_parameters")
        try rotations?.requireNoOthers(
            than: [global, local], reader: "a rotation for each kind of layer")
        func base(_ kind: String, _ oldKey: String, _ usual: Double) throws -> Double {
            let old = try file.double(oldKey, default: usual, in: 1e-3...1e12)
            return try rotations?.rotaryBase(kind, usual: old, oldKey: oldKey) ?? old
        }
        let globalBase = try base(global, "global_rope_theta", 160_000)
        let localBase = try base(local, "local_rope_theta", 10_000)
        return types.map {
            $0 == global
                ? EncoderLayerPlan(rotaryBase: globalBase)
                : EncoderLayerPlan(reach: reach, rotaryBase: localBase)
        }
    }
}

extension EncoderTable {
    fileprivate static let modernBert = EncoderTable(
        prefixes: ["", "model."],
        rows: [
            EncoderRow(.embedding, name: "embeddings.tok_embeddings"),
            EncoderRow(.embeddingNorm, name: "embeddings.norm"),
            EncoderRow(.inputNorm, name: "layers.*.attn_norm", isAbsentInFirst: true),
            EncoderRow(.query, .key, .value, name: "layers.*.attn.Wqkv"),
            EncoderRow(.output, name: "layers.*.attn.Wo"),
            EncoderRow(.feedForwardNorm, name: "layers.*.mlp_norm"),
            EncoderRow(.gate, .up, name: "layers.*.mlp.Wi"),
            EncoderRow(.down, name: "layers.*.mlp.Wo"),
            EncoderRow(.finalNorm, name: "final_norm"),
        ])
}
