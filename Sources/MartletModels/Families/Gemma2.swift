// Gemma 2: norms before and after attention and MLP, stored less 1; windows in every other layer; soft caps.

import MartletFormats

extension DecoderFamily {
    static let gemma2 = DecoderFamily(
        "gemma2", "Gemma2ForCausalLM", table: .gemma2, feedForward: .gatedGELU,
        keys: .llamaLike.subtracting(["hidden_act"]).union([
            "hidden_activation", "hidden_act", "query_pre_attn_scalar", "attention_bias",
            "attn_logit_softcapping", "final_logit_softcapping",
        ]),
        gguf: GGUFNaming(
            architecture: "gemma2", windows: .allButEach(2),
            keys: GGUFNaming.llamaLike.merging([
                "attn_logit_softcapping": "attn_logit_softcapping",
                "final_logit_softcapping": "final_logit_softcapping",
            ]) { first, _ in first }, holdsWholeNorms: true)
    ) { family, file in
        let file = file.adding(["head_dim": 256, "tie_word_embeddings": true])
        // Of the two keys for it that published files have, transformers reads one.
        _ = try file.optionalString("hidden_act")
        var plan = try family.llamaLike(
            file, defaultContext: 8192, windows: .allButEach(2),
            activation: ("hidden_activation", ["gelu_pytorch_tanh", "gelu_tanh"]))
        try plan.readGemma(file)
        func cap(_ key: String, _ usual: Double) throws -> Float {
            // Written as null, there is none.
            guard file.isWritten(key) else { return Float(usual) }
            return Float(try file.optionalDouble(key, in: 1e-3...1e6) ?? 0)
        }
        plan.attentionCap = try cap("attn_logit_softcapping", 50)
        plan.logitCap = try cap("final_logit_softcapping", 30)
        return plan
    }
}
