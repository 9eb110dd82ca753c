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
    ///   - isKept: whether it is loaded at the start and stays.
    package init(
        _ name: String, options: ModelOptions, isKept: Bool, configuration: ServerConfiguration
    ) {
        var configuration = configuration
        let names = Self.names(of: name)
        configuration.names = names
        let size = StoredSize(name, options)
        self.init(
            names: names, isKept: isKept,
            estimatedBytes: { size.bytes.map { $0 + (options.memoryBudget ?? 0) } },
            load: { [configuration] () async throws(MartletError) in
                try await ServedModel.load(name, options: options, configuration: configuration)
            })
    }

    /// A name, and the last part of it where it is a path.
    package static func names(of name: String) -> [String] {
        let path = name.hasSuffix("/") ? String(name.dropLast()) : name
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

/// What a model's files say of its size, read once.
private final class StoredSize: Sendable {
    private let name: String
    private let options: ModelOptions
    private let known = Mutex<Int??>(nil)

    init(_ name: String, _ options: ModelOptions) {
        self.name = name
        self.options = options
    }

    var bytes: Int? {
        if let known = known.withLock({ $0 }) { return known }
        let bytes = LoadedModel.storedBytes(of: name, options: options)
        known.withLock { $0 = .some(bytes) }
        return bytes
    }
}
