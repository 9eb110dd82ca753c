// Llama 1, 2, 3.x and SmolLM: RMSNorm, rotary positions, grouped queries, SwiGLU.

import MartletFormats

struct LlamaConfiguration: FamilyConfiguration {
    let shape: DecoderShape
    let epsilon: Double
    let hasAttentionBias: Bool
    let hasMLPBias: Bool

    init(_ file: ConfigurationFile) throws(ModelError) {
        shape = try DecoderShape(
            llamaLike: file, family: "llama", defaultContext: 2048, defaultBase: 10_000)
        epsilon = try file.epsilon("rms_norm_eps", default: 1e-6)
        hasAttentionBias = try file.flag("attention_bias", default: false)
        hasMLPBias = try file.flag("mlp_bias", default: false)
    }

    init(shape: DecoderShape) {
        self.shape = shape
        epsilon = 1e-6
        hasAttentionBias = false
        hasMLPBias = false
    }

    var innerWidth: Int { hasMLPBias ? 2 * shape.intermediateSize : shape.intermediateSize }

    var extraLayerParameters: Int {
        let s = shape
        return (hasAttentionBias ? s.queryWidth + 2 * s.keyValueWidth + s.hiddenSize : 0)
            + (hasMLPBias ? 2 * s.intermediateSize + s.hiddenSize : 0)
    }
}

struct LlamaAttention: Sendable {
    let attention: GroupedAttention

    init(_ c: LlamaConfiguration, _ weights: any WeightSource, layer: Int) throws(ModelError) {
        attention = try GroupedAttention(
            weights, c.shape, layer: layer, epsilon: c.epsilon, hasInputBias: c.hasAttentionBias,
            hasOutputBias: c.hasAttentionBias)
    }
}

struct LlamaMLP: Sendable {
    let mlp: GatedMLP

    init(_ c: LlamaConfiguration, _ weights: any WeightSource, layer: Int) throws(ModelError) {
        mlp = try GatedMLP(
            weights, c.shape, layer: layer, epsilon: c.epsilon, hasBias: c.hasMLPBias)
    }
}

struct LlamaLayer: DecoderLayer {
    let attention: LlamaAttention
    let mlp: LlamaMLP

    var grouped: GroupedAttention { attention.attention }
    var feedForward: GatedMLP { mlp.mlp }

    init(_ c: LlamaConfiguration, _ weights: any WeightSource, layer: Int) throws(ModelError) {
        attention = try LlamaAttention(c, weights, layer: layer)
        mlp = try LlamaMLP(c, weights, layer: layer)
    }
}

struct LlamaModel: DecoderFamily {
    let vocabulary: Vocabulary
    let layers: [LlamaLayer]
    let finalNorm: Norm

    init(_ c: LlamaConfiguration, weights: any WeightSource) throws(ModelError) {
        vocabulary = try Vocabulary(
            weights, shape: c.shape, embedding: "model.embed_tokens.weight", head: "lm_head.weight")
        var layers: [LlamaLayer] = []
        for layer in 0..<c.shape.layerCount {
            layers.append(try LlamaLayer(c, weights, layer: layer))
        }
        self.layers = layers
        finalNorm = try .rms(
            weights, "model.norm.weight", count: c.shape.hiddenSize, epsilon: c.epsilon)
    }

    func callAsFunction(_ step: Step) {
        vocabulary.embed(step)
        step.run(layers)
    }
}
