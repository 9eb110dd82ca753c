// A checkpoint as a GGUF file: the inverse of GGUFConfiguration and GGUFTensors.

package import MartletFormats
import MartletKernels

/// What a GGUF file of a checkpoint holds, but for its tokenizer.
package struct GGUFExport {
    /// Keys that describe the model.
    package let metadata: [(key: String, value: GGUFValueToWrite)]
    /// Its tensors.
    package let tensors: [GGUFTensorToWrite]
    /// Rows of the table of embeddings, which readers want as many tokens for.
    package let vocabularySize: Int
    /// Tokens that the model has positions for.
    package let contextLength: Int

    /// - Parameters:
    ///   - checkpoint: a model of a family that GGUF has a name for.
    ///   - name: `general.name`.
    ///   - pooling: the number of `pooling_type` of a decoder that embeds texts.
    /// - Throws: ``ModelError`` for a family or a feature that the format, as it is read here, has no keys for.
    package init(
        _ checkpoint: Checkpoint, name: String, mix: GGUFMix, pooling: Int? = nil
    ) throws(ModelError) {
        var plan = try DecoderPlan.read(checkpoint)
        // What embeds texts may come without a head, which readers then make of the embedding.
        if pooling != nil, !plan.shape.tiesEmbeddings {
            let names = StoredNames(plan, contains: checkpoint.tensors.contains)
            let head = names.name(plan.table[.head], layer: nil) + ".weight"
            plan.shape.tiesEmbeddings = !checkpoint.tensors.contains(head)
        }
        let path = checkpoint.tensors.path
        let window = plan.shape.layerWindows.compactMap(\.self).first
        let family = try ModelRegistry.family(named: plan.shape.family)
        guard let naming = family.gguf else {
            throw .unsupported(
                file: path, key: "model_type", got: family.modelType,
                expected: "a family that GGUF has a name for: "
                    + ModelRegistry.families.filter { $0.gguf != nil }.map(\.modelType)
                    .joined(separator: ", "))
        }
        if let head = plan.shape.evictionHead, !head.isDisabled {
            throw .unsupported(
                file: path, key: "eviction head", got: "there",
                expected: "none: GGUF has no keys for it, keep the directory")
        }
        try Self.requireUsualLayers(plan, family: family, naming: naming, path: path)
        var keys = Self.general(naming.architecture, name: name, mix: mix)
        let shape = plan.shape
        func write(_ key: String, _ value: GGUFValueToWrite) {
            keys.append((naming.architecture + "." + key, value))
        }
        // What the family has no key for follows from what it has.
        func number(_ key: String, _ value: Int) {
            if naming.keys[key] != nil { write(key, .uint32(UInt32(value))) }
        }
        number("block_count", shape.layerCount)
        number("context_length", shape.contextLength)
        number("embedding_length", shape.hiddenSize)
        number("feed_forward_length", shape.intermediateSize)
        number("attention.head_count", shape.headCount)
        number("attention.head_count_kv", shape.keyValueHeadCount)
        number("attention.key_length", shape.headDimension)
        if let experts = shape.experts {
            number("expert_count", experts.count)
            number("expert_used_count", experts.perToken)
            number("expert_feed_forward_length", experts.width)
            number("expert_shared_feed_forward_length", experts.sharedWidth)
        }
        if naming.keys["attention.key_length"] != nil {
            write("attention.value_length", .uint32(UInt32(shape.headDimension)))
        }
        let turning = shape.layers.filter { $0.rotary != nil }
        let global = turning.last { $0.window == nil } ?? turning.last
        if let rotary = global?.rotary {
            write(
                "rope.dimension_count",
                .uint32(UInt32(rotary.dimensions(headDimension: shape.headDimension))))
        }
        if let pooling { write("pooling_type", .uint32(UInt32(pooling))) }
        write("vocab_size", .uint32(UInt32(shape.vocabularySize)))
        write(
            plan.norm == .rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon",
            .float32(Float(plan.epsilon)))
        if let window { number("attention.sliding_window", window) }
        if naming.listsWindows {
            // Readers want a number though no layer has a window.
            if window == nil { number("attention.sliding_window", shape.contextLength) }
            write("attention.sliding_window_pattern", .bools(shape.layerWindows.map { $0 != nil }))
        }
        var tensors: [GGUFTensorToWrite] = []
        let divides = naming.keys["logit_scale"] == "logits_scaling"
        for (key, value) in [
            ("embedding_scale", plan.embeddingScale), ("residual_scale", plan.residualScale),
            ("attention.scale", plan.attentionScale),
            ("logit_scale", divides ? 1 / plan.logitScale : plan.logitScale),
            ("attn_logit_softcapping", plan.attentionCap),
            ("final_logit_softcapping", plan.logitCap),
        ] where naming.keys[key] != nil { write(key, .float32(value)) }
        if naming.keys["use_parallel_residual"] != nil {
            write("use_parallel_residual", .bool(plan.isParallel))
        }
        if let rotary = global?.rotary {
            let rotation = Self.rotation(rotary, shape)
            for key in rotation.keys { write("rope." + key.key, key.value) }
            tensors += rotation.tensors
        }
        if naming.keys["rope.freq_base_swa"] != nil,
            let local = shape.layers.first(where: { $0.window != nil })?.rotary
        {
            write("rope.freq_base_swa", .float32(Float(local.base)))
        }
        let source: any TensorSource
        do { source = try plan.tensors(of: checkpoint) } catch { throw .format(error) }
        let stored = StoredNames(plan, contains: source.contains)
        var written = plan
        if naming.needsHead { written.shape.tiesEmbeddings = false }
        // The tensors of several experts, or heads, are one.
        for tensor in written.tensors where (tensor.number ?? 0) == 0 {
            guard let role = tensor.row.roles.first, let name = naming.name(tensor) else {
                continue
            }
            do throws(FormatError) {
                var entries: [TensorEntry] = []
                for copy in plan.copies(of: tensor) {
                    // A head that is written though embeddings are tied is the embedding again.
                    let name =
                        role == .head && shape.tiesEmbeddings
                        ? stored.name(plan.table[.embedding], layer: nil) + copy.suffix
                        : stored.name(copy)
                    entries.append(try source.requireTensor(name, shape: copy.shape))
                }
                let isRow = tensor.shape.count > 1 && tensor.shape[0] == 1
                var parts = GGUFParts(
                    entries, shape: isRow ? [tensor.shape[1]] : tensor.shape,
                    isStack: tensor.number != nil)
                parts.order = naming.order(tensor, plan)
                parts.isTransposed = tensor.row.isTransposed && tensor.shape.count > 1
                parts.term = naming.holdsWholeNorms && role.isNorm ? plan.normOffset : 0
                // No type that is written loses less.
                let keepsBlocks = mix != .f32 && parts.keeps(.mxfp4)
                let type: GGUFTensorType =
                    keepsBlocks
                    ? .blocks(.mxfp4)
                    : parts.shape.count < 2 || tensor.isBias
                        ? .plain(.f32)
                        : mix.type(
                            role, layer: tensor.layer, columns: parts.columns, of: written.shape)
                tensors.append(parts.tensor(name: name, type: type))
            } catch { throw .format(error) }
        }
        metadata = keys
        vocabularySize = shape.vocabularySize
        contextLength = shape.contextLength
        self.tensors = tensors
    }

    /// The keys that every file begins with.
    static func general(
        _ architecture: String, name: String, mix: GGUFMix
    ) -> [(key: String, value: GGUFValueToWrite)] {
        [
            ("general.architecture", .string(architecture)), ("general.type", .string("model")),
            ("general.name", .string(name)), ("general.file_type", .uint32(mix.fileType)),
            ("general.quantization_version", .uint32(2)),
        ]
    }
}
