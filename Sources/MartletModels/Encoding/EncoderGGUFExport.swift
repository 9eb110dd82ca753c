// An encoder as a GGUF file: the inverse of the metadata and names that EncoderGGUF reads.

package import MartletFormats
import MartletKernels

extension GGUFExport {
    /// - Parameters:
    ///   - checkpoint: an encoder of a family that GGUF has a name for.
    ///   - name: `general.name`.
    ///   - pooling: the number of `pooling_type`; nil where a text's vector is made in another way.
    ///   - dense: the products after pooling, under ``GGUFDense/names``.
    /// - Throws: ``ModelError`` for a feature that the format has no keys for.
    package init(
        encoder checkpoint: Checkpoint, name: String, mix: GGUFMix, pooling: Int?,
        dense: [GGUFTensorToWrite] = []
    ) throws(ModelError) {
        let plan = try EncoderPlan.read(checkpoint)
        let path = checkpoint.tensors.path
        guard let naming = EncoderRegistry.family(checkpoint.configuration)?.gguf else {
            throw .unsupported(
                file: path, key: "model_type", got: plan.family,
                expected: "a family that GGUF has a name for")
        }
        try Self.requireUsual(plan, naming, path: path)
        var keys = Self.general(naming.architecture, name: name, mix: mix)
        func write(_ key: String, _ value: GGUFValueToWrite) {
            keys.append((naming.architecture + "." + key, value))
        }
        for (key, value) in [
            ("block_count", plan.layerCount), ("context_length", plan.contextLength),
            ("embedding_length", plan.hiddenSize), ("feed_forward_length", plan.intermediateSize),
            ("attention.head_count", plan.headCount), ("vocab_size", plan.vocabularySize),
        ] { write(key, .uint32(UInt32(value))) }
        if naming.namesHeadWidth {
            for (key, value) in [
                ("attention.head_count_kv", plan.keyValueHeadCount),
                ("attention.key_length", plan.headDimension),
                ("attention.value_length", plan.headDimension),
            ] { write(key, .uint32(UInt32(value))) }
        }
        write(
            plan.usesRMSNorms
                ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon",
            .float32(Float(plan.epsilon)))
        write("attention.causal", .bool(false))
        if let pooling { write("pooling_type", .uint32(UInt32(pooling))) }
        let global = plan.layers.last { $0.reach == nil } ?? plan.layers.last
        if let base = global?.rotaryBase { write("rope.freq_base", .float32(Float(base))) }
        if let local = plan.layers.first(where: { $0.reach != nil }), let reach = local.reach {
            write("attention.sliding_window", .uint32(UInt32(2 * reach)))
            if let order = naming.wholeLayers {
                write("attention.sliding_window_pattern", .uint32(UInt32(order.period)))
            }
            if let base = local.rotaryBase { write("rope.freq_base_swa", .float32(Float(base))) }
        }
        if plan.segmentCount > 0 {
            keys.append(("tokenizer.ggml.token_type_count", .uint32(UInt32(plan.segmentCount))))
        }
        for tensor in dense {
            write(GGUFDense.key(tensor.name, "in"), .uint32(UInt32(tensor.shape[1])))
            write(GGUFDense.key(tensor.name, "out"), .uint32(UInt32(tensor.shape[0])))
        }
        metadata = keys
        vocabularySize = plan.vocabularySize
        contextLength = plan.contextLength
        tensors = try Self.tensors(of: plan, naming, checkpoint, mix) + dense
    }

    /// Throws where a reader of the format would compute something else.
    private static func requireUsual(
        _ plan: EncoderPlan, _ naming: EncoderGGUFNaming, path: String
    ) throws(ModelError) {
        func refuse(_ key: String, _ got: String, _ expected: String) -> ModelError {
            .unsupported(file: path, key: key, got: got, expected: expected)
        }
        let isByTanh =
            switch plan.activation {
            case .gelu(let isApproximate), .gatedGELU(let isApproximate): isApproximate
            case .gatedSiLU: false
            }
        guard isByTanh == naming.approximatesGELU else {
            throw refuse(
                "the activation", isByTanh ? "GELU by tanh" : "the exact GELU",
                "the other form: GGUF has no key for it")
        }
        guard plan.queryWidth == plan.hiddenSize || naming.namesHeadWidth else {
            throw refuse(
                "head_dim", "\(plan.headDimension)", "hidden_size over the number of heads")
        }
        let scale = Float(1 / Double(plan.headDimension).squareRoot())
        guard plan.attentionScale ?? scale == scale else {
            throw refuse(
                "query_pre_attn_scalar", "another than head_dim",
                "\(plan.headDimension): GGUF has no key for it")
        }
        guard plan.layers.contains(where: { $0.reach != nil }) else { return }
        guard let order = naming.wholeLayers else {
            throw refuse("layer_types", "windows", "none: GGUF has no key for them")
        }
        let isUsual = plan.layers.indices.allSatisfy {
            (plan.layers[$0].reach == nil) == ($0 % order.period == order.place)
        }
        guard isUsual else {
            throw refuse(
                "layer_types", "an order of its own",
                "one of \(order.period) layers seeing the whole text, number \(order.place)")
        }
    }

    private static func tensors(
        of plan: EncoderPlan, _ naming: EncoderGGUFNaming, _ checkpoint: Checkpoint,
        _ mix: GGUFMix
    ) throws(ModelError) -> [GGUFTensorToWrite] {
        let names = EncoderNames(plan, contains: checkpoint.tensors.contains)
        var tensors: [GGUFTensorToWrite] = []
        for (row, layer) in plan.table.tensors(layerCount: plan.layerCount) {
            for suffix in row.hasBias ? [".weight", ".bias"] : [".weight"] {
                let stored = names.name(row, layer: layer) + suffix
                var entry: TensorEntry
                do {
                    entry = try checkpoint.tensors.requireTensor(
                        stored, shape: plan.shape(row, isBias: suffix == ".bias"))
                } catch { throw .format(error) }
                // Rows before that of a text's first token are for padding.
                if row.roles == [.positions], plan.firstPosition > 0 {
                    guard entry.isWhole else {
                        throw .unsupported(
                            file: checkpoint.tensors.path, key: "tensor \(stored)",
                            got: "packed", expected: "F32, F16 or BF16")
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
                var parts = GGUFParts([entry], shape: entry.shape, isStack: false)
                if naming.holdsWholeNorms, row.roles[0].isNorm { parts.term = plan.normOffset }
                tensors.append(
                    parts.tensor(name: row.ggufName(naming, layer: layer) + suffix, type: type))
            }
        }
        return tensors
    }
}

extension EncoderPlan {
    /// Whether GGUF has names for products after pooling in files of a configuration's family.
    package static func keepsProducts(_ file: ConfigurationFile) -> Bool {
        EncoderRegistry.family(file)?.gguf?.namesProducts == true
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
