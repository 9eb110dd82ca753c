// Qwen2 and Qwen2.5: Llama with biases on queries, keys and values.

import MartletFormats

struct Qwen2Configuration: FamilyConfiguration {
    let shape: DecoderShape
    let epsilon: Double

    init(_ file: ConfigurationFile) throws(ModelError) {
        var shape = try DecoderShape(
            llamaLike: file, family: "qwen2", defaultContext: 32_768, defaultBase: 10_000)
        shape.layerWindows = try file.qwenWindows(layerCount: shape.layerCount)
        self.shape = shape
        epsilon = try file.epsilon("rms_norm_eps", default: 1e-6)
    }

    init(shape: DecoderShape) {
        self.shape = shape
        epsilon = 1e-6
    }

    var extraLayerParameters: Int { shape.queryWidth + 2 * shape.keyValueWidth }
}

struct Qwen2Attention: Sendable {
    let attention: GroupedAttention

    init(_ c: Qwen2Configuration, _ weights: any WeightSource, layer: Int) throws(ModelError) {
        attention = try GroupedAttention(
            weights, c.shape, layer: layer, epsilon: c.epsilon, hasInputBias: true,
            hasOutputBias: false)
    }
}

struct Qwen2MLP: Sendable {
    let mlp: GatedMLP

    init(_ c: Qwen2Configuration, _ weights: any WeightSource, layer: Int) throws(ModelError) {
        mlp = try GatedMLP(
            weights, c.shape, layer: layer, epsilon: c.epsilon, hasBias: false)
    }
}

struct Qwen2Layer: DecoderLayer {
    let attention: Qwen2Attention
    let mlp: Qwen2MLP

    var grouped: GroupedAttention { attention.attention }
    var feedForward: GatedMLP { mlp.mlp }

    init(_ c: Qwen2Configuration, _ weights: any WeightSource, layer: Int) throws(ModelError) {
        attention = try Qwen2Attention(c, weights, layer: layer)
        mlp = try Qwen2MLP(c, weights, layer: layer)
    }
}

struct Qwen2Model: DecoderFamily {
    let vocabulary: Vocabulary
    let layers: [Qwen2Layer]
    let finalNorm: Norm

    init(_ c: Qwen2Configuration, weights: any WeightSource) throws(ModelError) {
        vocabulary = try Vocabulary(
            weights, shape: c.shape, embedding: "model.embed_tokens.weight", head: "lm_head.weight")
        var layers: [Qwen2Layer] = []
        for layer in 0..<c.shape.layerCount {
            layers.append(try Qwen2Layer(c, weights, layer: layer))
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

extension ConfigurationFile {
    /// Qwen's windows are off unless `use_sliding_window` is set; then they hold for the layers that
    /// `layer_types` names, or (older files) for those from `max_window_layers` on.
    func qwenWindows(layerCount: Int) throws(ModelError) -> [Int?] {
        do throws(FormatError) {
            var windows = [Int?](repeating: nil, count: layerCount)
            guard try bool("use_sliding_window", default: false),
                let window = try optionalInt("sliding_window", in: 1...Int(Int32.max))
            else { return windows }
            let first = try int("max_window_layers", default: 28, in: 0...4096)
            let types = contains("layer_types") ? try strings("layer_types") : nil
            if let types, types.count != layerCount {
                throw wrongValue("layer_types", expected: "\(layerCount) names")
            }
            for layer in 0..<layerCount {
                let type =
                    types?[layer] ?? (layer >= first ? "sliding_attention" : "full_attention")
                if type == "sliding_attention" { windows[layer] = window }
            }
            return windows
        } catch { throw .format(error) }
    }
}
