/// From the name of a model to the files that were pulled of it.

import MartletFormats

extension HubCache {
    /// The name of the repository in whose cache a file or folder of a snapshot lies; nil for a path elsewhere.
    package static func pulledName(ofPath path: String) -> String? {
        let parts = path.split(separator: "/")
        guard let place = parts.lastIndex(of: "snapshots"), place > 0 else { return nil }
        return RepositoryName(folder: String(parts[place - 1])).map { "\($0)" }
    }

    /// The directory or GGUF file of what was pulled under a name.
    ///
    /// A commit with `config.json` is a directory. Of several GGUF files the name has to say which.
    /// - Throws: ``HubError/notPulled(name:available:)``, ``HubError/ambiguous(name:choices:)``.
    package func model(_ reference: HubReference) throws(HubError) -> String {
        let repository = repository(reference.repository)
        let revision = reference.revision ?? HubReference.mainRevision
        let commits = repository.commits
        // Where a branch was never pulled by name, the only commit is meant.
        let commit =
            repository.commit(of: revision)
            ?? (reference.revision == nil && commits.count == 1 ? commits[0] : nil)
        guard let commit, commits.contains(commit) else {
            guard !commits.isEmpty || repository.begun.isEmpty else {
                throw .incomplete(name: "\(reference)", missing: "files")
            }
            let here = repository.references.map { "\(reference.repository)@\($0.name)" } + commits
            throw .notPulled(
                name: "\(reference)",
                available: here.isEmpty
                    ? repositories.filter { !$0.commits.isEmpty }.map { "\($0.name)" } : here)
        }
        let paths = repository.paths(at: commit)
        if let path = reference.path {
            guard repository.has(path, at: commit) else {
                throw .notPulled(name: "\(reference)", available: paths)
            }
            return repository.pointer(path, at: commit)
        }
        // Parts without the others are no model.
        let models = GGUFModel.all(in: paths).filter { $0.missingParts == 0 }
        let choices = models.map { model in
            model.quantisation.map { "\(reference.repository):\($0)" }
                ?? "\(reference.repository)/\(model.paths[0])"
        }
        if let quantisation = reference.quantisation {
            let exact = models.filter { $0.quantisation?.lowercased() == quantisation.lowercased() }
            let found = exact.isEmpty ? models.filter { $0.isCalled(quantisation) } : exact
            guard let model = found.first else {
                throw .notPulled(name: "\(reference)", available: choices)
            }
            guard found.count == 1 else {
                throw .ambiguous(
                    name: "\(reference)",
                    choices: found.map { "\(reference.repository)/\($0.paths[0])" })
            }
            return repository.pointer(model.paths[0], at: commit)
        }
        if paths.contains("config.json"), paths.contains(where: { $0.hasSuffix(".safetensors") }) {
            return repository.snapshot(commit)
        }
        guard models.count <= 1 else { throw .ambiguous(name: "\(reference)", choices: choices) }
        return models.first.map { repository.pointer($0.paths[0], at: commit) }
            ?? repository.snapshot(commit)
    }
}
