/// The tensors of a model with those of an adapter merged into them as they are read.

/// A model's tensors under a low-rank adapter. Nothing is copied but the adapter's own matrices.
final class AdaptedTensors: TensorSource {
    let path: String
    let files: [MappedFile]
    let entries: [TensorEntry]
    private let base: any TensorSource
    private let replaced: [String: TensorEntry]
    private let updates: [String: LowRankUpdate]

    private static let prefix = "base_model.model."
    private static let weights = "adapter_model.safetensors"

    /// Opens the adapter in `directory` and checks that it belongs to the model.
    ///
    /// - Throws: ``FormatError`` naming the adapter's file, the tensor, what was found and what was expected.
    init(_ base: any TensorSource, directory: String) throws(FormatError) {
        guard FileSystem.kind(of: directory) == .directory else {
            throw .notFound(
                path: directory, role: "adapter",
                advice: "give a directory with \(AdapterConfiguration.name) and \(Self.weights)")
        }
        let configuration = try AdapterConfiguration(
            ConfigurationFile(path: FileSystem.join(directory, AdapterConfiguration.name)))
        let path = FileSystem.join(directory, Self.weights)
        guard FileSystem.kind(of: path) == .file else {
            let pickle = FileSystem.join(directory, "adapter_model.bin")
            throw .notFound(
                path: path, role: "adapter's weights",
                advice: FileSystem.kind(of: pickle) == .file
                    ? "there is only a pickle, which runs code when it is opened; save the adapter as safetensors"
                    : "download the adapter again")
        }
        let adapter = try SafetensorsFile(path: path)
        var replaced: [String: TensorEntry] = [:]
        var pairs: [String: (a: TensorEntry?, b: TensorEntry?)] = [:]
        for entry in adapter.entries {
            guard entry.name.hasPrefix(Self.prefix) else {
                throw Self.unknown(entry, "a name that begins with \(Self.prefix)")
            }
            let name = String(entry.name.dropFirst(Self.prefix.count))
            if name.hasSuffix(".lora_A.weight") {
                pairs[String(name.dropLast(14)), default: (nil, nil)].a = entry
            } else if name.hasSuffix(".lora_B.weight") {
                pairs[String(name.dropLast(14)), default: (nil, nil)].b = entry
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
        var updates: [String: LowRankUpdate] = [:]
        for (module, pair) in pairs {
            guard let a = pair.a, let b = pair.b else {
                throw .missingTensor(
                    path: path,
                    tensor: "\(Self.prefix)\(module).lora_\(pair.a == nil ? "A" : "B").weight")
            }
            guard let target = Self.name(module + ".weight", in: base) else {
                throw Self.unknown(a, "a module that the model has")
            }
            updates[target] = try Self.update(
                a, b, of: base.tensor(target), module: module, configuration)
        }
        guard !updates.isEmpty || !replaced.isEmpty else {
            throw .malformedFile(
                file: path, part: "list of tensors", got: "empty", expected: "lora_A and lora_B")
        }
        self.base = base
        self.path = base.path
        self.replaced = replaced
        self.updates = updates
        files = base.files + [adapter.file]
        entries =
            base.entries.map { entry in
                replaced[entry.name]
                    ?? Self.updated(entry, updates[SafetensorsDirectory.plainName(entry.name)])
            } + replaced.filter { !base.contains($0.key) }.sorted { $0.key < $1.key }.map(\.value)
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

    /// The update of one matrix: `lora_A` is [rank][inputs], `lora_B` is [outputs][rank].
    private static func update(
        _ a: TensorEntry, _ b: TensorEntry, of target: TensorEntry, module: String,
        _ configuration: AdapterConfiguration
    ) throws(FormatError) -> LowRankUpdate {
        let rank = configuration.rank(of: module)
        try target.check()
        guard target.shape.count == 2 else {
            throw .shapeMismatch(
                file: target.file.path, tensor: target.name, got: target.shape, expected: [0, 0])
        }
        let isTransposed = configuration.isTransposed
        let (outputs, inputs) =
            isTransposed ? (target.shape[1], target.shape[0]) : (target.shape[0], target.shape[1])
        try a.check(shape: [rank, inputs])
        try b.check(shape: [outputs, rank])
        let (first, second) = (try a.floats(), try b.floats())
        let scale = configuration.scale(of: module)
        guard isTransposed else {
            return LowRankUpdate(
                left: second, right: first, rank: rank, columns: inputs, scale: scale)
        }
        return LowRankUpdate(
            left: transposed(first, rows: rank), right: transposed(second, rows: outputs),
            rank: rank, columns: outputs, scale: scale)
    }

    private static func transposed(_ values: [Float], rows: Int) -> [Float] {
        let columns = values.count / rows
        return [Float](unsafeUninitializedCapacity: values.count) { out, count in
            for row in 0..<rows {
                for column in 0..<columns {
                    out[column * rows + row] = values[row * columns + column]
                }
            }
            count = values.count
        }
    }

    private static func updated(_ entry: TensorEntry, _ update: LowRankUpdate?) -> TensorEntry {
        var entry = entry
        entry.update = update
        return entry
    }

    func contains(_ name: String) -> Bool { replaced[name] != nil || base.contains(name) }

    func find(_ name: String) throws(FormatError) -> TensorEntry? {
        if let entry = replaced[name] { return entry }
        return try base.find(name).map { Self.updated($0, updates[name]) }
    }
}

extension Checkpoint {
    /// The model with the low-rank adapter of a directory merged into its matrices.
    ///
    /// - Throws: ``FormatError`` when the adapter is damaged, is of a kind that is not implemented, or belongs to
    ///   another model.
    package func adapted(by directory: String) throws(FormatError) -> Checkpoint {
        Checkpoint(
            directory: self.directory, configuration: configuration, generation: generation,
            tensors: try AdaptedTensors(tensors, directory: directory))
    }
}
