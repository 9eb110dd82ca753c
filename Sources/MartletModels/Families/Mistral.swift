// Mistral: Llama with a sliding window in every layer.

import MartletFormats

struct MistralConfiguration: FamilyConfiguration {
    let shape: DecoderShape
    let epsilon: Double

    init(_ file: ConfigurationFile) throws(ModelError) {
        var shape = try DecoderShape(
            llamaLike: file, family: "mistral", defaultContext: 131_072, defaultBase: 10_000)
        do {
            // The window counts the token itself.
            let window = try file.optionalInt("sliding_window", in: 1...Int(Int32.max))
            shape.layerWindows = [Int?](repeating: window, count: shape.layerCount)
        } catch { throw .format(error) }
        self.shape = shape
        epsilon = try file.epsilon("rms_norm_eps", default: 1e-6)
    }

    init(shape: DecoderShape) {
        self.shape = shape
        epsilon = 1e-6
    }
}

struct MistralAttention: Sendable {
    let attention: GroupedAttention

    init(_ c: MistralConfiguration, _ weights: any WeightSource, layer: Int) throws(ModelError) {
        attention = try GroupedAttention(
            weights, c.shape, layer: layer, epsilon: c.epsilon, hasInputBias: false,
            hasOutputBias: false)
    }
}

struct MistralMLP: Sendable {
    let mlp: GatedMLP

    init(_ c: MistralConfiguration, _ weights: any WeightSource, layer: Int) throws(ModelError) {
        mlp = try GatedMLP(
            weights, c.shape, layer: layer, epsilon: c.epsilon, hasBias: false)
    }
}

struct MistralLayer: DecoderLayer {
    let attention: MistralAttention
    let mlp: MistralMLP

    var grouped: GroupedAttention { attention.attention }
    var feedForward: GatedMLP { mlp.mlp }

    init(_ c: MistralConfiguration, _ weights: any WeightSource, layer: Int) throws(ModelError) {
        attention = try MistralAttention(c, weights, layer: layer)
        mlp = try MistralMLP(c, weights, layer: layer)
    }
}

struct MistralModel: DecoderFamily {
    let vocabulary: Vocabulary
    let layers: [MistralLayer]
    let finalNorm: Norm

    init(_ c: MistralConfiguration, weights: any WeightSource) throws(ModelError) {
        vocabulary = try Vocabulary(
            weights, shape: c.shape, embedding: "model.embed_tokens.weight", head: "lm_head.weight")
        var layers: [MistralLayer] = []
        for layer in 0..<c.shape.layerCount {
            layers.append(try MistralLayer(c, weights, layer: layer))
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
