// An encoder as a GGUF file: the inverse of the metadata and names that EncoderGGUF reads.

package import MartletFormats
import MartletKernels

extension GGUFExport {
    /// - Parameters:
    ///   - checkpoint: an encoder of a family that GGUF has a name for.
    ///   - name: `general.name`.
    ///   - pooling: the number of `pooling_type`; nil where a text's vector is made in another way.
    /// - Throws: ``ModelError`` for a feature that the format has no keys for.
    package init(
        encoder checkpoint: Checkpoint, name: String, mix: GGUFMix, pooling: Int?
    ) throws(ModelError) {
        let plan = try EncoderPlan.read(checkpoint)
        let path = checkpoint.tensors.path
        guard let naming = EncoderRegistry.family(checkpoint.configuration)?.gguf else {
            throw .unsupported(
                file: path, key: "model_type", got: plan.family,
                expected: "a family that GGUF has a name for")
        }
        try Self.requireUsual(plan, path: path)
        var keys = Self.general(naming.architecture, name: name, mix: mix)
        func write(_ key: String, _ value: GGUFValueToWrite) {
            keys.append((naming.architecture + "." + key, value))
        }
        for (key, value) in [
            ("block_count", plan.layerCount), ("context_length", plan.contextLength),
            ("embedding_length", plan.hiddenSize), ("feed_forward_length", plan.intermediateSize),
            ("attention.head_count", plan.headCount), ("vocab_size", plan.vocabularySize),
        ] { write(key, .uint32(UInt32(value))) }
        write("attention.layer_norm_epsilon", .float32(Float(plan.epsilon)))
        write("attention.causal", .bool(false))
        if let pooling { write("pooling_type", .uint32(UInt32(pooling))) }
        let global = plan.layers.last { $0.reach == nil } ?? plan.layers.last
        if let base = global?.rotaryBase { write("rope.freq_base", .float32(Float(base))) }
        if let local = plan.layers.first(where: { $0.reach != nil }), let reach = local.reach {
            write("attention.sliding_window", .uint32(UInt32(2 * reach)))
            write("attention.sliding_window_pattern", .uint32(UInt32(Self.usualPeriod)))
            if let base = local.rotaryBase { write("rope.freq_base_swa", .float32(Float(base))) }
        }
        if plan.segmentCount > 0 {
            keys.append(("tokenizer.ggml.token_type_count", .uint32(UInt32(plan.segmentCount))))
        }
        metadata = keys
        vocabularySize = plan.vocabularySize
        tensors = try Self.tensors(of: plan, checkpoint, mix)
    }

    /// Every third layer of ModernBERT sees the whole text.
    private static let usualPeriod = 3

    /// Throws where a reader of the format would compute something else.
    private static func requireUsual(_ plan: EncoderPlan, path: String) throws(ModelError) {
        func refuse(_ key: String, _ got: String, _ expected: String) -> ModelError {
            .unsupported(file: path, key: key, got: got, expected: expected)
        }
        switch plan.activation {
        case .gelu(true), .gatedGELU(true):
            throw refuse("the activation", "GELU by tanh", "the exact one: GGUF has no key for it")
        default: break
        }
        guard plan.queryWidth == plan.hiddenSize else {
            throw refuse(
                "head_dim", "\(plan.headDimension)", "hidden_size over the number of heads")
        }
        let usual = plan.layers.indices.allSatisfy {
            (plan.layers[$0].reach == nil) == ($0 % usualPeriod == 0)
        }
        guard usual || plan.layers.allSatisfy({ $0.reach == nil }) else {
            throw refuse(
                "layer_types", "an order of its own", "each third layer seeing the whole text")
        }
    }

    private static func tensors(
        of plan: EncoderPlan, _ checkpoint: Checkpoint, _ mix: GGUFMix
    ) throws(ModelError) -> [GGUFTensorToWrite] {
        let names = EncoderNames(plan, contains: checkpoint.tensors.contains)
        var tensors: [GGUFTensorToWrite] = []
        for (row, layer) in plan.table.tensors(layerCount: plan.layerCount) {
            for suffix in row.hasBias ? [".weight", ".bias"] : [".weight"] {
                let stored = names.name(row, layer: layer) + suffix
                var entry: TensorEntry
                do { entry = try checkpoint.tensors.tensor(stored) } catch { throw .format(error) }
                if row.roles == [.positions] {
                    // Rows before that of a text's first token are for padding.
                    guard entry.shape == [plan.positionCount, plan.hiddenSize] else {
                        throw .format(
                            .malformedTensor(
                                file: checkpoint.tensors.path, tensor: stored, field: "shape",
                                got: "\(entry.shape)",
                                expected: "\([plan.positionCount, plan.hiddenSize])"))
                    }
                    entry = entry.rows(stored, plan.firstPosition..<plan.positionCount)
                }
                let isMatrix =
                    entry.shape.count > 1 && suffix == ".weight"
                    && row.roles[0] != .positions && row.roles[0] != .segments
                let type: GGUFTensorType =
                    isMatrix
                    ? mix.type(
                        row.roles[0].likeDecoders, layer: layer, layerCount: plan.layerCount,
                        columns: entry.shape[1], isTied: false) : .plain(.f32)
                tensors.append(
                    GGUFParts([entry], shape: entry.shape, isStack: false)
                        .tensor(name: row.ggufName(layer: layer) + suffix, type: type))
            }
        }
        return tensors
    }
}

extension EncoderRole {
    /// The role in a decoder whose matrices are stored in as many bits.
    fileprivate var likeDecoders: TensorRole {
        switch self {
        case .embedding: .embedding
        case .value: .value
        case .down: .down
        default: .query
        }
    }
}
