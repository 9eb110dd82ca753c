// The keys of config.json that Llama and its descendants share, in their old and their new spelling.

import MartletFormats

/// Sizes above this are refused: they would overflow the 32-bit counts of the kernels.
let largestSize = 1 << 24

extension Set<String> {
    /// What ``DecoderFamily/llamaLike(_:defaultContext:windows:)`` reads.
    static var llamaLike: Set<String> {
        [
            "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
            "num_key_value_heads", "head_dim", "hidden_act", "vocab_size",
            "max_position_embeddings",
            "tie_word_embeddings", "rms_norm_eps", "rope_parameters", "rope_scaling", "rope_theta",
            "sliding_window", "use_sliding_window", "layer_types", "martlet_eviction",
            "dms_separate_alpha", "dms_window_size", "dms_alpha_scale", "dms_initial_alpha_offset",
            "dms_alpha_per", "dms_disable_eviction",
        ]
    }
}

extension Set<String> {
    /// The same of a family whose configurations have another key for what norms add to variances.
    static func llamaLike(epsilon: String) -> Set<String> {
        llamaLike.subtracting(["rms_norm_eps"]).union([epsilon])
    }
}

extension DecoderFamily {
    /// Reads the keys that Llama and its descendants share.
    ///
    /// - Parameters:
    ///   - epsilon: the key that names what norms add to variances.
    ///   - rotary: changes which keys count for rotations.
    ///   - activation: the key that names the MLP's activation, and the names that the family's own has.
    func llamaLike(
        _ file: ConfigurationFile, defaultContext: Int, windows: WindowRule,
        epsilon epsilonKey: String = "rms_norm_eps",
        rotary change: (inout RotaryKeys) -> Void = { _ in },
        activation: (key: String, names: [String]) = ("hidden_act", ["silu", "swish"])
    ) throws -> DecoderPlan {
        let hidden = try file.int("hidden_size", in: 1...largestSize)
        let heads = try file.int("num_attention_heads", in: 1...4096)
        let keyValueHeads = try file.int("num_key_value_heads", default: heads, in: 1...4096)
        let layers = try file.int("num_hidden_layers", in: 1...4096)
        guard heads % keyValueHeads == 0 else {
            throw file.wrongValue(
                "num_key_value_heads", expected: "a divisor of num_attention_heads \(heads)")
        }
        let dimension = try file.optionalInt("head_dim", in: 1...1024) ?? hidden / heads
        guard dimension > 0, dimension % 2 == 0 else {
            throw file.wrongValue(
                "head_dim", expected: "an even number, for rotary positions")
        }
        let name = try file.string(activation.key, default: activation.names[0])
        guard activation.names.contains(name) else {
            throw ModelError.unsupported(
                file: file.path, key: activation.key, got: name, expected: activation.names[0])
        }
        let context = try file.int(
            "max_position_embeddings", default: defaultContext, in: 1...Int(Int32.max))
        var keys = RotaryKeys(context: context)
        change(&keys)
        let rotary = try RotaryParameters(file, keys)
        try rotary.check(file, headDimension: dimension)
        var shape = DecoderShape(
            family: modelType, layerCount: layers, hiddenSize: hidden,
            intermediateSize: try file.int("intermediate_size", in: 1...largestSize),
            headCount: heads, keyValueHeadCount: keyValueHeads, headDimension: dimension,
            vocabularySize: try file.int("vocab_size", in: 1...largestSize),
            contextLength: context,
            tiesEmbeddings: try file.bool("tie_word_embeddings", default: false),
            rotary: rotary)
        shape.setWindows(try file.layerWindows(windows, layerCount: layers))
        shape.evictionHead = try EvictionHeadShape(file)
        var plan = plan(shape)
        if case .longrope(_, _, let original) = rotary.scaling, original < context {
            plan.shape.contextLength = original
            plan.notes.append(
                "\(file.path): of the \(context) tokens that longrope stretches to, the first "
                    + "\(original) are run, with the short factors")
        }
        plan.epsilon = try file.double(epsilonKey, default: epsilon, in: 0...1)
        return plan
    }
}
