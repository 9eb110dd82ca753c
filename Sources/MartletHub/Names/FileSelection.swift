/// Which files of a repository are pulled.

/// What to pull: patterns that somebody gave, one quantisation, one file, or else what a model needs.
package struct FileSelection: Sendable {
    /// Files must match one of these; none means what a model needs.
    package let include: [String]
    /// Files must match none of these.
    package let exclude: [String]

    /// Describes a selection.
    package init(include: [String] = [], exclude: [String] = []) {
        self.include = include
        self.exclude = exclude
    }

    /// What is chosen of a listing, in the order in which it is to be pulled: small files first, so that what
    /// cannot be run is known before its weights have moved.
    ///
    /// Throws ``HubError/nothingChosen(repository:wanted:available:)``,
    /// ``HubError/fileNotFound(repository:path:near:)``, ``HubError/ambiguous(name:choices:)`` and
    /// ``HubError/onlyPickles(repository:file:)``.
    package func choose(
        of files: [RepositoryFile], for reference: HubReference
    ) throws(HubError) -> [RepositoryFile] {
        let excluded = exclude.map(Glob.init)
        let candidates = files.filter { file in !excluded.contains { $0.matches(file.path) } }
        let chosen: [RepositoryFile]
        if let path = reference.path {
            chosen = try one(path, of: candidates, reference)
        } else if let quantisation = reference.quantisation {
            chosen = try self.quantisation(quantisation, of: candidates, reference)
        } else if !include.isEmpty {
            let included = include.map(Glob.init)
            chosen = candidates.filter { file in included.contains { $0.matches(file.path) } }
        } else {
            chosen = try model(candidates, reference)
        }
        guard !chosen.isEmpty else {
            throw .nothingChosen(
                repository: "\(reference.repository)",
                wanted: (include + exclude.map { "not " + $0 }).joined(separator: ", "),
                available: files.map(\.path))
        }
        return chosen.sorted { left, right in
            let (small, other) = (left.size < Self.smallBytes, right.size < Self.smallBytes)
            if small != other { return small }
            return left.path.utf8.lexicographicallyPrecedes(right.path.utf8)
        }
    }

    /// Files below this size are a model's description: it is read before weights are.
    private static let smallBytes = 64 << 20

    private func one(
        _ path: String, of files: [RepositoryFile], _ reference: HubReference
    ) throws(HubError) -> [RepositoryFile] {
        if let file = files.first(where: { $0.path == path }) {
            // A part is of no use without the others.
            let whole = GGUFModel.all(in: files.map(\.path)).first { $0.paths.contains(path) }
            return files.filter { $0 == file || whole?.paths.contains($0.path) ?? false }
        }
        let name = path.split(separator: "/").last.map { $0.lowercased() } ?? path
        let stem = name.prefix(4)
        let ending = name.lastIndex(of: ".").map { name[$0...] } ?? "/"
        let near = files.map(\.path).filter {
            $0.lowercased().contains(stem) || $0.lowercased().hasSuffix(ending)
        }
        throw .fileNotFound(repository: "\(reference.repository)", path: path, near: near)
    }

    private func quantisation(
        _ wanted: String, of files: [RepositoryFile], _ reference: HubReference
    ) throws(HubError) -> [RepositoryFile] {
        let models = GGUFModel.all(in: files.map(\.path))
        let exact = models.filter { $0.quantisation?.lowercased() == wanted.lowercased() }
        let found = exact.isEmpty ? models.filter { $0.isCalled(wanted) } : exact
        guard let model = found.first else {
            throw .nothingChosen(
                repository: "\(reference.repository)", wanted: wanted,
                available: models.map { $0.quantisation ?? $0.paths[0] })
        }
        guard found.count == 1 else {
            throw .ambiguous(
                name: "\(reference)",
                choices: found.map { "\(reference.repository)/\($0.paths[0])" })
        }
        return try whole(model, of: files, reference)
    }

    private func whole(
        _ model: GGUFModel, of files: [RepositoryFile], _ reference: HubReference
    ) throws(HubError) -> [RepositoryFile] {
        guard model.missingParts == 0 else {
            throw .nothingChosen(
                repository: "\(reference.repository)",
                wanted:
                    "all parts of \(model.paths[0]), of which \(model.missingParts) are missing",
                available: [])
        }
        return files.filter { model.paths.contains($0.path) }
    }

    /// What a model needs, and the small files beside it.
    private func model(
        _ files: [RepositoryFile], _ reference: HubReference
    ) throws(HubError) -> [RepositoryFile] {
        let weights = files.filter { Self.isPlace($0.path) && $0.path.hasSuffix(".safetensors") }
        let models = GGUFModel.all(in: files.map(\.path))
        if weights.isEmpty, !models.isEmpty {
            for wanted in GGUFModel.usualQuantisations {
                if let model = models.first(where: { $0.quantisation == wanted }) {
                    return try whole(model, of: files, reference)
                }
            }
            return try whole(models[0], of: files, reference)
        }
        if weights.isEmpty, let pickle = files.first(where: { Self.isPickle($0.path) }) {
            throw .onlyPickles(repository: "\(reference.repository)", file: pickle.path)
        }
        // Some repositories hold the same weights a second time, in their maker's own layout.
        let hasShards = weights.contains { !$0.name.hasPrefix("consolidated") }
        return files.filter { file in
            if file.path.hasSuffix(".safetensors") {
                return Self.isPlace(file.path)
                    && !(hasShards && file.name.hasPrefix("consolidated"))
            }
            return Self.isPlace(file.path) && !Self.isForeign(file.path)
                && file.size < Self.smallBytes
        }
    }

    /// The repository's top, chat templates, and the numbered folders of models of embeddings. Anything deeper is
    /// another form of the same model, or a point of its training.
    private static func isPlace(_ path: String) -> Bool {
        let folders = path.split(separator: "/").dropLast()
        guard let folder = folders.first else { return true }
        guard folders.count == 1 else { return false }
        if folder == "chat_templates" { return true }
        return folder.utf8.first.map { (48...57).contains($0) } ?? false && folder.contains("_")
    }

    private static let pickles = [".bin", ".pth", ".pt", ".ckpt", ".pkl", ".pickle"]
    /// Weights in forms that are not read.
    private static let foreign =
        pickles + [
            ".h5", ".msgpack", ".onnx", ".onnx_data", ".ot", ".tflite", ".gguf", ".mlmodel", ".npz",
        ]

    private static func isPickle(_ path: String) -> Bool { pickles.contains { path.hasSuffix($0) } }

    private static func isForeign(_ path: String) -> Bool {
        foreign.contains { path.hasSuffix($0) }
    }
}
