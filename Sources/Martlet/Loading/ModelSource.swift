/// What the name of a model means; opens no weights.

import Foundation
import MartletHub
import MartletModels

/// Where a model comes from.
package enum ModelSource: Sendable, Hashable {
    /// A directory in the Hugging Face layout, or a GGUF file.
    case directory(String)
    /// Random weights of a published shape.
    case random(shape: String)

    static let randomPrefix = "random:"

    /// Reads a name: a model of the package, `random:SHAPE`, a path, or a model that was pulled from a hub.
    ///
    /// A path that is there counts before a hub's name. Throws `unknownModel`, and `fileNotFound` when the package's models
    /// are not beside the program, or a hub's model was not pulled.
    package init(_ name: String) throws(MartletError) {
        if let builtin = BuiltinModel(rawValue: name) {
            self = .directory(try builtin.directory())
            return
        }
        guard name.hasPrefix(Self.randomPrefix) else {
            self = .directory(try Self.pulled(name) ?? name)
            return
        }
        let shape = String(name.dropFirst(Self.randomPrefix.count))
        guard LanguageModel.randomShapeNames.contains(shape) else {
            throw MartletError(
                ModelError.unknownShape(got: shape, available: LanguageModel.randomShapeNames))
        }
        self = .random(shape: shape)
    }

    /// Where the model of a hub is that `name` means; nil when it is a path.
    private static func pulled(_ name: String) throws(MartletError) -> String? {
        guard !name.hasPrefix("/"), !name.hasPrefix("."), !name.hasPrefix("~"),
            !FileManager.default.fileExists(atPath: name), let reference = try? HubReference(name)
        else { return nil }
        do throws(HubError) {
            let cache = HubCache(try HubSettings())
            // A name without an owner is more likely a folder that is not there.
            guard reference.repository.owner != nil || cache.has(reference.repository) else {
                return nil
            }
            return try cache.model(reference)
        } catch { throw MartletError(error) }
    }

    /// The model's directory or file; nil for random weights.
    package var directory: String? {
        guard case .directory(let path) = self else { return nil }
        return path
    }
}
