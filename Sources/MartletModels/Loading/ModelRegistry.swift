// Which families there are, and the shapes that exist without a file.

import MartletFormats

/// All families, by the names that `config.json` gives them.
enum ModelRegistry {
    static let families: [DecoderFamily] = [
        .llama, .mistral, .ministral, .ministral3, .qwen2, .qwen3, .smollm3, .granite, .olmo2,
        .phi3, .gemma3, .gemma2, .olmo3, .exaone4, .ernie45, .glm4, .cohere2, .hunyuanDense,
        .seedOSS, .qwen3MoE, .qwen2MoE, .olmoe, .mixtral, .graniteMoE, .gptOSS, .gpt2, .gptNeoX,
        .starCoder2, .stableLM,
    ]

    static func family(_ file: ConfigurationFile) throws(ModelError) -> DecoderFamily {
        do {
            let type = try file.string("model_type", default: "")
            if let family = families.first(where: { $0.modelType == type }) { return family }
            let architectures =
                file.contains("architectures") ? try file.strings("architectures") : []
            if type.isEmpty,
                let family = families.first(where: { architectures.contains($0.architecture) })
            {
                return family
            }
            throw ModelError.unknownArchitecture(
                file: file.path,
                got: type.isEmpty
                    ? (architectures.first.map { "'\($0)'" } ?? "not named") : "'\(type)'",
                available: families.map(\.modelType))
        } catch let error as FormatError {
            throw .format(error)
        } catch let error as ModelError {
            throw error
        } catch {
            preconditionFailure("ModelRegistry: unexpected \(error)")
        }
    }

    static func family(named name: String) throws(ModelError) -> DecoderFamily {
        guard let family = families.first(where: { $0.modelType == name }) else {
            throw .unknownArchitecture(
                file: "shape", got: name, available: families.map(\.modelType))
        }
        return family
    }

    static func shape(named name: String) throws(ModelError) -> DecoderShape {
        guard let shape = shapes.first(where: { $0.name == name })?.shape else {
            throw .unknownShape(got: name, available: shapes.map(\.name))
        }
        return shape
    }

    /// As `tiny`, with 16 experts of which a token runs through 4.
    private static let tinyExperts: DecoderShape = {
        var shape = DecoderShape(
            family: "qwen3_moe", layerCount: 2, hiddenSize: 256, intermediateSize: 512,
            headCount: 4, keyValueHeadCount: 2, headDimension: 64, vocabularySize: 1024,
            contextLength: 131_072, tiesEmbeddings: true, rotary: RotaryParameters(base: 10_000))
        for layer in shape.layers.indices {
            shape.layers[layer].experts = ExpertShape(
                count: 16, perToken: 4, width: 128,
                weighting: .softmaxOfAll(renormalises: true))
        }
        return shape
    }()

    /// Shapes for `random:NAME`, from the published configurations.
    static let shapes: [(name: String, shape: DecoderShape)] = [
        (
            "tiny",
            DecoderShape(
                family: "llama", layerCount: 2, hiddenSize: 256, intermediateSize: 512,
                headCount: 4,
                keyValueHeadCount: 2, headDimension: 64, vocabularySize: 1024,
                contextLength: 131_072,
                tiesEmbeddings: true,
                rotary: RotaryParameters(base: 10_000))
        ),
        ("tiny-experts", tinyExperts),
        (
            "qwen2.5-0.5b",
            DecoderShape(
                family: "qwen2", layerCount: 24, hiddenSize: 896, intermediateSize: 4864,
                headCount: 14, keyValueHeadCount: 2, headDimension: 64, vocabularySize: 151_936,
                contextLength: 131_072, tiesEmbeddings: true,
                rotary: RotaryParameters(base: 1_000_000))
        ),
        (
            "llama-3.2-1b",
            DecoderShape(
                family: "llama", layerCount: 16, hiddenSize: 2048, intermediateSize: 8192,
                headCount: 32, keyValueHeadCount: 8, headDimension: 64, vocabularySize: 128_256,
                contextLength: 131_072, tiesEmbeddings: true,
                rotary: RotaryParameters(
                    base: 500_000,
                    scaling: .llama3(factor: 32, low: 1, high: 4, original: 8192)))
        ),
    ]
}
