// What config.json says of rotary positions, in the old and the new spelling.

import Foundation
import MartletFormats

/// Which keys of a family's `config.json` count for its rotations, beside those of every family.
struct RotaryKeys {
    /// The base where none is written.
    var base = 10_000.0
    /// Positions the model was made for.
    let context: Int
    /// Whether heads may turn in part.
    var readsShare = false
    /// Whether the trained length may stand outside of the rotation's object.
    var readsOriginal = false
    /// Whether a fixed `alpha` may stretch the base.
    var readsAlpha = false
    /// Whether queries may grow with their position.
    var readsGrowth = false
}

extension RotaryParameters {
    /// Reads `rope_scaling` (old) or `rope_parameters` (new). Where both are there, the old one wins, as in
    /// transformers; both must be of a type that is known, and they must not name different bases.
    init(_ file: ConfigurationFile, _ keys: RotaryKeys) throws {
        var keys = keys
        keys.base = try file.optionalDouble("rope_theta", in: Self.positive) ?? keys.base
        var readings: [RotaryParameters] = []
        for key in ["rope_scaling", "rope_parameters"] {
            guard let object = try file.optionalObject(key), object.root.count > 0 else { continue }
            readings.append(try RotaryParameters(object, in: file, keys))
        }
        guard let reading = readings.first else {
            self.init(base: keys.base)
            share = try Self.share(file, keys) ?? 1
            return
        }
        guard readings.allSatisfy({ $0.base == reading.base }) else {
            throw ModelError.unsupported(
                file: file.path, key: "rope_parameters.rope_theta", got: "\(readings[1].base)",
                expected: "\(reading.base), the base that goes with rope_scaling")
        }
        self = reading
    }

    /// Reads one object; a key that its type does not read is refused.
    init(_ object: ConfigurationFile, in file: ConfigurationFile, _ keys: RotaryKeys) throws {
        self.init(base: try object.optionalDouble("rope_theta", in: Self.positive) ?? keys.base)
        let older = try object.optionalString("type")
        let kind = try object.string("rope_type", default: older ?? "default")
        let known = [
            "default", "linear", "llama3", "yarn", "dynamic", "longrope", "su", "factors",
        ]
        // Where both spellings are there the new one wins; an unknown one never hides behind the other.
        for name in [kind, older ?? kind] where !known.contains(name) {
            throw ModelError.unsupported(
                file: object.path, key: "rope_type", got: name,
                expected: "default, linear, llama3, yarn, dynamic or longrope")
        }
        // The trained length is a note for kinds that do not stretch by it.
        var read: Set = ["type", "rope_type", "rope_theta", "original_max_position_embeddings"]
        if keys.readsShare {
            read.insert("partial_rotary_factor")
            share = try Self.share(object, keys) ?? Self.share(file, keys) ?? 1
        }
        func factor(_ key: String) throws -> Double {
            read.insert(key)
            return try object.double(key, in: Self.positive)
        }
        func optional(_ key: String) throws -> Double? {
            read.insert(key)
            return try object.optionalDouble(key, in: Self.positive)
        }
        func original() throws -> Int {
            let key = "original_max_position_embeddings"
            let range = 1...Int(Int32.max)
            return try object.optionalInt(key, in: range)
                ?? (keys.readsOriginal ? file.optionalInt(key, in: range) : nil) ?? keys.context
        }
        switch kind {
        case "linear": scaling = .linear(factor: try factor("factor"))
        case "dynamic":
            if keys.readsAlpha, let alpha = try optional("alpha") {
                // Published files have keys of other kinds beside it, which nobody reads then.
                read.formUnion(["factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim"])
                let width = Double(try file.int("head_dim", in: 4...1024))
                base *= pow(alpha, width / (width - 2))
                break
            }
            // The base grows with texts beyond the model's context, where sequences end here.
            _ = try factor("factor")
        case "factors":
            // Only of configurations that are made of GGUF's metadata.
            scaling = .factors(try Self.factors(object, "factors", reading: &read))
        case "llama3":
            let low = try factor("low_freq_factor")
            let high = try factor("high_freq_factor")
            guard high > low else {
                throw object.wrongValue(
                    "high_freq_factor", expected: "more than low_freq_factor \(low)")
            }
            scaling = .llama3(
                factor: try factor("factor"), low: low, high: high,
                original: try factor("original_max_position_embeddings"))
        case "yarn":
            let stretch = try factor("factor")
            let fast = try optional("beta_fast") ?? 32
            let slow = try optional("beta_slow") ?? 1
            guard fast > slow else {
                throw object.wrongValue("beta_fast", expected: "more than beta_slow \(slow)")
            }
            read.insert("truncate")
            scaling = .yarn(
                factor: stretch, original: Double(try original()), fast: fast, slow: slow,
                isWhole: try object.bool("truncate", default: true))
            if keys.readsGrowth, let rate = try optional("llama_4_scaling_beta") {
                // A note of where the stretched context ends.
                read.insert("max_position_embeddings")
                growth = QueryGrowth(rate: rate, original: try original())
            }
            func magnitude(_ weight: Double) -> Double {
                stretch <= 1 ? 1 : 0.1 * weight * log(stretch) + 1
            }
            let weights = (try optional("mscale"), try optional("mscale_all_dim"))
            amplitude = try optional("attention_factor") ?? magnitude(1)
            if case (let mine?, let all?) = weights, !object.contains("attention_factor") {
                amplitude = magnitude(mine) / magnitude(all)
            }
        case "longrope", "su":
            let length = try original()
            let stretch = try optional("factor") ?? Double(keys.context) / Double(length)
            scaling = .longrope(
                short: try Self.factors(object, "short_factor", reading: &read),
                long: try Self.factors(object, "long_factor", reading: &read), original: length)
            amplitude =
                try optional("attention_factor")
                ?? (stretch <= 1 || length <= 1
                    ? 1 : (1 + log(stretch) / log(Double(length))).squareRoot())
        default: break
        }
        try object.requireNoOthers(than: read, reader: "RoPE of type \(kind)")
    }

    private static func share(_ file: ConfigurationFile, _ keys: RotaryKeys) throws -> Double? {
        guard keys.readsShare else { return nil }
        return try file.optionalDouble("partial_rotary_factor", in: 0.01...1)
    }

    private static func factors(
        _ object: ConfigurationFile, _ key: String, reading keys: inout Set<String>
    ) throws -> [Double] {
        keys.insert(key)
        let factors = object.value(key)?.arrayValue?.compactMap(\.doubleValue) ?? []
        guard !factors.isEmpty, factors.allSatisfy({ $0 > 0 }) else {
            throw object.wrongValue(key, expected: "a positive number for each frequency")
        }
        return factors
    }

    fileprivate static let positive =
        Double.leastNonzeroMagnitude...Double.greatestFiniteMagnitude

    /// Throws where heads of this width cannot turn so.
    func check(_ file: ConfigurationFile, headDimension: Int) throws {
        let turned = dimensions(headDimension: headDimension)
        guard turned >= 2, turned % 2 == 0 else {
            throw file.wrongValue(
                "partial_rotary_factor",
                expected: "one by which an even number of the \(headDimension) dimensions turn")
        }
        if case .yarn = scaling, base <= 1 {
            throw file.wrongValue("rope_theta", expected: "more than 1, for RoPE of type yarn")
        }
        let lists: [[Double]] =
            switch scaling {
            case .longrope(let short, let long, _): [short, long]
            case .factors(let factors): [factors]
            default: []
            }
        for list in lists where list.count != turned / 2 {
            throw ModelError.unsupported(
                file: file.path, key: "a list of rotary factors", got: "\(list.count) numbers",
                expected: "\(turned / 2), one for each frequency")
        }
    }
}
