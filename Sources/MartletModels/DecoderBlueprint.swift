// What a trainer must know of a decoder to build it by the names of its checkpoint.

package import MartletFormats

/// The parts a family is made of, beside the numbers of its shape.
package struct DecoderBlueprint: Sendable {
    /// The numbers.
    package let shape: DecoderShape
    /// Added to variances in norms.
    package let epsilon: Double
    /// Factor of query-key products.
    package let attentionScale: Float
    /// Biases of queries, keys and values.
    package var hasInputBias = false
    /// Bias of the projection after attention.
    package var hasOutputBias = false
    /// Biases of the MLP.
    package var hasMLPBias = false
    /// Norms of every query and key head.
    package var hasHeadNorms = false
    /// GPT-2's names, LayerNorm, transposed projections and plain MLP; nil for Llama and its descendants.
    package var plainMLP: PlainMLPKind?

    /// GPT-2's activation.
    package enum PlainMLPKind: Sendable {
        /// The tanh form of GELU.
        case approximateGELU
        /// The exact form.
        case exactGELU
    }

    init(_ configuration: some FamilyConfiguration, epsilon: Double) {
        shape = configuration.shape
        self.epsilon = epsilon
        attentionScale = configuration.attentionScale
    }

    /// Reads a configuration of any family.
    package static func read(_ file: ConfigurationFile) throws(ModelError) -> DecoderBlueprint {
        try ModelRegistry.entry(file).blueprint(file)
    }
}

extension LlamaConfiguration {
    var blueprint: DecoderBlueprint {
        var parts = DecoderBlueprint(self, epsilon: epsilon)
        parts.hasInputBias = hasAttentionBias
        parts.hasOutputBias = hasAttentionBias
        parts.hasMLPBias = hasMLPBias
        return parts
    }
}

extension MistralConfiguration {
    var blueprint: DecoderBlueprint { DecoderBlueprint(self, epsilon: epsilon) }
}

extension Qwen2Configuration {
    var blueprint: DecoderBlueprint {
        var parts = DecoderBlueprint(self, epsilon: epsilon)
        parts.hasInputBias = true
        return parts
    }
}

extension Qwen3Configuration {
    var blueprint: DecoderBlueprint {
        var parts = DecoderBlueprint(self, epsilon: epsilon)
        parts.hasInputBias = hasAttentionBias
        parts.hasOutputBias = hasAttentionBias
        parts.hasHeadNorms = true
        return parts
    }
}

extension GPT2Configuration {
    var blueprint: DecoderBlueprint {
        var parts = DecoderBlueprint(self, epsilon: epsilon)
        parts.hasInputBias = true
        parts.hasOutputBias = true
        parts.hasMLPBias = true
        parts.plainMLP = isApproximateGELU ? .approximateGELU : .exactGELU
        return parts
    }
}
