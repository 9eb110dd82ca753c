/// Which models a server has, from names, folders and options.

import Foundation
package import Martlet
import Synchronization

extension ModelFleet.Entry {
    /// A model by the name that `Model.load` takes, with a cache of its own. It is listed by that name and by the last part of
    /// its path.
    ///
    /// - Parameters:
    ///   - options: how it is stored; the memory budget is that of its cache.
    ///   - purpose: what it is asked for.
    ///   - isKept: whether it is loaded at the start and stays.
    package init(
        _ name: String, for purpose: Purpose = .answers, options: ModelOptions, isKept: Bool,
        configuration: ServerConfiguration
    ) {
        var configuration = configuration
        let names = Self.names(of: name)
        configuration.names = names
        // What makes vectors is stored as its own files say.
        let stored = purpose == .vectors ? ModelOptions() : options
        let identity = { @Sendable in LoadedModel.identity(of: name, options: stored) }
        let description = StoredDescription(identity: identity) {
            StoredModel(
                name, options: stored, generates: purpose != .vectors,
                makesVectors: purpose != .answers)
        }
        self.init(
            names: names, isKept: isKept,
            estimatedBytes: {
                // What makes vectors alone has no cache.
                description.model.map { model in
                    purpose == .vectors || model.isEncoder
                        ? model.weightBytes
                        : model.weightBytes + (options.memoryBudget ?? 0)
                }
            },
            identity: identity, stored: { description.model },
            load: { [configuration] () async throws(MartletError) in
                switch purpose {
                case .answers:
                    return try await ServedModel.load(
                        name, options: options, configuration: configuration)
                case .vectors:
                    return try await ServedModel.loadVectors(
                        name, options: options, configuration: configuration)
                case .both:
                    return try await ServedModel.load(
                        name, options: options, embeddings: name, configuration: configuration)
                }
            })
    }

    /// What a model is asked for.
    package enum Purpose: Sendable {
        /// What it is made for: texts, or vectors of an encoder.
        case answers
        /// Vectors alone, whatever it is made for.
        case vectors
        /// Texts, and vectors of the same model.
        case both
    }

    /// Models by their names, with the one that vectors come from at the end unless it is one of them.
    ///
    /// - Parameters:
    ///   - embeddings: the model that vectors come from, by any of its names; nil for none.
    ///   - kept: names of those that are loaded at the start and stay.
    package static func entries(
        _ models: [String], embeddings: String?, kept: [String], options: ModelOptions,
        configuration: ServerConfiguration
    ) -> [Self] {
        var all = models.map { (name: plain($0), purpose: Purpose.answers) }
        if let embeddings = embeddings.map(plain) {
            if let index = all.firstIndex(where: { names(of: $0.name).contains(embeddings) }) {
                all[index].purpose = .both
            } else {
                all.append((name: embeddings, purpose: .vectors))
            }
        }
        let kept = Set(kept.map(plain))
        return all.map { model in
            Self(
                model.name, for: model.purpose, options: options,
                isKept: !kept.isDisjoint(with: names(of: model.name)),
                configuration: configuration)
        }
    }

    /// A name as it is compared with others: a folder's ends without a slash.
    package static func plain(_ name: String) -> String {
        name.count > 1 && name.hasSuffix("/") ? String(name.dropLast()) : name
    }

    /// A name, and the last part of it where it is a path.
    package static func names(of name: String) -> [String] {
        let path = plain(name)
        guard !path.hasPrefix("random:"), let last = path.split(separator: "/").last else {
            return [path]
        }
        let file = String(last)
        let short = file.lowercased().hasSuffix(".gguf") ? String(file.dropLast(5)) : file
        return short == path ? [path] : [short, path]
    }

    /// The models in a folder: folders with a configuration, and GGUF files, but for the later parts of those that have
    /// several. Throws `fileNotFound` where there are none.
    package static func models(in folder: String) throws(MartletError) -> [String] {
        let root = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let found = names.sorted().filter { name in
            if name.lowercased().hasSuffix(".gguf") {
                return name.firstMatch(of: /-(\d{5})-of-\d{5}\./).map { Int($0.1) == 1 } ?? true
            }
            return FileManager.default.fileExists(atPath: "\(root)/\(name)/config.json")
        }
        guard !found.isEmpty else {
            throw MartletError(
                code: .fileNotFound, subject: folder,
                message:
                    "\(folder): there is no model in it, expected folders with a config.json or GGUF files"
            )
        }
        return found.map { "\(root)/\($0)" }
    }
}

/// What a model's files say of it, read again where they are others.
private final class StoredDescription: Sendable {
    private let identity: @Sendable () -> String
    private let read: @Sendable () -> StoredModel?
    private let known = Mutex<(identity: String, model: StoredModel?)?>(nil)

    init(identity: @escaping @Sendable () -> String, read: @escaping @Sendable () -> StoredModel?) {
        self.identity = identity
        self.read = read
    }

    var model: StoredModel? {
        let current = identity()
        if let known = known.withLock({ $0 }), known.identity == current { return known.model }
        let model = read()
        known.withLock { $0 = (current, model) }
        return model
    }
}
