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
                } else if let rows = plan.rowsOfFused(row), let layer,
                    let fused = model.find("blk.\(layer).attn_qkv" + suffix),
                    fused.shape.first == plan.projectedWidth,
                    fused.isWhole, fused.stored == nil || fused.shape.count > 1
                {
                    taken.insert(fused.name)
                    entries.append(fused.rows(name, rows))
                } else {
                    throw .format(.missingTensor(path: path, tensor: stored))
                }
            }
        }
        let products = naming.namesProducts ? try GGUFDense.products(of: model, naming) : []
        taken.formUnion(products.map(\.name))
        // The head that sorts texts by a question is not run.
        for entry in model.entries
        where !taken.contains(entry.name) && !entry.name.hasPrefix("cls.") {
            throw .unsupported(
                file: path, key: "tensor \(entry.name)", got: "stored",
                expected: "no such tensor, because a \(family.modelType) model with this "
                    + "metadata does not read it and it may change results")
        }
        self.init(
            directory: path, configuration: configuration,
            tensors: GGUFTensors(model, entries: entries), metadata: model.first,
            products: products)
    }
}

extension EncoderPlan {
    /// The rows of a matrix of queries, keys and values that are those of a row of the table; nil for one of another role.
    fileprivate func rowsOfFused(_ row: EncoderRow) -> Range<Int>? {
        let roles: [EncoderRole] = [.query, .key, .value]
        guard row.roles.count == 1, let place = roles.firstIndex(of: row.roles[0]) else {
            return nil
        }
        let first = roles[..<place].reduce(0) { $0 + size($1).outputs }
        return first..<first + size(roles[place]).outputs
    }
}

/// A file's metadata as keys of `config.json`.
private struct EncoderMetadata {
    let model: GGUFModel
    let family: EncoderFamily
    let naming: EncoderGGUFNaming

    /// Keys after the architecture's name that change no vector, or are read elsewhere.
    private static let others: Set<String> = [
        "vocab_size", "pooling_type", "attention.causal", "attention.head_count_kv",
        "attention.key_length", "attention.value_length", "rope.dimension_count",
        "rope.scaling.type", "classifier.output_labels", "hidden_activation",
    ]

    func configuration() throws(ModelError) -> ConfigurationFile {
        let prefix = naming.architecture + "."
        var members: [JSONObject.Member] = []
        func add(_ key: String, _ value: JSONValue) {
            members.append(JSONObject.Member(key: key, value: value))
        }
        for (key, value) in model.first.metadata where key.hasPrefix(prefix) {
            let name = String(key.dropFirst(prefix.count))
            guard let known = naming.keys[name] else {
                let isOfProduct = naming.namesProducts && GGUFDense.keys.contains(name)
                if isOfProduct || Self.others.contains(name) || value.double == 0
                    || value.bool == false
                {
                    continue
                }
                throw refusal(
                    key, "set",
                    "no such key, because \(naming.architecture) models "
                        + "here do not read it and it may change results")
            }
            if let kinds = value.array?.bools(), family.keys.contains("layer_types"),
                name == "attention.sliding_window_pattern"
            {
                add(
                    "layer_types",
                    .array(kinds.map { .string($0 ? "sliding_attention" : "full_attention") }))
            } else if let number = value.int {
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
        let width = try headWidth()
        if naming.namesHeadWidth, !members.contains(where: { $0.key == "head_dim" }) {
            add("head_dim", .integer(width))
        }
        if family.keys.contains("query_pre_attn_scalar") {
            // What readers divide by the root of.
            add("query_pre_attn_scalar", .integer(width))
        }
        if family.keys.contains("hidden_activation"),
            let name = model.first[prefix + "hidden_activation"]?.text
        {
            add("hidden_activation", .string(name))
        }
        if family.keys.contains("norm_bias") {
            add("norm_bias", .bool(model.contains(EncoderRole.finalNorm.ggufName + ".bias")))
        }
        return ConfigurationFile(path: model.path, root: JSONObject(members))
    }

    /// The width of a head, which keys, values and rotations must have.
    private func headWidth() throws(ModelError) -> Int {
        func number(_ name: String) -> Int? {
            model.first[naming.architecture + "." + name]?.int
        }
        let heads = max(1, number("attention.head_count") ?? 1)
        let share = (number("embedding_length") ?? 0) / heads
        let width = naming.namesHeadWidth ? number("attention.key_length") ?? share : share
        for name in ["attention.key_length", "attention.value_length", "rope.dimension_count"] {
            guard let got = number(name), got != width else { continue }
            throw refusal(
                naming.architecture + "." + name, "\(got)", "\(width), the width of a head")
        }
        // Families without shared keys have no key for it here.
        if naming.keys["attention.head_count_kv"] == nil,
            let shared = number("attention.head_count_kv"), shared != heads
        {
            throw refusal(
                naming.architecture + ".attention.head_count_kv", "\(shared)",
                "\(heads), one of each head")
        }
        return width
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
    static let keys = Set(names.flatMap { [key($0, "in"), key($0, "out")] })

    /// The key of a matrix's inputs (`in`) or outputs (`out`), after the architecture's name.
    static func key(_ name: String, _ side: String) -> String {
        name.replacing(".weight", with: "_feat_" + side)
    }

    /// The matrices of a model, of whichever of its files, as many as there are.
    ///
    /// - Throws: ``ModelError`` for the second without the first, and for widths that its keys contradict.
    static func products(
        of model: GGUFModel, _ naming: EncoderGGUFNaming
    ) throws(ModelError) -> [TensorEntry] {
        var products: [TensorEntry] = []
        for (index, name) in names.enumerated() {
            guard let entry = model.find(name) else { continue }
            guard products.count == index else {
                throw .format(.missingTensor(path: model.path, tensor: names[index - 1]))
            }
            guard entry.shape.count == 2 else {
                throw .format(
                    .malformedTensor(
                        file: entry.file.path, tensor: name, field: "shape", got: "\(entry.shape)",
                        expected: "outputs and inputs"))
            }
            for (side, size) in [("out", entry.shape[0]), ("in", entry.shape[1])] {
                let key = naming.architecture + "." + key(name, side)
                guard let said = model.first[key]?.int, said != 0, said != size else { continue }
                throw .unsupported(
                    file: model.path, key: key, got: "\(said)",
                    expected: "\(size), as \(name) has")
            }
            products.append(entry)
        }
        // Widths of a product that is not there tell that it was lost.
        for name in names where !products.contains(where: { $0.name == name }) {
            let key = naming.architecture + "." + key(name, "out")
            guard let said = model.first[key]?.int, said != 0 else { continue }
            throw .format(.missingTensor(path: model.path, tensor: name))
        }
        return products
    }
}
