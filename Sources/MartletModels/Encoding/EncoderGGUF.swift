// A GGUF file as an encoder's checkpoint: its metadata as config.json's keys, its tensors under Hugging Face's names.

package import MartletFormats
import MartletKernels

extension EncoderPlan {
    /// Whether a GGUF file is of an encoder, which generates no text.
    package static func describes(_ file: GGUFFile) -> Bool { EncoderRegistry.family(file) != nil }
}

extension Checkpoint {
    /// Opens a GGUF file as an encoder.
    ///
    /// - Throws: ``ModelError`` for a file that is damaged, or is of no encoder.
    package init(encoderGGUF path: String) throws(ModelError) {
        let model: GGUFModel
        do { model = try GGUFModel(path: path) } catch { throw .format(error) }
        guard let (family, naming) = EncoderRegistry.family(model.first) else {
            throw .unknownArchitecture(
                file: path, got: model.first["general.architecture"]?.text ?? "not named",
                available: Set(EncoderRegistry.families.compactMap(\.gguf?.architecture)).sorted())
        }
        let configuration = try EncoderMetadata(model: model, family: family, naming: naming)
            .configuration()
        let plan = try family.plan(configuration)
        var entries: [TensorEntry] = []
        var taken: Set<String> = []
        let names = EncoderNames(plan) { _ in false }
        for (row, layer) in plan.table.tensors(layerCount: plan.layerCount) {
            for suffix in row.hasBias ? [".weight", ".bias"] : [".weight"] {
                let stored = row.ggufName(naming, layer: layer) + suffix
                let name = names.name(row, layer: layer) + suffix
                if let entry = model.find(stored) {
                    taken.insert(stored)
                    let isWhole = naming.holdsWholeNorms && row.roles[0].isNorm
                    entries.append(
                        entry.renamed(
                            name, rowOrder: nil, term: isWhole ? -plan.normOffset : 0))
                } else if let part = row.partOfFused, let layer,
                    let fused = model.find("blk.\(layer).attn_qkv" + suffix),
                    fused.shape.first == 3 * plan.queryWidth,
                    fused.isWhole, fused.stored == nil || fused.shape.count > 1,
                    plan.keyWidth == plan.queryWidth
                {
                    taken.insert(fused.name)
                    let first = part * plan.queryWidth
                    entries.append(fused.rows(name, first..<first + plan.queryWidth))
                } else {
                    throw .format(.missingTensor(path: path, tensor: stored))
                }
            }
        }
        // The head that sorts texts by a question is not run.
        for entry in model.entries
        where !taken.contains(entry.name) && !entry.name.hasPrefix("cls.")
            && !GGUFDense.names.contains(entry.name)
        {
            throw .unsupported(
                file: path, key: "tensor \(entry.name)", got: "stored",
                expected: "no such tensor, because a \(family.modelType) model with this "
                    + "metadata does not read it and it may change results")
        }
        self.init(
            directory: path, configuration: configuration,
            tensors: GGUFTensors(model, entries: entries), metadata: model.first)
    }
}

/// A file's metadata as keys of `config.json`.
private struct EncoderMetadata {
    let model: GGUFModel
    let family: EncoderFamily
    let naming: EncoderGGUFNaming

    /// Keys after the architecture's name that change no vector, or are read elsewhere.
    private static let others = GGUFDense.keys.union([
        "vocab_size", "pooling_type", "attention.causal", "attention.head_count_kv",
        "rope.dimension_count", "rope.scaling.type", "classifier.output_labels",
        "attention.sliding_window_pattern", "hidden_activation",
    ])

    func configuration() throws(ModelError) -> ConfigurationFile {
        let prefix = naming.architecture + "."
        var members: [JSONObject.Member] = []
        func add(_ key: String, _ value: JSONValue) {
            members.append(JSONObject.Member(key: key, value: value))
        }
        for (key, value) in model.first.metadata where key.hasPrefix(prefix) {
            let name = String(key.dropFirst(prefix.count))
            guard let known = naming.keys[name] else {
                let isWidth = name == "attention.value_length" && family.mark != nil
                if isWidth || Self.others.contains(name) || value.double == 0
                    || value.bool == false
                {
                    continue
                }
                throw refusal(
                    key, "set",
                    "no such key, because \(naming.architecture) models "
                        + "here do not read it and it may change results")
            }
            if let number = value.int {
                add(known, .integer(number))
            } else if let number = value.double {
                add(known, .number(number))
            } else {
                throw refusal(key, "no number", "one number for all layers")
            }
        }
        if model.first[prefix + "attention.causal"]?.bool == true {
            throw refusal(prefix + "attention.causal", "true", "false, for an encoder")
        }
        if let kind = model.first[prefix + "rope.scaling.type"]?.text, kind != "none" {
            throw refusal(prefix + "rope.scaling.type", kind, "none")
        }
        add("model_type", .string(family.modelType))
        add("vocab_size", .integer(try rows(of: .embedding)))
        if model.contains(EncoderRole.segments.ggufName + ".weight") {
            add("type_vocab_size", .integer(try rows(of: .segments)))
        }
        if model.contains(EncoderRole.positions.ggufName + ".weight") {
            // Rows count: what is written may be the length of training.
            members.removeAll { $0.key == "max_position_embeddings" }
            add("max_position_embeddings", .integer(try rows(of: .positions)))
        }
        if let mark = family.mark { add(mark, .bool(true)) }
        if family.keys.contains("query_pre_attn_scalar"),
            let width = model.first[prefix + "attention.key_length"]?.int
        {
            // What readers divide by the root of.
            add("query_pre_attn_scalar", .integer(width))
            if let values = model.first[prefix + "attention.value_length"]?.int, values != width {
                throw refusal(
                    prefix + "attention.value_length", "\(values)", "\(width), as of keys")
            }
        }
        if family.keys.contains("norm_bias") {
            add("norm_bias", .bool(model.contains(EncoderRole.finalNorm.ggufName + ".bias")))
        }
        return ConfigurationFile(path: model.path, root: JSONObject(members))
    }

    private func rows(of role: EncoderRole) throws(ModelError) -> Int {
        let name = role.ggufName + ".weight"
        guard let table = model.find(name), table.shape.count == 2 else {
            throw .format(.missingTensor(path: model.path, tensor: name))
        }
        return table.shape[0]
    }

    private func refusal(_ key: String, _ got: String, _ expected: String) -> ModelError {
        .unsupported(file: model.path, key: key, got: got, expected: expected)
    }
}

/// What GGUF calls the products after pooling of EmbeddingGemma's kind.
package enum GGUFDense {
    /// Their matrices, in the order in which they are multiplied.
    package static let names = ["dense_2.weight", "dense_3.weight"]
    /// Their widths, after the architecture's name.
    static let keys: Set<String> = [
        "dense_2_feat_in", "dense_2_feat_out", "dense_3_feat_in", "dense_3_feat_out",
    ]
}
