/// The models inside the package, so that the first command works without a download.

import Foundation

/// Finds the folders of the models that are shipped as resources.
package enum BuiltinModel {
    /// Names for `--model`, the base model first; the others have the same abilities in less cache.
    package static let names = ["builtin", "builtin-cr4", "builtin-cr8"]

    /// The folder of a shipped model; nil for any other name.
    ///
    /// The resources lie in a folder beside the program. SwiftPM's own accessor is not used: it ends the
    /// process when they are missing.
    ///
    /// - Throws: `fileNotFound` when the program was moved without them.
    static func directory(named name: String) throws(MartletError) -> String? {
        guard names.contains(name) else { return nil }
        let places = folders.map { $0 + "/martlet_Martlet.resources/Models/" + name }
        if let found = places.first(where: {
            FileManager.default.fileExists(atPath: $0 + "/config.json")
        }) {
            return found
        }
        throw MartletError(
            code: .fileNotFound, subject: name,
            message:
                "the model '\(name)' belongs in the folder martlet_Martlet.resources beside the program, "
                + "which has none; copy that folder too, or build again")
    }

    /// Where a program's resources may be: beside it, or beside the bundle of its tests.
    private static var folders: [String] {
        var folders = [Bundle.main.bundleURL, Bundle.main.bundleURL.deletingLastPathComponent()]
        if let program = Bundle.main.executableURL?.resolvingSymlinksInPath() {
            folders.append(program.deletingLastPathComponent())
        }
        return folders.map(\.path)
    }
}
