// The plan of a checkpoint: what its configuration says, held against the tensors that it stores.

package import MartletFormats
import MartletKernels

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension DecoderPlan {
    /// Reads a checkpoint's configuration and compares it with its tensors: a tensor of the decoder that would not be
    /// read is refused, and a head of its own counts though the configuration ties it.
    ///
    /// - Parameter configuration: replaces the checkpoint's own.
    package static func read(
        _ checkpoint: Checkpoint, configuration: ConfigurationFile? = nil
    ) throws(ModelError) -> DecoderPlan {
        let configuration = configuration ?? checkpoint.configuration
        var plan = try read(configuration)
        let tensors: any TensorSource
        do { tensors = try plan.tensors(of: checkpoint) } catch { throw .format(error) }
        for entry in tensors.entries {
            guard let packing = Packing.of(entry.name) else { continue }
            throw .unsupported(
                file: tensors.path, key: "tensor \(entry.name)", got: "packed as \(packing)",
                expected: "F32, F16 or BF16")
        }
        do { try plan.settleHead(configuration, tensors) } catch { throw .format(error) }
        try plan.refuseUnread(configuration, tensors)
        return plan
    }

    /// A tied model may store its head too. Where that is another matrix than the embedding, it counts, as in
    /// transformers.
    private mutating func settleHead(
        _ configuration: ConfigurationFile, _ tensors: any TensorSource
    ) throws(FormatError) {
        guard shape.tiesEmbeddings else { return }
        let names = StoredNames(self, contains: tensors.contains)
        let (embedding, head) = (
            names.name(table[.embedding], layer: nil) + ".weight",
            names.name(table[.head], layer: nil) + ".weight"
        )
        guard embedding != head, let first = try tensors.find(embedding),
            let second = try tensors.find(head)
        else { return }
        if try first.holdsSameNumbers(as: second) { return }
        shape.tiesEmbeddings = false
        notes.append(
            "\(configuration.path): tie_word_embeddings is true, but \(head) is stored and differs "
                + "from \(embedding): the stored head is used")
    }

    private func refuseUnread(
        _ configuration: ConfigurationFile, _ tensors: any TensorSource
    ) throws(ModelError) {
        let names = StoredNames(self, contains: tensors.contains)
        var read = Set(self.tensors.map { names.name($0) })
        read.insert(names.name(table[.head], layer: nil) + ".weight")
        for row in table.rows
        where row.roles[0].isAdapter && shape.evictionHead?.source == .projection {
            // Those of heads that are switched off are known, too. A bias goes with biases in attention.
            for layer in shape.layers.indices {
                let name = names.name(row, layer: layer)
                read.insert(name + ".weight")
                if table[.query].hasBias { read.insert(name + ".bias") }
            }
        }
        for entry in tensors.entries {
            let name = SafetensorsDirectory.plainName(entry.name)
            guard name.hasPrefix(names.prefix) || name.hasPrefix("lm_head."), !read.contains(name),
                !(name.hasSuffix(".scale") && read.contains(String(name.dropLast(6)))),
                !ForeignTensors.isHarmless(entry, name: name)
            else { continue }
            let layer = names.layer(of: name)
            if let layer, layer >= shape.layerCount {
                throw .unsupported(
                    file: configuration.path, key: "the number of layers",
                    got: "\(shape.layerCount)",
                    expected: "at least \(layer + 1), because \(tensors.path) stores \(entry.name)")
            }
            throw .unsupported(
                file: tensors.path, key: "tensor \(entry.name)", got: "stored",
                expected: "no such tensor, because a \(shape.family) model with this "
                    + "configuration does not read it and it may change results")
        }
    }
}

extension StoredNames {
    /// The layer to which a tensor's name belongs; nil outside of layers.
    fileprivate func layer(of name: String) -> Int? {
        guard name.hasPrefix(layerPrefix) else { return nil }
        return Int(name.dropFirst(layerPrefix.count).prefix { $0.isNumber })
    }
}

/// Packed weights, by how their tensors are called.
private enum Packing {
    static func of(_ name: String) -> String? {
        let marks: [(suffix: String, packing: String)] = [
            (".qweight", "GPTQ or AWQ"), (".qzeros", "GPTQ or AWQ"),
            (".weight_scale_inv", "FP8"), (".weight_scale", "FP8 or compressed-tensors"),
            (".weight_packed", "compressed-tensors"), (".weight.absmax", "bitsandbytes"),
            (".SCB", "bitsandbytes"), ("_blocks", "MXFP4"),
        ]
        return marks.first { name.hasSuffix($0.suffix) }?.packing
    }
}

/// Stored tensors that no logit depends on.
private enum ForeignTensors {
    static func isHarmless(_ entry: TensorEntry, name: String) -> Bool {
        // Constants that older exporters stored: rotations, and GPT-2's causal mask.
        if name.hasSuffix(".rotary_emb.inv_freq") || name.hasSuffix(".attn.masked_bias") {
            return true
        }
        if name.hasSuffix(".attention.masked_bias") { return true }
        if name.hasSuffix(".attn.bias") || name.hasSuffix(".attention.bias"), entry.shape.count == 4
        {
            return true
        }
        // Heads for other tasks.
        let heads = ["score.", "classifier.", "v_head.", "qa_outputs.", "multiple_choice_head."]
        if heads.contains(where: name.hasPrefix) { return true }
        // A bias of zeros adds nothing.
        guard name.hasSuffix(".bias"), entry.shape.count == 1 else { return false }
        return (try? entry.floats().allSatisfy { $0 == 0 }) == true
    }
}

extension TensorEntry {
    /// Whether both hold the same numbers, whatever their types.
    fileprivate func holdsSameNumbers(as other: TensorEntry) throws(FormatError) -> Bool {
        guard shape == other.shape else { return false }
        if dtype == other.dtype, isPlain, other.isPlain, let mine = bytes.baseAddress,
            let others = other.bytes.baseAddress
        {
            return memcmp(mine, others, bytes.count) == 0
        }
        let step = 1 << 16
        var (a, b) = ([Float](repeating: 0, count: step), [Float](repeating: 0, count: step))
        for start in stride(from: 0, to: elementCount, by: step) {
            let part = start..<min(elementCount, start + step)
            try a.withUnsafeMutableBufferPointer {
                (all: inout UnsafeMutableBufferPointer<Float>) throws(FormatError) in
                try copyFloats(of: part, into: .init(rebasing: all[..<part.count]))
            }
            try b.withUnsafeMutableBufferPointer {
                (all: inout UnsafeMutableBufferPointer<Float>) throws(FormatError) in
                try other.copyFloats(of: part, into: .init(rebasing: all[..<part.count]))
            }
            guard a[..<part.count] == b[..<part.count] else { return false }
        }
        return true
    }
}
