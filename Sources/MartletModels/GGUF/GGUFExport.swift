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

    /// - Parameters:
    ///   - checkpoint: a model of a family that GGUF has a name for.
    ///   - name: `general.name`.
    /// - Throws: ``ModelError`` for a family or a feature that the format, as it is read here, has no keys for.
    package init(_ checkpoint: Checkpoint, name: String, mix: GGUFMix) throws(ModelError) {
        let plan = try DecoderPlan.read(checkpoint)
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
        write("vocab_size", .uint32(UInt32(shape.vocabularySize)))
        write(
            plan.norm == .rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon",
            .float32(Float(plan.epsilon)))
        if let window { number("attention.sliding_window", window) }
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
        let stored = StoredNames(plan, contains: checkpoint.tensors.contains)
        for tensor in plan.tensors {
            guard let role = tensor.row.roles.first, let name = naming.name(tensor) else {
                continue
            }
            let columns =
                tensor.row.isTransposed ? tensor.shape[0] : tensor.shape.last ?? 1
            do throws(FormatError) {
                let entry = try checkpoint.tensors.requireTensor(
                    stored.name(tensor), shape: tensor.shape)
                tensors.append(
                    Self.tensor(
                        entry,
                        name: name,
                        type: tensor.shape.count < 2
                            ? .plain(.f32)
                            : mix.type(
                                role, layer: tensor.layer, layerCount: shape.layerCount,
                                columns: columns, isTied: shape.tiesEmbeddings),
                        order: naming.order(tensor, plan),
                        isTransposed: tensor.row.isTransposed && tensor.shape.count > 1,
                        term: naming.holdsWholeNorms && role.isNorm ? plan.normOffset : 0))
            } catch { throw .format(error) }
        }
        metadata = keys
        vocabularySize = shape.vocabularySize
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

    /// A tensor whose rows are converted one by one while it is written.
    static func tensor(
        _ entry: TensorEntry, name: String, type: GGUFTensorType, order: RowOrder? = nil,
        isTransposed: Bool = false, term: Float = 0
    ) -> GGUFTensorToWrite {
        if isTransposed { return transposed(entry, name: name, type: type) }
        let columns = entry.shape.count > 1 ? entry.shape[1] : 1
        let rows = entry.elementCount / max(1, columns)
        return GGUFTensorToWrite(name: name, type: type, shape: entry.shape) { sink in
            var floats = [Float](repeating: 0, count: columns)
            for row in 0..<rows {
                let source = order?.row(storedAt: row) ?? row
                try floats.withUnsafeMutableBufferPointer {
                    try entry.copyFloats(
                        of: source * columns..<(source + 1) * columns, into: $0)
                }
                if term != 0 { for column in 0..<columns { floats[column] += term } }
                try Self.write(floats, as: type, to: sink)
            }
            try entry.checkIntact()
        }
    }

    /// A matrix that a checkpoint stores as [inputs][outputs].
    private static func transposed(
        _ entry: TensorEntry, name: String, type: GGUFTensorType
    ) -> GGUFTensorToWrite {
        let (inputs, outputs) = (entry.shape[0], entry.shape[1])
        return GGUFTensorToWrite(name: name, type: type, shape: [outputs, inputs]) { sink in
            let floats = try entry.floats()
            for output in 0..<outputs {
                try Self.write(
                    (0..<inputs).map { floats[$0 * outputs + output] }, as: type, to: sink)
            }
        }
    }

    private static func write(
        _ row: [Float], as type: GGUFTensorType, to sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        switch type {
        case .plain(let dtype): try dtype.bytes(of: row).withUnsafeBytes(sink)
        case .blocks(let blocks):
            let bytes = [UInt8](
                unsafeUninitializedCapacity: (row.count + blocks.columns - 1) / blocks.columns
                    * blocks.byteCount
            ) { buffer, count in
                row.withUnsafeBufferPointer { blocks.store($0, into: buffer) }
                count = buffer.count
            }
            try bytes.withUnsafeBytes(sink)
        }
    }
}
