/// What the name of a model means; reads no file.

package import MartletFormats
import MartletModels

/// Where a model comes from.
package enum ModelSource: Sendable, Hashable {
    /// A directory in the Hugging Face layout.
    case directory(String)
    /// A GGUF file, or the first of several.
    case gguf(String)
    /// Random weights of a published shape.
    case random(shape: String)

    static let randomPrefix = "random:"

    /// Reads a name: a model of the package, `random:SHAPE`, a GGUF file, or else a directory. Throws `unknownModel`, and
    /// `fileNotFound` when the package's models are not beside the program.
    package init(_ name: String) throws(MartletError) {
        if let builtin = BuiltinModel(rawValue: name) {
            self = .directory(try builtin.directory())
            return
        }
        guard name.hasPrefix(Self.randomPrefix) else {
            self = name.lowercased().hasSuffix(".gguf") ? .gguf(name) : .directory(name)
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

    /// Opens the model's configuration and tensors; nil for random weights.
    package func openCheckpoint() throws(MartletError) -> Checkpoint? {
        do {
            switch self {
            case .directory(let path): return try Checkpoint(directory: path)
            case .gguf(let path): return try Checkpoint(gguf: path)
            case .random: return nil
            }
        } catch let error as FormatError {
            throw MartletError(error)
        } catch {
            throw MartletError(any: error)
        }
    }
}
