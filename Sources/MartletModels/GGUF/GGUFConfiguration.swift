// What a GGUF file's metadata say, as the keys of `config.json`: families read one kind of configuration.

import MartletFormats

/// Makes a configuration of metadata. Keys that it does not know are refused where they may change results.
struct GGUFConfiguration {
    let model: GGUFModel
    let family: DecoderFamily
    let naming: GGUFNaming
    private var members: [(key: String, value: JSONValue)] = []

    init(_ model: GGUFModel) throws(ModelError) {
        self.model = model
        (family, naming) = try ModelRegistry.family(model.first)
    }

    private var path: String { model.path }

    /// Keys after the architecture's name that change no result, or are compared below.
    private static let others: Set<String> = [
        "vocab_size", "rope.dimension_count", "rope.scaling.type", "rope.scaling.factor",
        "rope.scaling.original_context_length", "rope.scaling.finetuned", "attention.value_length",
        "attention.causal",
    ]

    /// The configuration, as if it stood in the file's `config.json`.
    mutating func read() throws(ModelError) -> ConfigurationFile {
        let prefix = naming.architecture + "."
        for (key, value) in model.first.metadata where key.hasPrefix(prefix) {
            let name = String(key.dropFirst(prefix.count))
            if let known = naming.keys[name] {
                members.append((known, try json(value, key)))
            } else if !Self.others.contains(name), !isOff(value) {
                throw .unsupported(
                    file: path, key: key, got: summary(value),
                    expected:
                        "no such key, because \(naming.architecture) models here do not read it "
                        + "and it may change results")
            }
        }
        members.append(("model_type", .string(family.modelType)))
        if naming.windows == .whereSwitchedOn,
            members.contains(where: { $0.key == "sliding_window" })
        {
            members.append(("use_sliding_window", .bool(true)))
            members.append(("max_window_layers", .integer(0)))
        }
        try readVocabulary()
        try readRotation()
        try compareHeads()
        if model.contains("blk.0.attn_q.bias"), family.keys.contains("attention_bias") {
            members.append(("attention_bias", .bool(true)))
        }
        return ConfigurationFile(
            path: path,
            root: JSONObject(members.map { JSONObject.Member(key: $0.key, value: $0.value) }))
    }

    private func value(_ name: String) -> GGUFValue? {
        model.first[naming.architecture + "." + name]
    }

    private mutating func readVocabulary() throws(ModelError) {
        // Rows of the table count: lists of tokens may be padded, and some files have none.
        guard let table = model.find("token_embd.weight"), table.shape.count == 2 else {
            throw .format(.missingTensor(path: path, tensor: "token_embd.weight"))
        }
        members.append(("vocab_size", .integer(table.shape[0])))
        members.append(("tie_word_embeddings", .bool(!model.contains("output.weight"))))
    }

    private mutating func readRotation() throws(ModelError) {
        let kind = value("rope.scaling.type")?.text ?? "none"
        var scaling: [JSONObject.Member] = []
        func add(_ key: String, _ value: JSONValue) {
            scaling.append(JSONObject.Member(key: key, value: value))
        }
        if let factors = model.find("rope_freqs.weight") {
            let numbers: [Float]
            do { numbers = try factors.floats() } catch { throw .format(error) }
            add("rope_type", .string("factors"))
            add("factors", .array(numbers.map { .number(Double($0)) }))
        } else if kind != "none" {
            add("rope_type", .string(kind))
            if let factor = value("rope.scaling.factor")?.double { add("factor", .number(factor)) }
            if let original = value("rope.scaling.original_context_length")?.int {
                add("original_max_position_embeddings", .integer(original))
            }
        }
        guard !scaling.isEmpty else { return }
        if let base = value("rope.freq_base")?.double {
            add("rope_theta", .number(base))
        }
        members.append(("rope_scaling", .object(JSONObject(scaling))))
    }

    /// Throws where heads are rotated in part, or values have another width than keys.
    private func compareHeads() throws(ModelError) {
        let hidden = value("embedding_length")?.int ?? 0
        let heads = max(1, value("attention.head_count")?.int ?? 1)
        let width = value("attention.key_length")?.int ?? hidden / heads
        for name in ["rope.dimension_count", "attention.value_length"] {
            guard let got = value(name)?.int, got != width else { continue }
            throw .unsupported(
                file: path, key: "\(naming.architecture).\(name)", got: "\(got)",
                expected: "\(width), the width of a head")
        }
        if value("attention.causal")?.bool == false {
            throw .unsupported(
                file: path, key: "\(naming.architecture).attention.causal", got: "false",
                expected: "true: an encoder generates no text")
        }
    }

    private func json(_ value: GGUFValue, _ key: String) throws(ModelError) -> JSONValue {
        switch value {
        case .unsigned, .signed:
            if let number = value.int { return .integer(number) }
        case .float(let number): return .number(number)
        case .bool(let isOn): return .bool(isOn)
        case .array(let array):
            // Some writers repeat a number for each layer.
            if let numbers = array.integers(), let first = numbers.first,
                numbers.allSatisfy({ $0 == first })
            {
                return .integer(first)
            }
        case .string: break
        }
        throw .unsupported(
            file: path, key: key, got: summary(value), expected: "one number for all layers")
    }

    private func isOff(_ value: GGUFValue) -> Bool {
        value.double == 0 || value.bool == false
    }

    private func summary(_ value: GGUFValue) -> String {
        value.text.map { excerpt($0) } ?? value.int.map(String.init)
            ?? value.double.map { "\($0)" } ?? value.bool.map(String.init)
            ?? value.array.map { "an array of \($0.count)" } ?? "a value"
    }
}
