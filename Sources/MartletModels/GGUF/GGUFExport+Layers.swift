// What GGUF's keys say of layers and rotations, and what they cannot say.

import Foundation
import MartletFormats
import MartletKernels

extension GGUFExport {
    /// Throws where layers differ in what a reader of the format takes from the family's rule alone.
    static func requireUsualLayers(
        _ plan: DecoderPlan, family: DecoderFamily, naming: GGUFNaming, path: String
    ) throws(ModelError) {
        let shape = plan.shape
        var usual = Set(shape.layerWindows).count == 1
        if case .allButEach(let period) = naming.windows,
            shape.layerWindows.contains(where: { $0 != nil })
        {
            usual = shape.layers.indices.allSatisfy {
                (shape.layers[$0].window != nil) == (($0 + 1) % period != 0)
            }
        }
        guard usual || naming.listsWindows else {
            throw .unsupported(
                file: path, key: "layer_types", got: "windows in some layers",
                expected: "the family's own order: GGUF's keys for it have one window")
        }
        try requireUsualRotations(shape, naming: naming, path: path)
        // Read again from numbers alone, the family says which of its layers rotate, and what it computes.
        let bare = try family.plan(numbers(shape, naming: naming, path: path))
        guard
            bare.shape.layers.map({ $0.rotary == nil }) == shape.layers.map({ $0.rotary == nil })
        else {
            throw .unsupported(
                file: path, key: "no_rope_layers", got: "other layers than the family's usual ones",
                expected: "the usual ones: GGUF has no key for them")
        }
        for row in plan.table.rows where row.hasBias {
            guard naming.unbiased.isDisjoint(with: row.roles) else {
                throw .unsupported(
                    file: path, key: "biases of \(row.name)", got: "stored",
                    expected: "none: GGUF's readers of \(naming.architecture) know none")
            }
        }
        for (layer, usual) in zip(shape.layers, bare.shape.layers)
        where layer.experts != usual.experts {
            throw .unsupported(
                file: path, key: "experts", got: "some layers without, or other weights of them",
                expected: "experts in every layer, weighed as GGUF's readers of "
                    + "\(naming.architecture) weigh them: there is no key for it")
        }
        guard bare.projectionLimit == plan.projectionLimit else {
            throw .unsupported(
                file: path, key: "clip_qkv", got: "\(plan.projectionLimit ?? 0)",
                expected: "none: GGUF's readers of \(naming.architecture) do not clamp")
        }
        guard bare.feedForward == plan.feedForward else {
            throw .unsupported(
                file: path, key: "the activation of MLPs",
                got: "another than the family's usual one",
                expected: "the usual one: GGUF has no key for it")
        }
        for (key, cap) in [
            ("attn_logit_softcapping", plan.attentionCap),
            ("final_logit_softcapping", plan.logitCap),
        ] where naming.keys[key] != nil && cap == 0 {
            throw .unsupported(
                file: path, key: key, got: "null", expected: "a number: GGUF's readers take a cap")
        }
        guard family.keys.contains("query_pre_attn_scalar") else {
            guard
                naming.keys["attention.scale"] != nil
                    || bare.attentionScale == plan.attentionScale
            else {
                throw .unsupported(
                    file: path, key: "the factor of attention's scores",
                    got: "\(plan.attentionScale)",
                    expected: "\(bare.attentionScale): GGUF has no key for it")
            }
            return
        }
        let scalar = GGUFConfiguration.usualQueryScalar(
            layers: shape.layerCount, head: shape.headDimension, hidden: shape.hiddenSize,
            heads: shape.headCount)
        guard plan.attentionScale == Float(1 / scalar.squareRoot()) else {
            throw .unsupported(
                file: path, key: "query_pre_attn_scalar",
                got: "\(1 / (plan.attentionScale * plan.attentionScale))",
                expected: "\(scalar): GGUF has no key for it")
        }
    }

    /// Throws where layers with a window turn otherwise than a reader takes for granted.
    private static func requireUsualRotations(
        _ shape: DecoderShape, naming: GGUFNaming, path: String
    ) throws(ModelError) {
        for case .yarn(_, _, _, _, let isWhole)? in shape.layers.map({ $0.rotary?.scaling })
        where isWhole != naming.stretchesWholly {
            throw .unsupported(
                file: path, key: "rope_parameters.truncate", got: "\(isWhole)",
                expected: "\(naming.stretchesWholly): GGUF has no key for it")
        }
        guard naming.keys["rope.freq_base_swa"] == nil,
            let windowed = shape.layers.first(where: { $0.window != nil })?.rotary,
            let other = shape.layers.first(where: { $0.window == nil })?.rotary
        else { return }
        let usual =
            naming.stretchesFullLayersAlone ? RotaryParameters(base: other.base) : other
        guard windowed == usual else {
            throw .unsupported(
                file: path, key: "rope_parameters.sliding_attention", got: "a rotation of its own",
                expected: "the usual one: GGUF has no key for it")
        }
    }

    /// A configuration of sizes alone.
    private static func numbers(
        _ shape: DecoderShape, naming: GGUFNaming, path: String
    ) -> ConfigurationFile {
        let sizes: [(String, Int)] = [
            ("embedding_length", shape.hiddenSize), ("feed_forward_length", shape.intermediateSize),
            ("block_count", shape.layerCount), ("attention.head_count", shape.headCount),
            ("attention.head_count_kv", shape.keyValueHeadCount),
            ("attention.key_length", shape.headDimension), ("context_length", shape.contextLength),
            ("expert_count", shape.experts?.count ?? 0),
            ("expert_used_count", shape.experts?.perToken ?? 0),
            ("expert_feed_forward_length", shape.experts?.width ?? 0),
            ("expert_shared_feed_forward_length", shape.experts?.sharedWidth ?? 0),
        ]
        var members: [JSONObject.Member] = []
        // Two keys may say the same.
        for (key, size) in sizes {
            guard let name = naming.keys[key], !members.contains(where: { $0.key == name }) else {
                continue
            }
            members.append(.init(key: name, value: .integer(size)))
        }
        members.append(.init(key: "vocab_size", value: .integer(shape.vocabularySize)))
        members += naming.constants.map { .init(key: $0.key, value: $0.value) }
        if case .allButEach = naming.windows {
            let window = shape.layerWindows.compactMap(\.self).first
            members.append(
                .init(key: "sliding_window", value: window.map(JSONValue.integer) ?? .null))
        }
        return ConfigurationFile(path: path, root: JSONObject(members))
    }

    /// Keys after `rope.`, and tables, of one rotation.
    static func rotation(
        _ rotary: RotaryParameters, _ shape: DecoderShape
    ) -> (keys: [(key: String, value: GGUFValueToWrite)], tensors: [GGUFTensorToWrite]) {
        var keys: [(key: String, value: GGUFValueToWrite)] = [
            ("freq_base", .float32(Float(rotary.base)))
        ]
        var tensors: [GGUFTensorToWrite] = []
        func add(_ name: String, _ factors: [Float]) {
            tensors.append(
                GGUFTensorToWrite(name: name, type: .plain(.f32), shape: [factors.count]) { sink in
                    try factors.withUnsafeBytes(sink)
                })
        }
        switch rotary.scaling {
        case .none: break
        case .linear(let factor):
            keys.append(("scaling.type", .string("linear")))
            keys.append(("scaling.factor", .float32(Float(factor))))
        case .yarn(let factor, let original, let fast, let slow, _):
            keys.append(("scaling.type", .string("yarn")))
            keys.append(("scaling.factor", .float32(Float(factor))))
            keys.append(("scaling.original_context_length", .uint32(UInt32(original))))
            keys.append(("scaling.yarn_beta_fast", .float32(Float(fast))))
            keys.append(("scaling.yarn_beta_slow", .float32(Float(slow))))
            let usual = factor <= 1 ? 1 : 0.1 * log(factor) + 1
            if rotary.amplitude != usual {
                keys.append(("scaling.attn_factor", .float32(Float(rotary.amplitude / usual))))
            }
        case .longrope(let short, let long, let original):
            keys.append(("scaling.original_context_length", .uint32(UInt32(original))))
            keys.append(("scaling.attn_factor", .float32(Float(rotary.amplitude))))
            add("rope_factors_long.weight", long.map(Float.init))
            add("rope_factors_short.weight", short.map(Float.init))
        case .llama3, .factors:
            let plain = RotaryParameters(base: rotary.base)
                .frequencies(headDimension: shape.headDimension)
            let stretched = rotary.frequencies(headDimension: shape.headDimension)
            add("rope_freqs.weight", zip(plain, stretched).map { Float($0 / $1) })
        }
        return (keys, tensors)
    }
}
