// GPT-2: LayerNorm, learned positions, one head for each query, GELU.

import CMartletKernels
import MartletFormats
import MartletKernels

struct GPT2Configuration: FamilyConfiguration {
    let shape: DecoderShape
    let epsilon: Double
    let isApproximateGELU: Bool
    let attentionScale: Float

    init(_ file: ConfigurationFile) throws(ModelError) {
        epsilon = try file.epsilon("layer_norm_epsilon", default: 1e-5)
        do {
            let hidden = try file.int("n_embd", in: 1...(1 << 24))
            let heads = try file.int("n_head", in: 1...4096)
            guard hidden % heads == 0 else {
                throw ModelError.format(
                    file.wrongValue("n_head", expected: "a divisor of n_embd \(hidden)"))
            }
            let layers = try file.int("n_layer", in: 1...4096)
            let activation = try file.string("activation_function", default: "gelu_new")
            switch activation {
            case "gelu": isApproximateGELU = false
            case "gelu_new", "gelu_pytorch_tanh": isApproximateGELU = true
            default:
                throw ModelError.unsupported(
                    file: file.path, key: "activation_function", got: activation,
                    expected: "gelu, gelu_new or gelu_pytorch_tanh")
            }
            for key in ["scale_attn_by_inverse_layer_idx", "add_cross_attention"]
            where try file.bool(key, default: false) {
                throw ModelError.unsupported(
                    file: file.path, key: key, got: "true", expected: "false")
            }
            let isScaled = try file.bool("scale_attn_weights", default: true)
            attentionScale = isScaled ? 1 / Float(hidden / heads).squareRoot() : 1
            shape = DecoderShape(
                family: "gpt2", layerCount: layers, hiddenSize: hidden,
                intermediateSize: try file.optionalInt("n_inner", in: 1...(1 << 24)) ?? 4 * hidden,
                headCount: heads, keyValueHeadCount: heads, headDimension: hidden / heads,
                vocabularySize: try file.int("vocab_size", in: 1...(1 << 24)),
                contextLength: try file.int("n_positions", in: 1...(1 << 24)),
                tiesEmbeddings: try file.bool("tie_word_embeddings", default: true),
                layerWindows: [Int?](repeating: nil, count: layers), rotary: nil)
        } catch let error as FormatError {
            throw .format(error)
        } catch let error as ModelError {
            throw error
        } catch {
            preconditionFailure("GPT2Configuration: unexpected \(error)")
        }
    }

    init(shape: DecoderShape) {
        self.shape = shape
        epsilon = 1e-5
        isApproximateGELU = true
        attentionScale = 1 / Float(shape.headDimension).squareRoot()
    }

    /// Biases of the four projections and of the two norms.
    var extraLayerParameters: Int { 7 * shape.hiddenSize + shape.intermediateSize }
    var extraFinalParameters: Int { shape.hiddenSize }
}

struct GPT2Attention: Sendable {
    let attention: GroupedAttention

    init(_ c: GPT2Configuration, _ weights: any WeightSource, prefix: String) throws(ModelError) {
        let hidden = c.shape.hiddenSize
        attention = GroupedAttention(
            norm: try .layer(weights, prefix + "ln_1", c),
            queryKeyValue: try .convolution(weights, prefix + "attn.c_attn", hidden, 3 * hidden),
            output: try .convolution(weights, prefix + "attn.c_proj", hidden, hidden))
    }
}

struct GPT2MLP: Sendable {
    let mlp: PlainMLP

    init(_ c: GPT2Configuration, _ weights: any WeightSource, prefix: String) throws(ModelError) {
        let (hidden, inner) = (c.shape.hiddenSize, c.shape.intermediateSize)
        mlp = PlainMLP(
            norm: try .layer(weights, prefix + "ln_2", c),
            up: try .convolution(weights, prefix + "mlp.c_fc", hidden, inner),
            down: try .convolution(weights, prefix + "mlp.c_proj", inner, hidden),
            isApproximate: c.isApproximateGELU)
    }
}

struct GPT2Layer: DecoderLayer {
    let attention: GPT2Attention
    let mlp: GPT2MLP

    var grouped: GroupedAttention { attention.attention }
    var feedForward: PlainMLP { mlp.mlp }

    init(_ c: GPT2Configuration, _ weights: any WeightSource, prefix: String) throws(ModelError) {
        attention = try GPT2Attention(c, weights, prefix: prefix)
        mlp = try GPT2MLP(c, weights, prefix: prefix)
    }
}

struct GPT2Model: DecoderFamily {
    let vocabulary: Vocabulary
    let positions: WeightVector
    let layers: [GPT2Layer]
    let finalNorm: Norm

    init(_ c: GPT2Configuration, weights: any WeightSource) throws(ModelError) {
        // The published checkpoint has no prefix; those that transformers saves have one.
        let prefix = weights.contains("transformer.wte.weight") ? "transformer." : ""
        vocabulary = try Vocabulary(
            weights, shape: c.shape, embedding: prefix + "wte.weight", head: "lm_head.weight")
        positions = try weights.table(
            prefix + "wpe.weight", rows: c.shape.contextLength, columns: c.shape.hiddenSize)
        var layers: [GPT2Layer] = []
        for layer in 0..<c.shape.layerCount {
            layers.append(try GPT2Layer(c, weights, prefix: prefix + "h.\(layer)."))
        }
        self.layers = layers
        finalNorm = try .layer(weights, prefix + "ln_f", c)
    }

    func callAsFunction(_ step: Step) {
        vocabulary.embed(step)
        let (hidden, size, add) = (
            step.hidden, step.shape.hiddenSize, step.kernels.table.pointee.add
        )
        for row in 0..<step.rows {
            add(
                hidden + row * size, positions.pointer + Int(step.positions[row]) * size,
                Int32(size))
        }
        step.run(layers)
    }
}

extension Norm {
    fileprivate static func layer(
        _ weights: any WeightSource, _ name: String, _ c: GPT2Configuration
    )
        throws(ModelError) -> Norm
    {
        .layer(
            weight: try weights.vector(name + ".weight", count: c.shape.hiddenSize),
            bias: try weights.vector(name + ".bias", count: c.shape.hiddenSize),
            epsilon: Float(c.epsilon))
    }
}

extension Linear {
    /// GPT-2 stores [inputs][outputs].
    fileprivate static func convolution(
        _ weights: any WeightSource, _ name: String, _ inputs: Int, _ outputs: Int
    ) throws(ModelError) -> Linear {
        Linear(
            try weights.matrix(
                [MatrixPart(name: name + ".weight", rows: outputs, isTransposed: true)],
                columns: inputs, layout: .stacked),
            bias: try weights.vector(name + ".bias", count: outputs))
    }
}
