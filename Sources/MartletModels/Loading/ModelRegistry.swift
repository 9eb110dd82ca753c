// Which families there are, and the shapes that exist without a file.

import MartletFormats

/// Makes a family from a configuration and weights.
struct FamilyEntry: Sendable {
    /// `model_type` and `architectures` that it serves.
    let modelType: String
    let architecture: String
    let make:
        @Sendable (ConfigurationFile?, DecoderShape?, any WeightSource) throws(ModelError) ->
            LoadedFamily
    /// The parts of a model of this family, without its weights.
    let blueprint: @Sendable (ConfigurationFile) throws(ModelError) -> DecoderBlueprint
    init<Family: DecoderFamily>(_ modelType: String, _ architecture: String, _: Family.Type) {
        self.modelType = modelType
        self.architecture = architecture
        blueprint = { (file) throws(ModelError) in try Family.Configuration(file).blueprint }
        make = { (file, shape, weights) throws(ModelError) in
            let configuration: Family.Configuration
            if let file {
                configuration = try Family.Configuration(file)
            } else if let shape {
                configuration = Family.Configuration(shape: shape)
            } else {
                preconditionFailure("FamilyEntry: neither a configuration nor a shape")
            }
            return LoadedFamily(
                model: try Family(configuration, weights: weights), shape: configuration.shape,
                parameterCount: configuration.parameterCount, innerWidth: configuration.innerWidth,
                attentionScale: configuration.attentionScale)
        }
    }
}

/// A family with its weights.
struct LoadedFamily: Sendable {
    let model: any DecoderFamily
    let shape: DecoderShape
    let parameterCount: Int
    let innerWidth: Int
    let attentionScale: Float
}

/// All families, by the names that `config.json` gives them.
enum ModelRegistry {
    static let families: [FamilyEntry] = [
        FamilyEntry("llama", "LlamaForCausalLM", LlamaModel.self),
        FamilyEntry("mistral", "MistralForCausalLM", MistralModel.self),
        FamilyEntry("qwen2", "Qwen2ForCausalLM", Qwen2Model.self),
        FamilyEntry("qwen3", "Qwen3ForCausalLM", Qwen3Model.self),
        FamilyEntry("gpt2", "GPT2LMHeadModel", GPT2Model.self),
    ]

    static func entry(_ file: ConfigurationFile) throws(ModelError) -> FamilyEntry {
        do {
            let type = try file.string("model_type", default: "")
            if let entry = families.first(where: { $0.modelType == type }) { return entry }
            let architectures =
                file.contains("architectures") ? try file.strings("architectures") : []
            if type.isEmpty,
                let entry = families.first(where: { architectures.contains($0.architecture) })
            {
                return entry
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

    static func entry(family name: String) throws(ModelError) -> FamilyEntry {
        guard let entry = families.first(where: { $0.modelType == name }) else {
            throw .unknownArchitecture(
                file: "shape", got: name, available: families.map(\.modelType))
        }
        return entry
    }

    static func shape(named name: String) throws(ModelError) -> DecoderShape {
        guard let shape = shapes.first(where: { $0.name == name })?.shape else {
            throw .unknownShape(got: name, available: shapes.map(\.name))
        }
        return shape
    }

    /// Shapes for `random:NAME`, from the published configurations.
    static let shapes: [(name: String, shape: DecoderShape)] = [
        (
            "tiny",
            DecoderShape(
                family: "llama", layerCount: 2, hiddenSize: 256, intermediateSize: 512,
                headCount: 4,
                keyValueHeadCount: 2, headDimension: 64, vocabularySize: 1024,
                contextLength: 131_072,
                tiesEmbeddings: true, layerWindows: [nil, nil],
                rotary: RotaryParameters(base: 10_000))
        ),
        (
            "qwen2.5-0.5b",
            DecoderShape(
                family: "qwen2", layerCount: 24, hiddenSize: 896, intermediateSize: 4864,
                headCount: 14, keyValueHeadCount: 2, headDimension: 64, vocabularySize: 151_936,
                contextLength: 131_072, tiesEmbeddings: true,
                layerWindows: [Int?](repeating: nil, count: 24),
                rotary: RotaryParameters(base: 1_000_000))
        ),
        (
            "llama-3.2-1b",
            DecoderShape(
                family: "llama", layerCount: 16, hiddenSize: 2048, intermediateSize: 8192,
                headCount: 32, keyValueHeadCount: 8, headDimension: 64, vocabularySize: 128_256,
                contextLength: 131_072, tiesEmbeddings: true,
                layerWindows: [Int?](repeating: nil, count: 16),
                rotary: RotaryParameters(
                    base: 500_000,
                    scaling: .llama3(factor: 32, low: 1, high: 4, original: 8192)))
        ),
    ]
}
