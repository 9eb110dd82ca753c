// Qwen3: Llama with an RMSNorm on every query and key head.

import MartletFormats

struct Qwen3Configuration: FamilyConfiguration {
    let shape: DecoderShape
    let epsilon: Double
    let hasAttentionBias: Bool

    init(_ file: ConfigurationFile) throws(ModelError) {
        var shape = try DecoderShape(
            llamaLike: file, family: "qwen3", defaultContext: 32_768, defaultBase: 10_000)
        shape.layerWindows = try file.qwenWindows(layerCount: shape.layerCount)
        self.shape = shape
        epsilon = try file.epsilon("rms_norm_eps", default: 1e-6)
        hasAttentionBias = try file.flag("attention_bias", default: false)
    }

    init(shape: DecoderShape) {
        self.shape = shape
        epsilon = 1e-6
        hasAttentionBias = false
    }

    var extraLayerParameters: Int {
        let s = shape
        return 2 * s.headDimension
            + (hasAttentionBias ? s.queryWidth + 2 * s.keyValueWidth + s.hiddenSize : 0)
    }
}

struct Qwen3Attention: Sendable {
    let attention: GroupedAttention

    init(_ c: Qwen3Configuration, _ weights: any WeightSource, layer: Int) throws(ModelError) {
        var attention = try GroupedAttention(
            weights, c.shape, layer: layer, epsilon: c.epsilon, hasInputBias: c.hasAttentionBias,
            hasOutputBias: c.hasAttentionBias)
        let prefix = "model.layers.\(layer).self_attn."
        attention.queryNorm = try .rms(
            weights, prefix + "q_norm.weight", count: c.shape.headDimension, epsilon: c.epsilon)
        attention.keyNorm = try .rms(
            weights, prefix + "k_norm.weight", count: c.shape.headDimension, epsilon: c.epsilon)
        self.attention = attention
    }
}

struct Qwen3MLP: Sendable {
    let mlp: GatedMLP

    init(_ c: Qwen3Configuration, _ weights: any WeightSource, layer: Int) throws(ModelError) {
        mlp = try GatedMLP(
            weights, c.shape, layer: layer, epsilon: c.epsilon, hasBias: false)
    }
}

struct Qwen3Layer: DecoderLayer {
    let attention: Qwen3Attention
    let mlp: Qwen3MLP

    var grouped: GroupedAttention { attention.attention }
    var feedForward: GatedMLP { mlp.mlp }

    init(_ c: Qwen3Configuration, _ weights: any WeightSource, layer: Int) throws(ModelError) {
        attention = try Qwen3Attention(c, weights, layer: layer)
        mlp = try Qwen3MLP(c, weights, layer: layer)
    }
}

struct Qwen3Model: DecoderFamily {
    let vocabulary: Vocabulary
    let layers: [Qwen3Layer]
    let finalNorm: Norm

    init(_ c: Qwen3Configuration, weights: any WeightSource) throws(ModelError) {
        vocabulary = try Vocabulary(
            weights, shape: c.shape, embedding: "model.embed_tokens.weight", head: "lm_head.weight")
        var layers: [Qwen3Layer] = []
        for layer in 0..<c.shape.layerCount {
            layers.append(try Qwen3Layer(c, weights, layer: layer))
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
