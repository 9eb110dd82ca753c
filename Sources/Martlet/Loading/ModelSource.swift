/// What the name of a model means; opens no file.

import MartletModels

/// Where a model comes from.
package enum ModelSource: Sendable, Hashable {
    /// A directory in the Hugging Face layout.
    case directory(String)
    /// Random weights of a published shape.
    case random(shape: String)

    static let randomPrefix = "random:"

    /// Reads a name: `random:SHAPE`, or else a directory. Throws `unknownModel`.
    package init(_ name: String) throws(MartletError) {
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
}
