/// The files of sentence-transformers in a model's directory: modules, pooling, prompts, the longest text.

import Foundation
import MartletFormats
import MartletKernels
import MartletModels

/// A directory that may hold such files.
struct EmbeddingFolder {
    let path: String

    static let list = "modules.json"
    private static let pooling = "1_Pooling"
    private static let encoder = "sentence_bert_config.json"
    private static let prompts = "config_sentence_transformers.json"
    /// The files in the model's own folder.
    static let names = [list, encoder, prompts]

    init(_ path: String) { self.path = path }

    /// The files of the modules, by their paths within the model's folder.
    func moduleFiles() throws -> [String] {
        var folders = [Self.pooling]
        let list = FileSystem.join(path, Self.list)
        if FileSystem.kind(of: list) == .file {
            folders =
                try JSONValue.parse(contentsOf: list).arrayValue?.compactMap {
                    $0.objectValue?["path"]?.stringValue
                }.filter { !$0.isEmpty && !Self.leavesModel($0) } ?? []
        }
        return folders.flatMap { ["\($0)/config.json", "\($0)/model.safetensors"] }
            .filter { FileSystem.kind(of: FileSystem.join(path, $0)) == .file }
    }

    private static func leavesModel(_ folder: String) -> Bool {
        folder.hasPrefix("/") || folder.hasPrefix(".") || folder.contains("..")
    }

    /// The files of a model that pools in one way, multiplies what comes of it, and scales it to a length of 1.
    static func files(
        pooling: Pooling, width: Int, projections: [EmbeddingProjection], maximumTokens: Int
    ) -> [(path: String, content: [UInt8])] {
        let names =
            ["Transformer", "Pooling"] + projections.map { _ in "Dense" } + ["Normalize"]
        let modules = names.enumerated().map { index, name -> JSONValue in
            [
                "idx": .integer(index), "name": .string("\(index)"),
                "path": .string(index == 0 ? "" : "\(index)_\(name)"),
                "type": .string("sentence_transformers.models.\(name)"),
            ]
        }
        let dense = projections.enumerated().flatMap { index, projection in
            [
                ("\(index + 2)_Dense/config.json", projection.configuration),
                ("\(index + 2)_Dense/model.safetensors", projection.file),
            ]
        }
        let modes = oldKeys.map { key, name in
            JSONObject.Member(key: key, value: .bool(poolings[name] == pooling))
        }
        let poolingValue = JSONValue.object(
            JSONObject([.init(key: "word_embedding_dimension", value: .integer(width))] + modes))
        let encoderValue: JSONValue = [
            "max_seq_length": .integer(maximumTokens), "do_lower_case": false,
        ]
        return [
            (list, JSONValue.array(modules).serialized(indentation: 2)),
            (Self.pooling + "/config.json", poolingValue.serialized(indentation: 2)),
            (encoder, encoderValue.serialized(indentation: 2)),
        ] + dense
    }

    /// What the files say; nil where they say nothing of pooling.
    func recipe() throws -> EmbeddingRecipe? {
        guard var recipe = try modules() else { return nil }
        if let file = try optionalFile(Self.encoder) {
            recipe.maximumTokens = try file.optionalInt("max_seq_length", in: 1...Int(Int32.max))
            recipe.lowercases = try file.bool("do_lower_case", default: false)
        }
        if recipe.maximumTokens == nil, let file = try optionalFile("tokenizer_config.json") {
            // Where there is no limit, a number is written that no text can reach.
            recipe.maximumTokens = file.value("model_max_length")?.intValue.flatMap {
                (1...Int(Int32.max)).contains($0) ? $0 : nil
            }
        }
        if let file = try optionalFile(Self.prompts) {
            if let prompts = try file.optionalObject("prompts") {
                for member in prompts.root.members {
                    recipe.prompts[member.key] = try prompts.optionalString(member.key) ?? ""
                }
            }
            recipe.defaultPrompt = try file.optionalString("default_prompt_name")
        }
        return recipe
    }

    /// The modules that follow the model, in their order.
    private func modules() throws -> EmbeddingRecipe? {
        let list = path + "/" + Self.list
        guard FileManager.default.fileExists(atPath: list) else {
            // Files that were copied without the list of modules.
            let folder = Self.pooling
            guard FileManager.default.fileExists(atPath: "\(path)/\(folder)/config.json") else {
                return nil
            }
            var recipe = try pooling(folder)
            recipe.steps = [.normalize]
            return recipe
        }
        guard let modules = try JSONValue.parse(contentsOf: list).arrayValue else {
            throw FormatError.malformedJSON(
                file: list, offset: 0, got: "no array", expected: "an array of modules")
        }
        var recipe: EmbeddingRecipe?
        for (index, module) in modules.enumerated() {
            guard let object = module.objectValue else {
                throw FormatError.malformedJSON(
                    file: list, offset: 0, got: module.summary, expected: "an object for a module")
            }
            let module = ConfigurationFile(path: list, root: object)
            let type = try module.string("type")
            let folder = try module.string("path", default: "")
            guard !Self.leavesModel(folder) else {
                throw module.wrongValue("path", expected: "a folder of the model")
            }
            switch (type.split(separator: ".").last.map(String.init) ?? "", recipe) {
            case ("Transformer", nil) where index == 0: continue
            case ("Pooling", nil): recipe = try pooling(folder)
            case ("Dense", .some):
                recipe?.steps.append(.project(try EmbeddingProjection(self, folder: folder)))
            case ("Normalize", .some): recipe?.steps.append(.normalize)
            case ("Dropout", .some): continue
            default:
                throw ModelError.unsupported(
                    file: list, key: "module \(index)", got: type,
                    expected: "Transformer, Pooling, then Dense or Normalize")
            }
        }
        return recipe
    }

    private func pooling(_ folder: String) throws -> EmbeddingRecipe {
        let name = folder + "/config.json"
        let file = try ConfigurationFile(path: path + "/" + name)
        var names: [String] = []
        if file.contains("pooling_mode") {
            names = try file.strings("pooling_mode")
        } else {
            for (key, name) in Self.oldKeys where try file.bool(key, default: false) {
                names.append(name)
            }
            if names.isEmpty { names = ["mean"] }
        }
        let poolings = try names.map { name in
            guard let pooling = Self.poolings[name] else {
                throw file.wrongValue(
                    "pooling_mode", expected: "one of \(Self.poolings.keys.sorted())")
            }
            return pooling
        }
        var recipe = EmbeddingRecipe(poolings: poolings, poolingSource: name)
        recipe.poolsPrompt = try file.bool("include_prompt", default: true)
        return recipe
    }

    private static let poolings: [String: Pooling] = [
        "mean": .mean, "cls": .cls, "max": .max, "lasttoken": .last,
        "mean_sqrt_len_tokens": .meanSqrtLength, "weightedmean": .weightedMean,
    ]

    /// In the order in which several are put one after another.
    private static let oldKeys = [
        ("pooling_mode_cls_token", "cls"), ("pooling_mode_max_tokens", "max"),
        ("pooling_mode_mean_tokens", "mean"),
        ("pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"),
        ("pooling_mode_weightedmean_tokens", "weightedmean"),
        ("pooling_mode_lasttoken", "lasttoken"),
    ]

    private func optionalFile(_ name: String) throws -> ConfigurationFile? {
        let file = path + "/" + name
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        return try ConfigurationFile(path: file)
    }
}

/// A product of a pooled vector with a matrix, and an activation.
struct EmbeddingProjection: Sendable {
    let inputs: Int
    let outputs: Int
    /// `[output][input]`.
    let weights: [Float]
    private let bias: [Float]
    private let isTanh: Bool

    /// Whether it is a product alone.
    var isPlain: Bool { !isTanh && bias.allSatisfy { $0 == 0 } }

    /// A product alone, of a matrix of a GGUF file.
    init(_ entry: TensorEntry, path: String) throws {
        guard entry.shape.count == 2, entry.shape.allSatisfy({ (1...65_536).contains($0) }) else {
            throw FormatError.malformedTensor(
                file: path, tensor: entry.name, field: "shape", got: "\(entry.shape)",
                expected: "outputs and inputs, at most 65536 each")
        }
        (outputs, inputs) = (entry.shape[0], entry.shape[1])
        weights = try entry.floats()
        bias = [Float](repeating: 0, count: outputs)
        isTanh = false
    }

    /// Reads a module of type `Dense`.
    init(_ model: EmbeddingFolder, folder: String) throws {
        let path = model.path + "/" + folder
        let file = try ConfigurationFile(path: path + "/config.json")
        inputs = try file.int("in_features", in: 1...65_536)
        outputs = try file.int("out_features", in: 1...65_536)
        let activation = try file.string(
            "activation_function", default: "torch.nn.modules.linear.Identity")
        let name = activation.split(separator: ".").last.map(String.init) ?? ""
        guard ["Identity", "Tanh"].contains(name), try !file.bool("use_residual", default: false)
        else {
            throw file.wrongValue(
                "activation_function", expected: "Identity or Tanh, without a residual")
        }
        isTanh = name == "Tanh"
        let tensors = try SafetensorsFile(path: path + "/model.safetensors")
        func floats(_ name: String, _ shape: [Int]) throws -> [Float] {
            guard let entry = tensors[name] else {
                throw FormatError.missingTensor(path: path, tensor: name)
            }
            try entry.check(shape: shape)
            return try entry.floats()
        }
        weights = try floats("linear.weight", [outputs, inputs])
        bias =
            try file.bool("bias", default: true)
            ? floats("linear.bias", [outputs]) : [Float](repeating: 0, count: outputs)
    }

    /// The projected vector; sums ascend over the inputs, in double precision.
    func callAsFunction(_ vector: [Float]) -> [Float] {
        (0..<outputs).map { output in
            var sum = Double(bias[output])
            for input in 0..<inputs {
                sum += Double(weights[output * inputs + input]) * Double(vector[input])
            }
            return Float(isTanh ? tanh(sum) : sum)
        }
    }
}

extension EmbeddingProjection {
    /// The content of the module's `config.json`.
    fileprivate var configuration: [UInt8] {
        let value: JSONValue = [
            "in_features": .integer(inputs), "out_features": .integer(outputs), "bias": false,
            "activation_function": "torch.nn.modules.linear.Identity",
        ]
        return value.serialized(indentation: 2)
    }

    /// The content of the module's `model.safetensors`.
    fileprivate var file: [UInt8] {
        let tensor: JSONValue = [
            "dtype": "F32", "shape": [.integer(outputs), .integer(inputs)],
            "data_offsets": [0, .integer(4 * weights.count)],
        ]
        var header = (["linear.weight": tensor] as JSONValue).serialized()
        header += repeatElement(0x20, count: (8 - header.count % 8) % 8)
        let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
        return length + header + DType.f32.bytes(of: weights)
    }
}
