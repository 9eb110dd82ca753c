/// What the name of a model means; opens no weights.

import Foundation
package import MartletFormats
import MartletHub
import MartletModels

/// Where a model comes from.
package enum ModelSource: Sendable, Hashable {
    /// A directory in the Hugging Face layout, or a GGUF file.
    case directory(String)
    /// A GGUF file, or the first of several.
    case gguf(String)
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
            let path = try Self.pulled(name) ?? name
            self = path.lowercased().hasSuffix(".gguf") ? .gguf(path) : .directory(path)
            return
        }
        let shape = String(name.dropFirst(Self.randomPrefix.count))
        guard LanguageModel.randomShapeNames.contains(shape) else {
            throw MartletError(
                ModelError.unknownShape(got: shape, available: LanguageModel.randomShapeNames))
        }
        self = .random(shape: shape)
    }

    /// The model's directory or file; nil for random weights.
    package var path: String? {
        switch self {
        case .directory(let path), .gguf(let path): path
        case .random: nil
        }
    }

    /// Opens the configuration and tensors of a model that generates text; nil for random weights.
    package func openCheckpoint() throws(MartletError) -> Checkpoint? {
        do {
            switch self {
            case .directory(let path):
                let checkpoint = try Checkpoint(directory: path)
                guard !EncoderPlan.describes(checkpoint.configuration) else {
                    throw MartletError.isEncoder(checkpoint.configuration)
                }
                return checkpoint
            case .gguf(let path):
                do { return try Checkpoint(gguf: path) } catch {
                    if case .unknownArchitecture = error, let encoder = try openEncoder() {
                        throw MartletError.isEncoder(encoder.configuration)
                    }
                    throw error
                }
            case .random: return nil
            }
        } catch {
            if case .notFound(_, let role, _)? = error as? FormatError, let path,
                let name = HubCache.pulledName(ofPath: path)
            {
                throw MartletError(HubError.incomplete(name: name, missing: role))
            }
            throw MartletError(any: error)
        }
    }

    /// Opens the configuration and tensors of an encoder; nil where the model is of another kind.
    func openEncoder() throws -> Checkpoint? {
        switch self {
        case .directory(let path):
            let checkpoint = try Checkpoint(directory: path)
            return EncoderPlan.describes(checkpoint.configuration) ? checkpoint : nil
        case .gguf(let path):
            return EncoderPlan.describes(try GGUFFile(path: path))
                ? try Checkpoint(encoderGGUF: path) : nil
        case .random: return nil
        }
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
}
