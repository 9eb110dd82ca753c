/// The matrices of a low-rank adapter, matched with the tensors of a model; knows nothing of how they are used.

/// An adapter's directory, opened and held against a model: PEFT's, or that of a retrofit.
package struct AdapterFile: Sendable {
    /// What is added to one matrix: `scale` times the product of `second`, `[outputs][rank]`, and `first`, `[rank][inputs]`.
    package struct Pair: Sendable {
        package let first: TensorEntry
        package let second: TensorEntry
        package let rank: Int
        package let scale: Float
    }

    /// The file of its weights.
    package let path: String
    let file: MappedFile
    /// By the name of the model's tensor.
    package private(set) var pairs: [String: Pair] = [:]
    /// Tensors that it replaces whole, by the names of the model's.
    package private(set) var replaced: [String: TensorEntry] = [:]
    /// Tensors that the model has not: those of heads that mark tokens, by the names that the model would have for them.
    package private(set) var added: [String: TensorEntry] = [:]
    /// What a retrofit says of it; nil for PEFT's.
    package let card: AdapterCard?
    /// Whether the model stores matrices as [inputs][outputs].
    let isTransposed: Bool

    private static let prefix = "base_model.model."
    /// The name of the file of weights.
    package static let weightsName = "adapter_model.safetensors"

    /// Opens the adapter in `directory` and checks that it belongs to the model.
    ///
    /// - Parameter digest: that of the model's weights, which several adapters may share.
    /// - Throws: ``FormatError`` naming the adapter's file, the tensor, what was found and what was expected.
    package init(
        directory: String, of base: any TensorSource, digest: WeightsDigest? = nil
    ) throws(FormatError) {
        guard FileSystem.kind(of: directory) == .directory else {
            throw .notFound(
                path: directory, role: "adapter",
                advice: "give a directory with \(AdapterConfiguration.name) and \(Self.weightsName)"
            )
        }
        card = AdapterCard.isIn(directory) ? try AdapterCard(directory: directory) : nil
        // First: of another model's weights nothing else needs to be said.
        try card?.check(base, digest ?? WeightsDigest(base))
        let configuration =
            if let card { card.lowRank } else {
                try AdapterConfiguration(
                    ConfigurationFile(path: FileSystem.join(directory, AdapterConfiguration.name)))
            }
        isTransposed = configuration?.isTransposed == true && !base.storesOutputsFirst
        let adapter = try Self.weights(in: directory)
        path = adapter.path
        file = adapter.file
        var found: [String: (a: TensorEntry?, b: TensorEntry?)] = [:]
        var heads: [TensorEntry] = []
        for entry in adapter.entries {
            guard entry.name.hasPrefix(Self.prefix) else {
                if card != nil {
                    heads.append(entry)
                    continue
                }
                throw Self.unknown(entry, "a name that begins with \(Self.prefix)")
            }
            let name = String(entry.name.dropFirst(Self.prefix.count))
            if name.hasSuffix(".lora_A.weight") {
                found[String(name.dropLast(14)), default: (nil, nil)].a = entry
            } else if name.hasSuffix(".lora_B.weight") {
                found[String(name.dropLast(14)), default: (nil, nil)].b = entry
            } else if AdapterConfiguration.replaceable.contains(where: {
                name == "\($0).weight" || name.hasSuffix(".\($0).weight")
            }) {
                let target = Self.name(name, in: base) ?? name
                try entry.check(shape: base.find(target)?.shape)
                replaced[target] = TensorEntry(
                    name: target, dtype: entry.dtype, shape: entry.shape, file: entry.file,
                    range: entry.range)
            } else {
                throw Self.unknown(
                    entry,
                    "lora_A, lora_B, or one of \(AdapterConfiguration.replaceable.joined(separator: ", "))"
                )
            }
        }
        for (module, pair) in found {
            guard let a = pair.a, let b = pair.b else {
                throw .missingTensor(
                    path: path,
                    tensor: "\(Self.prefix)\(module).lora_\(pair.a == nil ? "A" : "B").weight")
            }
            guard let target = Self.name(module + ".weight", in: base) else {
                throw Self.unknown(a, "a module that the model has")
            }
            guard let configuration else {
                throw Self.unknown(
                    a, "no such tensor, because the card says nothing of low-rank parts")
            }
            pairs[target] = try self.pair(a, b, of: base.tensor(target), module, configuration)
        }
        // PEFT lets a list name modules that a model has not; a retrofit's names those that it trained.
        if let module = card?.lowRank?.missingModule(found.keys) {
            throw .missingTensor(path: path, tensor: "\(Self.prefix)…\(module).lora_A.weight")
        }
        if let card {
            guard heads.isEmpty == card.borrowsChannels else {
                throw .malformedFile(
                    file: path, part: "list of tensors",
                    got: heads.isEmpty ? "without heads" : "with heads",
                    expected: heads.isEmpty
                        ? "those that mark tokens" : "none, because channels mark tokens")
            }
            try add(heads, to: base)
        }
        guard !added.isEmpty || !pairs.isEmpty || !replaced.isEmpty else {
            throw .malformedFile(
                file: path, part: "list of tensors", got: "empty", expected: "lora_A and lora_B")
        }
    }

    /// Whether a directory holds an adapter, and no model.
    package static func isIn(_ directory: String) -> Bool {
        func has(_ name: String) -> Bool {
            FileSystem.kind(of: FileSystem.join(directory, name)) == .file
        }
        return (has(AdapterCard.name) || has(AdapterConfiguration.name))
            && !has(Checkpoint.configurationName)
    }

    /// The rank that PEFT's adapter in a directory says.
    package static func usualRank(in directory: String) throws(FormatError) -> Int {
        try AdapterConfiguration(
            ConfigurationFile(path: FileSystem.join(directory, AdapterConfiguration.name))
        ).usualRank
    }

    /// The tensors of the adapter in a directory, whatever model it is for.
    package static func weights(in directory: String) throws(FormatError) -> SafetensorsFile {
        let path = FileSystem.join(directory, weightsName)
        guard FileSystem.kind(of: path) == .file else {
            let pickle = FileSystem.join(directory, "adapter_model.bin")
            throw .notFound(
                path: path, role: "adapter's weights",
                advice: FileSystem.kind(of: pickle) == .file
                    ? "there is only a pickle, which runs code when it is opened; save the adapter as safetensors"
                    : "download the adapter again")
        }
        return try SafetensorsFile(path: path)
    }

    /// The numbers of one of its tensors.
    ///
    /// - Throws: ``FormatError/malformedTensor(file:tensor:field:got:expected:)`` for one that is not finite.
    package static func numbers(_ entry: TensorEntry) throws(FormatError) -> [Float] {
        let numbers = try entry.floats()
        guard let place = numbers.firstIndex(where: { !$0.isFinite }) else { return numbers }
        throw .malformedTensor(
            file: entry.file.path, tensor: entry.name, field: "number \(place)",
            got: "\(numbers[place])", expected: "a finite number")
    }

    /// Takes the tensors of a retrofit's heads: the same ones for each layer of the model.
    private mutating func add(
        _ heads: [TensorEntry], to base: any TensorSource
    ) throws(FormatError) {
        let names = heads.map { LayerName($0.name) }
        guard let stem = names.first??.stem else {
            if let other = heads.first { throw Self.unknown(other, "a tensor of a layer") }
            return
        }
        // As the model calls the tensors of its layers.
        let known = base.names.compactMap(LayerName.init)
        let own = known.contains { $0.stem == stem } ? stem : known.first?.stem ?? stem
        let layers = Set(known.filter { $0.stem == own }.map(\.layer))
        for (entry, name) in zip(heads, names) {
            guard let name, name.stem == stem, layers.contains(name.layer) else {
                throw Self.unknown(entry, "a tensor of one of the model's \(layers.count) layers")
            }
            let target = "\(own)\(name.layer)\(name.suffix)"
            guard !base.contains(target) else {
                throw Self.unknown(entry, "a model that has no such heads of its own")
            }
            added[target] = entry.renamed(target, rowOrder: nil)
        }
        for suffix in Set(names.compactMap { $0?.suffix }).sorted() {
            for layer in layers.sorted() where added["\(own)\(layer)\(suffix)"] == nil {
                throw .missingTensor(path: path, tensor: "\(stem)\(layer)\(suffix)")
            }
        }
    }

    private static func unknown(_ entry: TensorEntry, _ expected: String) -> FormatError {
        .malformedTensor(
            file: entry.file.path, tensor: entry.name, field: "name", got: quoted(entry.name),
            expected: expected)
    }

    /// What the model calls a tensor: exporters differ in what stands before names.
    private static func name(_ name: String, in base: any TensorSource) -> String? {
        var names = [name, "model." + name, "transformer." + name]
        for prefix in ["model.", "transformer."] where name.hasPrefix(prefix) {
            names.append(String(name.dropFirst(prefix.count)))
        }
        return names.first(where: base.contains)
    }

    /// Checks the two matrices of one module.
    private func pair(
        _ a: TensorEntry, _ b: TensorEntry, of target: TensorEntry, _ module: String,
        _ configuration: AdapterConfiguration
    ) throws(FormatError) -> Pair {
        let rank = configuration.rank(of: module)
        try target.check()
        guard target.shape.count == 2 else {
            throw .shapeMismatch(
                file: target.file.path, tensor: target.name, got: target.shape, expected: [0, 0])
        }
        let shape = isTransposed ? target.shape.reversed() : target.shape
        try a.check(shape: [rank, shape[1]])
        try b.check(shape: [shape[0], rank])
        return Pair(first: a, second: b, rank: rank, scale: configuration.scale(of: module))
    }
}

/// The name of a tensor of a layer, apart: what stands before the layer's number, and what after.
private struct LayerName {
    let stem: Substring
    let layer: Int
    let suffix: Substring

    /// Nil for the name of a tensor that is no layer's.
    init?(_ name: String) {
        for part in name.split(separator: ".") {
            guard let layer = Int(part), layer >= 0, part.allSatisfy(\.isNumber) else { continue }
            stem = name[..<part.startIndex]
            self.layer = layer
            suffix = name[part.endIndex...]
            return
        }
        return nil
    }
}
