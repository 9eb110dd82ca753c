// What all families read from config.json, in its old and its new spelling.

import MartletAttention
import MartletFormats

/// A decoder family: it reads a configuration and binds the checkpoint's names.
///
/// Each family file declares the same five types in the same order: configuration, attention, MLP,
/// layer, model.
protocol DecoderFamily: Sendable {
    associatedtype Configuration: FamilyConfiguration
    init(_ configuration: Configuration, weights: any WeightSource) throws(ModelError)
    var vocabulary: Vocabulary { get }
    var finalNorm: Norm { get }
    associatedtype Layer: DecoderLayer
    var layers: [Layer] { get }
    /// Runs the embedding and every layer; the result is the residual stream of the step.
    func callAsFunction(_ step: Step)
}

/// A family's view of `config.json`.
protocol FamilyConfiguration: Sendable {
    init(_ file: ConfigurationFile) throws(ModelError)
    /// A configuration of a named random shape.
    init(shape: DecoderShape)
    var shape: DecoderShape { get }
    /// Floats a row needs inside the MLP.
    var innerWidth: Int { get }
    var attentionScale: Float { get }
    /// Biases, norms of heads and the like in one layer, and after the last.
    var extraLayerParameters: Int { get }
    var extraFinalParameters: Int { get }
    /// The parts, for a trainer.
    var blueprint: DecoderBlueprint { get }
}

extension FamilyConfiguration {
    var innerWidth: Int { shape.intermediateSize }
    var attentionScale: Float { 1 / Float(shape.headDimension).squareRoot() }
    var extraLayerParameters: Int { 0 }
    var extraFinalParameters: Int { 0 }

    /// Weights of the model, each counted once: a tied embedding is one matrix.
    var parameterCount: Int {
        let s = shape
        let attention =
            s.hiddenSize * (s.queryWidth + 2 * s.keyValueWidth) + s.queryWidth * s.hiddenSize
        let mlp = s.hiddenSize * s.intermediateSize * (s.isPositionLearned ? 2 : 3)
        let layer = attention + mlp + 2 * s.hiddenSize + extraLayerParameters
        let tables = s.vocabularySize * (s.tiesEmbeddings ? 1 : 2) + learnedPositions
        return tables * s.hiddenSize + s.layerCount * layer + s.hiddenSize + extraFinalParameters
    }

    private var learnedPositions: Int { shape.isPositionLearned ? shape.contextLength : 0 }
}

/// Sizes above this are refused: they would overflow the 32-bit counts of the kernels.
private let largest = 1 << 24

extension DecoderShape {
    /// Reads the keys that Llama and its descendants share.
    init(
        llamaLike file: ConfigurationFile, family: String, defaultContext: Int, defaultBase: Double
    )
        throws(ModelError)
    {
        do {
            let hidden = try file.int("hidden_size", in: 1...largest)
            let heads = try file.int("num_attention_heads", in: 1...4096)
            let keyValueHeads = try file.int("num_key_value_heads", default: heads, in: 1...4096)
            let layers = try file.int("num_hidden_layers", in: 1...4096)
            guard heads % keyValueHeads == 0 else {
                throw ModelError.format(
                    file.wrongValue(
                        "num_key_value_heads", expected: "a divisor of num_attention_heads \(heads)"
                    ))
            }
            let dimension = try file.optionalInt("head_dim", in: 1...1024) ?? hidden / heads
            guard dimension > 0, dimension % 2 == 0 else {
                throw ModelError.format(
                    file.wrongValue("head_dim", expected: "an even number, for rotary positions"))
            }
            let activation = try file.string("hidden_act", default: "silu")
            guard activation == "silu" || activation == "swish" else {
                throw ModelError.unsupported(
                    file: file.path, key: "hidden_act", got: activation, expected: "silu")
            }
            self.init(
                family: family, layerCount: layers, hiddenSize: hidden,
                intermediateSize: try file.int("intermediate_size", in: 1...largest),
                headCount: heads, keyValueHeadCount: keyValueHeads, headDimension: dimension,
                vocabularySize: try file.int("vocab_size", in: 1...largest),
                contextLength: try file.int(
                    "max_position_embeddings", default: defaultContext, in: 1...Int(Int32.max)),
                tiesEmbeddings: try file.bool("tie_word_embeddings", default: false),
                layerWindows: [Int?](repeating: nil, count: layers),
                rotary: try RotaryParameters(file, defaultBase: defaultBase))
            evictionHead = try EvictionHeadShape(file)
        } catch let error as FormatError {
            throw .format(error)
        } catch let error as ModelError {
            throw error
        } catch {
            preconditionFailure("DecoderShape: unexpected \(error)")
        }
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
