// Rotations that differ between layers with a window and those without.

import MartletFormats

extension ConfigurationFile {
    /// The keys that say how layers turn.
    static let rotationKeys: Set<String> = ["rope_parameters", "rope_scaling", "rope_theta"]

    /// How layers with a window turn, and the others: `rope_parameters` by the kind of a layer, or the old keys, of which
    /// `rope_scaling` is for layers without a window alone.
    func rotations(
        windowed: RotaryKeys, others: RotaryKeys
    ) throws -> (windowed: RotaryParameters, others: RotaryParameters) {
        guard let kinds = try optionalObject("rope_parameters"), kinds.root.count > 0 else {
            return (
                RotaryParameters(base: windowed.base),
                try optionalObject("rope_scaling").map {
                    try RotaryParameters($0, in: self, others)
                } ?? RotaryParameters(base: others.base)
            )
        }
        guard !contains("rope_scaling") else {
            throw wrongValue("rope_scaling", expected: "none beside rope_parameters")
        }
        try kinds.requireNoOthers(
            than: ["sliding_attention", "full_attention"],
            reader: "a rotation for each kind of layer")
        func rotation(_ kind: String, _ keys: RotaryKeys) throws -> RotaryParameters {
            try kinds.optionalObject(kind).map { try RotaryParameters($0, in: self, keys) }
                ?? RotaryParameters(base: keys.base)
        }
        return (
            try rotation("sliding_attention", windowed), try rotation("full_attention", others)
        )
    }
}

extension DecoderPlan {
    /// Turns the layers with a window by one rotation and the others by another; nil for none.
    mutating func turn(
        windowed: RotaryParameters?, others: RotaryParameters?, _ file: ConfigurationFile
    ) throws {
        for rotary in [windowed, others] {
            try rotary?.check(file, headDimension: shape.headDimension)
        }
        for layer in shape.layers.indices {
            shape.layers[layer].rotary = shape.layers[layer].window != nil ? windowed : others
        }
    }
}
