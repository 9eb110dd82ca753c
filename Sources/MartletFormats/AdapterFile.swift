/// The matrices of a low-rank adapter, matched with the tensors of a model; knows nothing of how they are used.

/// An adapter's directory, opened and held against a model.
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
    /// Whether the model stores matrices as [inputs][outputs].
    let isTransposed: Bool

    private static let prefix = "base_model.model."
    private static let weights = "adapter_model.safetensors"

    /// Opens the adapter in `directory` and checks that it belongs to the model.
    ///
    /// - Throws: ``FormatError`` naming the adapter's file, the tensor, what was found and what was expected.
    package init(directory: String, of base: any TensorSource) throws(FormatError) {
        guard FileSystem.kind(of: directory) == .directory else {
            throw .notFound(
                path: directory, role: "adapter",
                advice: "give a directory with \(AdapterConfiguration.name) and \(Self.weights)")
        }
        let configuration = try AdapterConfiguration(
            ConfigurationFile(path: FileSystem.join(directory, AdapterConfiguration.name)))
        isTransposed = configuration.isTransposed && !base.storesOutputsFirst
        path = FileSystem.join(directory, Self.weights)
        guard FileSystem.kind(of: path) == .file else {
            let pickle = FileSystem.join(directory, "adapter_model.bin")
            throw .notFound(
                path: path, role: "adapter's weights",
                advice: FileSystem.kind(of: pickle) == .file
                    ? "there is only a pickle, which runs code when it is opened; save the adapter as safetensors"
                    : "download the adapter again")
        }
        let adapter = try SafetensorsFile(path: path)
        file = adapter.file
        var found: [String: (a: TensorEntry?, b: TensorEntry?)] = [:]
        for entry in adapter.entries {
            guard entry.name.hasPrefix(Self.prefix) else {
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
            pairs[target] = try self.pair(a, b, of: base.tensor(target), module, configuration)
        }
        guard !pairs.isEmpty || !replaced.isEmpty else {
            throw .malformedFile(
                file: path, part: "list of tensors", got: "empty", expected: "lora_A and lora_B")
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
