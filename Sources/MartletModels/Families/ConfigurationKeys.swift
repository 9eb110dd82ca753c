// Which keys of config.json count: those that a family reads, and those that change nothing. Any other is refused.

import MartletFormats

extension ConfigurationFile {
    /// Throws for a key that `family` does not read, unless it is known to change no result or says that something is
    /// off; then for weights that only another program can unpack.
    ///
    /// The family is handed the keys that it lists and no other, so that none can be read without being listed.
    func consumed(by family: DecoderFamily) throws -> ConfigurationFile {
        let read = family.keys.union(Self.keysOfEveryFamily)
        try requireNoOthers(
            than: read.union(ForeignKeys.all), reader: "a \(family.modelType) model")
        try requireReadableWeights()
        return keeping(family.keys)
    }

    /// Throws for a key that is not in `keys`, unless its value says that something is off.
    func requireNoOthers(than keys: Set<String>, reader: String) throws(ModelError) {
        for member in root.members where !keys.contains(member.key) {
            if ForeignKeys.isOff(member.value) { continue }
            if ForeignKeys.isNeutral(member.key, member.value) { continue }
            throw .unsupported(
                file: path, key: name(of: member.key), got: member.value.summary,
                expected: "no such key, because \(reader) does not read it and it may change "
                    + "results: remove it where it is known to change nothing")
        }
    }

    /// Throws where a key is there with another value than the one that a family's own ways have.
    func requireUsual(_ usual: [String: JSONValue]) throws(ModelError) {
        for (key, value) in usual.sorted(by: { $0.key < $1.key }) {
            guard let got = self.value(key), got != value else { continue }
            throw .unsupported(
                file: path, key: name(of: key), got: got.summary, expected: value.summary)
        }
    }

    /// What is read of every configuration, whichever its family.
    private static let keysOfEveryFamily: Set<String> = [
        "model_type", "architectures", "eos_token_id", "quantization_config",
    ]
}

/// Keys that no family reads and that change no result.
enum ForeignKeys {
    /// By reason.
    static let reasons: [(reason: String, keys: [String])] = [
        (
            "notes of the program that wrote the file",
            [
                "_name_or_path", "name_or_path", "_commit_hash", "transformers_version",
                "transformers.js_config", "auto_map", "custom_pipelines", "task_specific_params",
                "unsloth_version", "unsloth_fixed", "is_llama_config", "language",
                "tokenizer_class",
                "model_name", "license", "mlx_version", "_from_model_config",
            ]
        ),
        (
            "how another program computes: each tensor says its own type, and caches are ours",
            [
                "dtype", "torch_dtype", "use_cache", "output_past", "torchscript", "use_bfloat16",
                "pretraining_tp", "return_dict", "output_attentions", "output_hidden_states",
                "chunk_size_feed_forward", "_attn_implementation", "attn_implementation",
                "_attn_implementation_autoset", "_attn_implementation_internal",
                "_flash_attn_2_enabled", "experts_implementation", "reorder_and_upcast_attn",
                "gradient_checkpointing", "tf_legacy_loss", "cache_implementation",
                "attention_softmax_in_fp32", "scale_attention_softmax_in_fp32",
            ]
        ),
        (
            "training alone",
            [
                "attention_dropout", "attention_probs_dropout_prob", "hidden_dropout",
                "hidden_dropout_prob", "attn_pdrop",
                "embd_pdrop", "resid_pdrop", "classifier_dropout", "dropout", "residual_dropout",
                "embedding_dropout", "initializer_range", "router_aux_loss_coef",
                "output_router_logits", "router_jitter_noise",
            ]
        ),
        (
            "heads for other tasks than the next token",
            [
                "id2label", "label2id", "num_labels", "_num_labels", "problem_type",
                "finetuning_task", "summary_activation", "summary_first_dropout",
                "summary_proj_to_labels", "summary_type", "summary_use_proj",
            ]
        ),
        (
            "tokens, which the tokenizer's files name",
            [
                "bos_token_id", "pad_token_id", "sep_token_id", "unk_token_id", "cls_token_id",
                "mask_token_id", "decoder_start_token_id", "prefix", "eod_token_id",
            ]
        ),
        (
            "advice on generation, which is a request's own",
            [
                "max_length", "min_length", "max_new_tokens", "do_sample", "early_stopping",
                "num_beams", "num_beam_groups", "diversity_penalty", "temperature", "top_k",
                "top_p", "typical_p", "repetition_penalty", "length_penalty",
                "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids",
                "num_return_sequences", "output_scores", "return_dict_in_generate",
                "forced_bos_token_id", "forced_eos_token_id", "remove_invalid_values",
                "exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens",
            ]
        ),
        (
            "lengths of training beside the one that is read",
            ["max_sequence_length", "n_ctx", "model_max_length", "tokenizer_model_max_length"]
        ),
        (
            "where a window begins, in a family whose windows begin at the first layer",
            ["max_window_layers"]
        ),
        (
            "notes of a retrofit, and how another engine stores what stays",
            [
                "dms_cr", "dms_tau", "dms_paged_attention_block_size", "dms_chunked_prefill",
                "dms_preallocate_for_tokens",
            ]
        ),
    ]

    static let all = Set(reasons.flatMap(\.keys))

    /// Factors and shares that mean nothing at 1.
    private static let neutralAtOne: Set<String> = [
        "partial_rotary_factor", "rope_pct", "attention_factor", "factor", "logits_scaling",
        "logit_scale", "residual_multiplier", "embedding_multiplier", "interpolate_factor",
        "full_attn_mod", "rotary_pct",
    ]

    static func isNeutral(_ key: String, _ value: JSONValue) -> Bool {
        neutralAtOne.contains(key) && value.doubleValue == 1
    }

    /// Whether a value says that something is not there.
    static func isOff(_ value: JSONValue) -> Bool {
        switch value {
        case .null: true
        case .bool(let isOn): !isOn
        case .array(let elements): elements.isEmpty
        case .object(let object): object.members.isEmpty
        default: false
        }
    }
}
