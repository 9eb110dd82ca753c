// EmbeddingGemma: Gemma 3 whose tokens see those after them, too.

import MartletFormats

extension EncoderFamily {
    /// Gemma 3 with `use_bidirectional_attention`. Its configuration is read as the decoder's; a window of `n` tokens reaches
    /// half of `n` to each side.
    static let gemma3Encoder = EncoderFamily(
        "gemma3_text", mark: bidirectional,
        keys: DecoderFamily.gemma3.keys.union([bidirectional]),
        gguf: EncoderGGUFNaming(
            architecture: "gemma-embedding",
            keys: [
                "block_count": "num_hidden_layers", "context_length": "max_position_embeddings",
                "embedding_length": "hidden_size", "feed_forward_length": "intermediate_size",
                "attention.head_count": "num_attention_heads",
                "attention.head_count_kv": "num_key_value_heads",
                "attention.key_length": "head_dim",
                "attention.layer_norm_rms_epsilon": "rms_norm_eps",
                "attention.sliding_window": "sliding_window",
                "attention.sliding_window_pattern": "sliding_window_pattern",
                "rope.freq_base": "rope_theta",
                "rope.freq_base_swa": "rope_local_base_freq",
            ],
            names: [
                .attentionEndNorm: "blk.*.post_attention_norm",
                .feedForwardEndNorm: "blk.*.post_ffw_norm",
            ], holdsWholeNorms: true, approximatesGELU: true, wholeLayers: (period: 6, place: 5),
            namesProducts: true)
    ) { family, file in
        let decoder = DecoderFamily.gemma3
        let plan = try decoder.plan(file.keeping(decoder.keys))
        let shape = plan.shape
        for (key, cap) in [
            ("attn_logit_softcapping", plan.attentionCap),
            ("final_logit_softcapping", plan.logitCap),
        ] where cap != 0 {
            throw ModelError.unsupported(
                file: file.path, key: key, got: "\(cap)", expected: "null, for an encoder")
        }
        guard !plan.table.rows.contains(where: \.hasBias) else {
            throw ModelError.unsupported(
                file: file.path, key: "attention_bias", got: "true",
                expected: "false, for an encoder")
        }
        let layers = try shape.layers.map { layer in
            guard let rotary = layer.rotary, rotary == RotaryParameters(base: rotary.base) else {
                throw ModelError.unsupported(
                    file: file.path, key: "rope_scaling", got: "a stretched rotation",
                    expected: "none, for an encoder")
            }
            return EncoderLayerPlan(reach: layer.window.map { $0 / 2 }, rotaryBase: rotary.base)
        }
        var encoder = EncoderPlan(
            family: family.modelType, hiddenSize: shape.hiddenSize,
            intermediateSize: shape.intermediateSize, vocabularySize: shape.vocabularySize,
            contextLength: shape.contextLength, headCount: shape.headCount,
            headDimension: shape.headDimension, layers: layers, table: .gemma3Encoder,
            activation: .gatedGELU(isApproximate: true), epsilon: plan.epsilon,
            usualPooling: .mean)
        encoder.sharedHeadCount = shape.keyValueHeadCount
        encoder.usesRMSNorms = true
        encoder.normOffset = plan.normOffset
        encoder.normalisesBranches = true
        encoder.embeddingScale = plan.embeddingScale
        encoder.attentionScale = plan.attentionScale
        return encoder
    }

    private static let bidirectional = "use_bidirectional_attention"
}

extension EncoderTable {
    fileprivate static let gemma3Encoder = EncoderTable(
        prefixes: ["", "model."],
        rows: [
            EncoderRow(.embedding, name: "embed_tokens"),
            EncoderRow(.inputNorm, name: "layers.*.input_layernorm"),
            EncoderRow(.query, name: "layers.*.self_attn.q_proj"),
            EncoderRow(.key, name: "layers.*.self_attn.k_proj"),
            EncoderRow(.value, name: "layers.*.self_attn.v_proj"),
            EncoderRow(.queryNorm, name: "layers.*.self_attn.q_norm"),
            EncoderRow(.keyNorm, name: "layers.*.self_attn.k_norm"),
            EncoderRow(.output, name: "layers.*.self_attn.o_proj"),
            EncoderRow(.attentionEndNorm, name: "layers.*.post_attention_layernorm"),
            EncoderRow(.feedForwardNorm, name: "layers.*.pre_feedforward_layernorm"),
            EncoderRow(.gate, name: "layers.*.mlp.gate_proj"),
            EncoderRow(.up, name: "layers.*.mlp.up_proj"),
            EncoderRow(.down, name: "layers.*.mlp.down_proj"),
            EncoderRow(.feedForwardEndNorm, name: "layers.*.post_feedforward_layernorm"),
            EncoderRow(.finalNorm, name: "norm"),
        ])
}
