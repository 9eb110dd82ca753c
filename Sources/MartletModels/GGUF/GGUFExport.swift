// A checkpoint as a GGUF file: the inverse of GGUFConfiguration and GGUFTensors.

package import MartletFormats
import MartletKernels

/// What a GGUF file of a checkpoint holds, but for its tokenizer.
package struct GGUFExport {
    /// Keys that describe the model.
    package let metadata: [(key: String, value: GGUFValueToWrite)]
    /// Its tensors.
    package let tensors: [GGUFTensorToWrite]

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
        var keys: [(key: String, value: GGUFValueToWrite)] = [
            ("general.architecture", .string(naming.architecture)),
            ("general.type", .string("model")),
            ("general.name", .string(name)),
            ("general.file_type", .uint32(mix.fileType)),
            ("general.quantization_version", .uint32(2)),
        ]
        let shape = plan.shape
        func number(_ key: String, _ value: Int) {
            keys.append((naming.architecture + "." + key, .uint32(UInt32(value))))
        }
        number("block_count", shape.layerCount)
        number("context_length", shape.contextLength)
        number("embedding_length", shape.hiddenSize)
        number("feed_forward_length", shape.intermediateSize)
        number("attention.head_count", shape.headCount)
        number("attention.head_count_kv", shape.keyValueHeadCount)
        number("attention.key_length", shape.headDimension)
        number("attention.value_length", shape.headDimension)
        let global = shape.layers.last { $0.rotary != nil && $0.window == nil } ?? shape.layers.last
        number(
            "rope.dimension_count",
            global?.rotary?.dimensions(headDimension: shape.headDimension) ?? shape.headDimension)
        number("vocab_size", shape.vocabularySize)
        keys.append(
            (
                naming.architecture + ".attention.layer_norm_rms_epsilon",
                .float32(Float(plan.epsilon))
            ))
        if let window { number("attention.sliding_window", window) }
        var tensors: [GGUFTensorToWrite] = []
        if naming.keys["embedding_scale"] != nil {
            for (key, value) in [
                ("embedding_scale", plan.embeddingScale), ("residual_scale", plan.residualScale),
                ("attention.scale", plan.attentionScale), ("logit_scale", 1 / plan.logitScale),
            ] {
                keys.append((naming.architecture + "." + key, .float32(value)))
            }
        }
        if let rotary = global?.rotary {
            let rotation = Self.rotation(rotary, shape)
            keys += rotation.keys.map { (naming.architecture + ".rope." + $0.key, $0.value) }
            tensors += rotation.tensors
        }
        if naming.keys["rope.freq_base_swa"] != nil,
            let local = shape.layers.first(where: { $0.window != nil })?.rotary
        {
            keys.append(
                (naming.architecture + ".rope.freq_base_swa", .float32(Float(local.base))))
        }
        let stored = StoredNames(plan, contains: checkpoint.tensors.contains)
        for tensor in plan.tensors {
            guard let role = tensor.row.roles.first, let name = naming.name(tensor) else {
                continue
            }
            let isTurned = naming.interleaves && (role == .query || role == .key)
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
                                columns: tensor.shape[1], isTied: shape.tiesEmbeddings),
                        headRows: isTurned ? shape.headDimension : nil,
                        term: naming.holdsWholeNorms && role.isNorm ? plan.normOffset : 0))
            } catch { throw .format(error) }
        }
        metadata = keys
        self.tensors = tensors
    }

    /// A tensor whose rows are converted one by one while it is written.
    private static func tensor(
        _ entry: TensorEntry, name: String, type: GGUFTensorType, headRows: Int?, term: Float
    ) -> GGUFTensorToWrite {
        let columns = entry.shape.count > 1 ? entry.shape[1] : 1
        let rows = entry.elementCount / max(1, columns)
        return GGUFTensorToWrite(name: name, type: type, shape: entry.shape) { sink in
            var floats = [Float](repeating: 0, count: columns)
            for row in 0..<rows {
                let source = headRows.map { RowOrder(headRows: $0).row(storedAt: row) } ?? row
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
