// What a GGUF file's metadata say, as the keys of `config.json`: families read one kind of configuration.

import Foundation
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
        "rope.scaling.original_context_length", "rope.scaling.finetuned",
        "rope.scaling.attn_factor", "rope.scaling.yarn_attn_factor",
        "rope.scaling.yarn_beta_fast", "rope.scaling.yarn_beta_slow", "attention.value_length",
        "attention.causal", "pooling_type",
    ]

    /// The configuration, as if it stood in the file's `config.json`.
    mutating func read() throws(ModelError) -> ConfigurationFile {
        let prefix = naming.architecture + "."
        for (key, value) in model.first.metadata where key.hasPrefix(prefix) {
            let name = String(key.dropFirst(prefix.count))
            if name == "attention.sliding_window_pattern", let layers = value.array {
                try readWindows(layers, key)
            } else if let known = naming.keys[name] {
                let json = try json(value, key)
                // Two keys may say the same.
                if let other = members.first(where: { $0.key == known }) {
                    guard other.value == json else {
                        throw .unsupported(
                            file: path, key: key, got: summary(value),
                            expected: "what another key says of it, \(other.value.summary)")
                    }
                    continue
                }
                members.append((known, json))
            } else if !Self.others.contains(name), !isOff(value) {
                throw .unsupported(
                    file: path, key: key, got: summary(value),
                    expected:
                        "no such key, because \(naming.architecture) models here do not read it "
                        + "and it may change results")
            }
        }
        members.append(("model_type", .string(family.modelType)))
        members += naming.constants.map { ($0.key, $0.value) }
        if naming.windows == .whereSwitchedOn,
            members.contains(where: { $0.key == "sliding_window" })
        {
            members.append(("use_sliding_window", .bool(true)))
            members.append(("max_window_layers", .integer(0)))
        }
        try readVocabulary()
        try readRotation()
        try compareHeads()
        if family.keys.contains("query_pre_attn_scalar") {
            let scalar = Self.usualQueryScalar(
                layers: value("block_count")?.int ?? 0,
                head: value("attention.key_length")?.int ?? 256,
                hidden: value("embedding_length")?.int ?? 0,
                heads: value("attention.head_count")?.int ?? 1)
            members.append(("query_pre_attn_scalar", .number(scalar)))
        }
        let projections = ["attn_q.bias", "attn_qkv.bias"]
        for (key, tensors) in [
            ("attention_bias", projections), ("attention_out_bias", ["attn_output.bias"]),
            ("mlp_bias", ["ffn_gate.bias"]), ("use_bias", projections),
            ("use_qkv_bias", projections), ("qkv_bias", projections),
            ("qk_layernorm", ["attn_q_norm.weight"]),
        ] where family.keys.contains(key) {
            let isThere = tensors.contains { model.contains("blk.0." + $0) }
            members.append((key, .bool(isThere)))
        }
        if naming.needsWrittenWindow, value("attention.sliding_window") == nil {
            members.append(("sliding_window", .null))
        }
        if family.keys.contains("stores_outputs_first") {
            members.append(("stores_outputs_first", .bool(true)))
        }
        return ConfigurationFile(
            path: path,
            root: JSONObject(members.map { JSONObject.Member(key: $0.key, value: $0.value) }))
    }

    /// By what llama.cpp divides queries, under a root: the width of a head, but in the largest Gemma 2 and 3.
    static func usualQueryScalar(layers: Int, head: Int, hidden: Int, heads: Int) -> Double {
        [46, 62].contains(layers) ? Double(hidden) / Double(max(1, heads)) : Double(head)
    }

    private func value(_ name: String) -> GGUFValue? {
        model.first[naming.architecture + "." + name]
    }

    /// Which layers have windows, one by one.
    private mutating func readWindows(_ layers: GGUFArray, _ key: String) throws(ModelError) {
        guard let bools = layers.bools(), family.keys.contains("layer_types") else {
            throw .unsupported(
                file: path, key: key, got: "an array of \(layers.count)",
                expected: "a number, or whether each layer has a window")
        }
        let kinds = bools.map {
            JSONValue.string($0 ? "sliding_attention" : "full_attention")
        }
        members.append(("layer_types", .array(kinds)))
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
        func numbers(_ name: String) throws(ModelError) -> JSONValue? {
            guard let factors = model.find(name) else { return nil }
            do { return .array(try factors.floats().map { .number(Double($0)) }) } catch {
                throw .format(error)
            }
        }
        let key = ["rope.scaling.attn_factor", "rope.scaling.yarn_attn_factor"].first {
            value($0) != nil
        }
        let amplitude = key.flatMap { value($0)?.double } ?? 1
        let original = value("rope.scaling.original_context_length")?.int
        if let factors = try numbers("rope_freqs.weight") {
            add("rope_type", .string("factors"))
            add("factors", factors)
        } else if let short = try numbers("rope_factors_short.weight"),
            let long = try numbers("rope_factors_long.weight")
        {
            add("rope_type", .string("longrope"))
            add("short_factor", short)
            add("long_factor", long)
            add("attention_factor", .number(amplitude))
            if let original { add("original_max_position_embeddings", .integer(original)) }
        } else if kind != "none" {
            add("rope_type", .string(kind))
            let factor = value("rope.scaling.factor")?.double
            if let factor { add("factor", .number(factor)) }
            if let original { add("original_max_position_embeddings", .integer(original)) }
            for name in ["beta_fast", "beta_slow"] {
                guard let beta = value("rope.scaling.yarn_" + name)?.double else { continue }
                add(name, .number(beta))
            }
            if kind == "yarn", !naming.stretchesWholly { add("truncate", .bool(false)) }
            if kind == "yarn", amplitude != 1, let factor, factor > 1 {
                // What is stored multiplies the usual one.
                add("attention_factor", .number(amplitude * (0.1 * log(factor) + 1)))
            }
        }
        if amplitude != 1, let key, !scaling.contains(where: { $0.key == "attention_factor" }) {
            throw .unsupported(
                file: path, key: naming.architecture + "." + key, got: "\(amplitude)",
                expected: "1, or a rotation of type yarn or longrope")
        }
        guard !scaling.isEmpty else { return }
        if let base = value("rope.freq_base")?.double {
            add("rope_theta", .number(base))
        }
        members.append(("rope_scaling", .object(JSONObject(scaling))))
    }

    /// Throws where heads are rotated in part in a family whose heads are not, or values have another width than keys.
    private mutating func compareHeads() throws(ModelError) {
        let hidden = value("embedding_length")?.int ?? 0
        let heads = max(1, value("attention.head_count")?.int ?? 1)
        let width = value("attention.key_length")?.int ?? hidden / heads
        if family.keys.contains("partial_rotary_factor") {
            let turned = value("rope.dimension_count")?.int ?? width
            members.append(
                ("partial_rotary_factor", .number(Double(turned) / Double(max(1, width)))))
        }
        for name in ["rope.dimension_count", "attention.value_length"] {
            guard let got = value(name)?.int, got != width else { continue }
            if name.hasPrefix("rope"), family.keys.contains("partial_rotary_factor"), got < width {
                continue
            }
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
