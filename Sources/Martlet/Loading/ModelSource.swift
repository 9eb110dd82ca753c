/// What the name of a model means; reads no file.

import MartletModels

/// Where a model comes from.
package enum ModelSource: Sendable, Hashable {
    /// A directory in the Hugging Face layout.
    case directory(String)
    /// Random weights of a published shape.
    case random(shape: String)

    static let randomPrefix = "random:"

    /// Reads a name: a model of the package, `random:SHAPE`, or else a directory. Throws `unknownModel`, and
    /// `fileNotFound` when the package's models are not beside the program.
    package init(_ name: String) throws(MartletError) {
        if let builtin = BuiltinModel(rawValue: name) {
            self = .directory(try builtin.directory())
            return
        }
        guard name.hasPrefix(Self.randomPrefix) else {
            self = .directory(name)
            return
        }
        let shape = String(name.dropFirst(Self.randomPrefix.count))
        guard LanguageModel.randomShapeNames.contains(shape) else {
            throw MartletError(
                ModelError.unknownShape(got: shape, available: LanguageModel.randomShapeNames))
        }
        self = .random(shape: shape)
    }

    /// The model's directory; nil for random weights.
    package var directory: String? {
        guard case .directory(let path) = self else { return nil }
        return path
    }
}
