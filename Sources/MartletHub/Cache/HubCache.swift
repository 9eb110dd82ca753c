/// The folder that all tools of the hub share; what is where in it is in `docs/formats.md`.

import Foundation
import MartletFormats

/// The cache: a folder of repositories.
package struct HubCache: Sendable {
    /// Its folder.
    package let root: String
    /// Snapshots hold links; otherwise they hold the files themselves.
    package let usesLinks: Bool

    /// The cache in a folder, which need not be there yet.
    package init(root: String, usesLinks: Bool = true) {
        self.root = root
        self.usesLinks = usesLinks
    }

    /// The cache that the settings name.
    package init(_ settings: HubSettings) {
        self.init(root: settings.cache, usesLinks: settings.usesLinks)
    }

    /// A repository's folder, which need not be there yet.
    package func repository(_ name: RepositoryName) -> CachedRepository {
        CachedRepository(
            name: name, folder: FileSystem.join(root, name.folder),
            locks: FileSystem.join(FileSystem.join(root, ".locks"), name.folder),
            usesLinks: usesLinks)
    }

    /// Whether anything of a repository is there.
    package func has(_ name: RepositoryName) -> Bool {
        FileSystem.kind(of: repository(name).folder) == .directory
    }

    /// The repositories of models that are there, by name.
    package var repositories: [CachedRepository] {
        FileSystem.names(in: root).compactMap(RepositoryName.init(folder:)).map(repository)
            .filter { FileSystem.kind(of: $0.folder) == .directory }
    }

    /// Creates the cache's folder, and marks it as one that backups may leave out.
    func prepare() throws(HubError) {
        do throws(FormatError) {
            try FileSystem.createDirectory(root)
            let tag = FileSystem.join(root, "CACHEDIR.TAG")
            if FileSystem.kind(of: tag) == .nothing {
                try? AtomicFile.write(Array(Self.tag.utf8), to: tag)
            }
        } catch { throw .file(error) }
    }

    private static let tag = """
        Signature: 8a477f597d28d172789f06886806bc55
        # This file marks a cache: see https://bford.info/cachedir/

        """

    /// Bytes that may still be written to the disk of the cache; nil when the system does not say.
    var freeBytes: Int? {
        var place = root
        while FileSystem.kind(of: place) != .directory, place != "/", place != "." {
            place = FileSystem.split(place).directory
        }
        var status = statvfs()
        guard statvfs(place, &status) == 0 else { return nil }
        let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(
            by: UInt64(status.f_frsize))
        return overflow ? nil : Int(clamping: bytes)
    }
}
