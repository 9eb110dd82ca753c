// The keys of config.json that Llama and its descendants share, in their old and their new spelling.

import MartletFormats

/// Sizes above this are refused: they would overflow the 32-bit counts of the kernels.
let largestSize = 1 << 24

extension DecoderFamily {
    /// Reads the keys that Llama and its descendants share.
    func llamaLike(
        _ file: ConfigurationFile, defaultContext: Int, defaultBase: Double = 10_000
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
        let activation = try file.string("hidden_act", default: "silu")
        guard activation == "silu" || activation == "swish" else {
            throw ModelError.unsupported(
                file: file.path, key: "hidden_act", got: activation, expected: "silu")
        }
        var shape = DecoderShape(
            family: modelType, layerCount: layers, hiddenSize: hidden,
            intermediateSize: try file.int("intermediate_size", in: 1...largestSize),
            headCount: heads, keyValueHeadCount: keyValueHeads, headDimension: dimension,
            vocabularySize: try file.int("vocab_size", in: 1...largestSize),
            contextLength: try file.int(
                "max_position_embeddings", default: defaultContext, in: 1...Int(Int32.max)),
            tiesEmbeddings: try file.bool("tie_word_embeddings", default: false),
            rotary: try RotaryParameters(file, defaultBase: defaultBase))
        shape.evictionHead = try EvictionHeadShape(file)
        var plan = plan(shape)
        plan.epsilon = try file.double("rms_norm_eps", default: epsilon, in: 0...1)
        return plan
    }
}

extension RotaryParameters {
    /// Reads `rope_parameters` (new), or `rope_theta` and `rope_scaling` (old).
    init(_ file: ConfigurationFile, defaultBase: Double) throws {
        let nested = try file.optionalObject("rope_parameters")
        let positive = Double.leastNonzeroMagnitude...Double.greatestFiniteMagnitude
        let outer = try file.double("rope_theta", default: defaultBase, in: positive)
        let base = try nested?.double("rope_theta", default: outer, in: positive) ?? outer
        var scaling: ConfigurationFile? = nested
        if scaling == nil { scaling = try file.optionalObject("rope_scaling") }
        guard let scaling else {
            self.init(base: base)
            return
        }
        let older = try scaling.string("type", default: "default")
        let kind = try scaling.string("rope_type", default: older)
        switch kind {
        case "default": self.init(base: base)
        case "linear":
            self.init(
                base: base, scaling: .linear(factor: try scaling.double("factor", in: positive)))
        case "llama3":
            let low = try scaling.double("low_freq_factor", in: positive)
            let high = try scaling.double("high_freq_factor", in: positive)
            guard high > low else {
                throw ModelError.format(
                    scaling.wrongValue(
                        "high_freq_factor", expected: "more than low_freq_factor \(low)"))
            }
            self.init(
                base: base,
                scaling: .llama3(
                    factor: try scaling.double("factor", in: positive), low: low, high: high,
                    original: try scaling.double("original_max_position_embeddings", in: positive)))
        default:
            throw ModelError.unsupported(
                file: file.path, key: "rope_type", got: kind, expected: "default, linear or llama3")
        }
    }
}
