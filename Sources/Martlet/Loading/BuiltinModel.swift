/// The models inside the package; finds their folders and opens no weights.

import Foundation

/// One of the small models that come with Martlet.
///
/// `builtin` is a plain model; `builtin-cr4` and `builtin-cr8` are the same retrofitted with Dynamic Memory
/// Sparsification, for `--cache dms`. `docs/builtin.md` is their card.
package enum BuiltinModel: String, Sendable, CaseIterable {
    case dense = "builtin"
    case compressed4 = "builtin-cr4"
    case compressed8 = "builtin-cr8"

    /// Its name, as users write it.
    package var name: String { rawValue }

    /// The same model retrofitted to hold fewer tokens, the least compressed first.
    var compressedForms: [BuiltinModel] {
        self == .dense ? [.compressed4, .compressed8] : []
    }

    /// Names a folder in which to look first, for programs that keep their files elsewhere.
    private static let environmentName = "MARTLET_MODELS"

    /// Its folder in the Hugging Face layout. Throws `fileNotFound`.
    package func directory() throws(MartletError) -> String {
        let places = Self.places
        for place in places {
            let path = place.appending(path: name).path(percentEncoded: false)
            if FileManager.default.fileExists(atPath: path + "/config.json") { return path }
        }
        let first = places.first?.path(percentEncoded: false) ?? "the program"
        throw MartletError(
            code: .fileNotFound, subject: name,
            message: "model \(name) is not beside the program (looked in \(first)); keep the "
                + "\(Self.bundleName) folder of the build beside the executable, or name the folder "
                + "that holds the models in \(Self.environmentName); a folder of yours is ./\(name)"
        )
    }

    /// What the build makes of the target's resources.
    private static let bundleName = "martlet_Martlet.resources"

    /// Where models may be, best first: beside the executable as a build leaves them, as macOS bundles, and where
    /// an installation puts shared files.
    private static var places: [URL] {
        var places: [URL] = []
        if let named = ProcessInfo.processInfo.environment[environmentName], !named.isEmpty {
            places.append(URL(filePath: named, directoryHint: .isDirectory))
        }
        var folders: [URL] = []
        if let executable = Bundle.main.executableURL {
            folders.append(executable.resolvingSymlinksInPath().deletingLastPathComponent())
        }
        // An app keeps resources apart from its executable; a test on macOS is a bundle in a foreign program.
        folders += ([Bundle.main] + Bundle.allBundles).flatMap { bundle in
            [bundle.resourceURL, bundle.bundleURL.deletingLastPathComponent()].compactMap { $0 }
        }
        let parts = [
            "\(bundleName)/Models", "martlet_Martlet.bundle/Models",
            "martlet_Martlet.bundle/Contents/Resources/Models", "../share/martlet/Models",
        ]
        for folder in folders { places += parts.map { folder.appending(path: $0) } }
        return places
    }
}
