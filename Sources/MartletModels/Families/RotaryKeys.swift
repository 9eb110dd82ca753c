// What config.json says of rotary positions, in the old and the new spelling.

import MartletFormats

extension RotaryParameters {
    /// Reads `rope_scaling` (old) or `rope_parameters` (new). Where both are there, the old one wins, as in
    /// transformers; both must be of a type that is known, and they must not name different bases.
    init(_ file: ConfigurationFile, defaultBase: Double) throws {
        let outer = try file.optionalDouble("rope_theta", in: Self.positive) ?? defaultBase
        var readings: [RotaryParameters] = []
        for key in ["rope_scaling", "rope_parameters"] {
            guard let object = try file.optionalObject(key), object.root.count > 0 else { continue }
            readings.append(
                RotaryParameters(
                    base: try object.optionalDouble("rope_theta", in: Self.positive) ?? outer,
                    scaling: try Scaling(object)))
        }
        guard let reading = readings.first else {
            self.init(base: outer)
            return
        }
        guard readings.allSatisfy({ $0.base == reading.base }) else {
            throw ModelError.unsupported(
                file: file.path, key: "rope_parameters.rope_theta", got: "\(readings[1].base)",
                expected: "\(reading.base), the base that goes with rope_scaling")
        }
        self = reading
    }

    fileprivate static let positive =
        Double.leastNonzeroMagnitude...Double.greatestFiniteMagnitude
}

extension RotaryParameters.Scaling {
    /// Reads one object; a key that its type does not read is refused.
    fileprivate init(_ object: ConfigurationFile) throws {
        let positive = RotaryParameters.positive
        let older = try object.optionalString("type")
        let kind = try object.string("rope_type", default: older ?? "default")
        let known = ["default", "linear", "llama3", "factors"]
        // Where both spellings are there the new one wins; an unknown one never hides behind the other.
        for name in [kind, older ?? kind] where !known.contains(name) {
            throw ModelError.unsupported(
                file: object.path, key: "rope_type", got: name,
                expected: "default, linear or llama3")
        }
        // The trained length is a note for kinds that do not stretch by it.
        var keys: Set = ["type", "rope_type", "rope_theta", "original_max_position_embeddings"]
        switch kind {
        case "linear":
            keys.insert("factor")
            self = .linear(factor: try object.double("factor", in: positive))
        case "factors":
            // Only of configurations that are made of GGUF's metadata.
            keys.insert("factors")
            let factors = object.value("factors")?.arrayValue?.compactMap(\.doubleValue) ?? []
            guard !factors.isEmpty, factors.allSatisfy({ $0 > 0 }) else {
                throw object.wrongValue("factors", expected: "a positive number for each frequency")
            }
            self = .factors(factors)
        case "llama3":
            keys.formUnion(["factor", "low_freq_factor", "high_freq_factor"])
            let low = try object.double("low_freq_factor", in: positive)
            let high = try object.double("high_freq_factor", in: positive)
            guard high > low else {
                throw object.wrongValue(
                    "high_freq_factor", expected: "more than low_freq_factor \(low)")
            }
            self = .llama3(
                factor: try object.double("factor", in: positive), low: low, high: high,
                original: try object.double("original_max_position_embeddings", in: positive))
        default: self = .none
        }
        try object.requireNoOthers(than: keys, reader: "RoPE of type \(kind)")
    }
}
