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

    /// One entry of the list of modules.
    private struct Module {
        /// The last part of its type's name.
        let kind: String
        let type: String
        /// Its folder within the model's; empty for the model itself.
        let folder: String
    }

    /// The list of modules; nil where there is none.
    private func list() throws -> [Module]? {
        let list = FileSystem.join(path, Self.list)
        guard FileSystem.kind(of: list) == .file else { return nil }
        guard let modules = try JSONValue.parse(contentsOf: list).arrayValue else {
            throw FormatError.malformedJSON(
                file: list, offset: 0, got: "no array", expected: "an array of modules")
        }
        return try modules.map { module in
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
            return Module(
                kind: type.split(separator: ".").last.map(String.init) ?? "", type: type,
                folder: folder)
        }
    }

    /// The files of the modules, by their paths within the model's folder.
    func moduleFiles() throws -> [String] {
        let folders = try list()?.map(\.folder).filter { !$0.isEmpty } ?? [Self.pooling]
        return folders.flatMap { ["\($0)/config.json", "\($0)/model.safetensors"] }
            .filter { FileSystem.kind(of: FileSystem.join(path, $0)) == .file }
    }

    private static func leavesModel(_ folder: String) -> Bool {
        folder.hasPrefix("/") || folder.hasPrefix(".") || folder.contains("..")
    }

    /// The files of a model that pools in one way, multiplies what comes of it, and scales it to a length of 1.
    static func files(
        pooling: Pooling, width: Int, projections: [EmbeddingProjection], maximumTokens: Int
    ) throws -> [(path: String, content: [UInt8])] {
        let names =
            ["Transformer", "Pooling"] + projections.map { _ in "Dense" } + ["Normalize"]
        let modules = names.enumerated().map { index, name -> JSONValue in
            [
                "idx": .integer(index), "name": .string("\(index)"),
                "path": .string(index == 0 ? "" : "\(index)_\(name)"),
                "type": .string("sentence_transformers.models.\(name)"),
            ]
        }
        let dense = try projections.enumerated().flatMap { index, projection in
            let folder = "\(index + 2)_Dense"
            return [
                (folder + "/config.json", projection.configuration),
                (
                    folder + "/model.safetensors",
                    try projection.content(path: folder + "/model.safetensors")
                ),
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
        guard let modules = try list() else {
            // Files that were copied without the list of modules.
            let folder = Self.pooling
            guard FileManager.default.fileExists(atPath: "\(path)/\(folder)/config.json") else {
                return nil
            }
            var recipe = try pooling(folder)
            recipe.steps = [.normalize]
            return recipe
        }
        var recipe: EmbeddingRecipe?
        for (index, module) in modules.enumerated() {
            switch (module.kind, recipe) {
            case ("Transformer", nil) where index == 0: continue
            case ("Pooling", nil): recipe = try pooling(module.folder)
            case ("Dense", .some):
                recipe?.steps.append(
                    .project(try EmbeddingProjection(self, folder: module.folder)))
            case ("Normalize", .some): recipe?.steps.append(.normalize)
            case ("Dropout", .some): continue
            default:
                throw ModelError.unsupported(
                    file: path + "/" + Self.list, key: "module \(index)", got: module.type,
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
