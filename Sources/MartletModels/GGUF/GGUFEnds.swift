// Which tokens end a text, as metadata say it.

import MartletFormats

/// The end of generation.
enum GGUFEnds {
    /// Texts of tokens that end a turn or a text, whatever a file's keys say: many files name a wrong token, and
    /// llama.cpp stops at these too (`llama-vocab.cpp`).
    private static let texts: Set<String> = [
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|end_of_text|>",
        "<|endoftext|>", "<|eom_id|>", "<end_of_turn>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]",
        "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>", "<｜end▁of▁sentence｜>", "[e~[",
        "<|flush|>", "<|calls|>", "</s>",
    ]
    private static let keys = [
        "eos", "eot", "eom", "fim_pad", "fim_rep", "fim_sep",
    ]

    /// Ids in ascending order.
    static func tokens(_ file: GGUFFile) -> [Int] {
        var ids = Set(keys.compactMap { file["tokenizer.ggml.\($0)_token_id"]?.int })
        let types = file["tokenizer.ggml.token_type"]?.array?.integers() ?? []
        var found: [String: Int] = [:]
        for (id, bytes) in (file["tokenizer.ggml.tokens"]?.array?.strings() ?? []).enumerated() {
            // Of a text's pieces only those that are tokens of their own can end one.
            guard bytes.count <= 32, types.isEmpty || (id < types.count && types[id] != 1) else {
                continue
            }
            let text = String(decoding: bytes, as: UTF8.self)
            if texts.contains(text) { found[text] = id }
        }
        // Harmony's turns go on after <|end|>.
        if found["<|return|>"] != nil, found["<|call|>"] != nil { found["<|end|>"] = nil }
        ids.formUnion(found.values)
        return ids.filter { $0 >= 0 }.sorted()
    }
}
