/// What has been pulled.

package import Foundation
import MartletFormats

/// One commit of one repository in the cache.
package struct CachedModel: Sendable {
    /// The repository.
    package let repository: RepositoryName
    /// Branches and tags that were at this commit when they were pulled.
    package let revisions: [String]
    /// The commit.
    package let commit: String
    /// The folder of its files.
    package let path: String
    /// Its files.
    package let fileCount: Int
    /// Bytes of their content on the disk, each content once.
    package let bytes: Int
    /// When the newest of them was written.
    package let modified: Date
    /// Quantisations of its GGUF files.
    package let quantisations: [String]
}

extension HubCache {
    /// The commits that are here, by repository and then the newest first.
    package var models: [CachedModel] {
        repositories.flatMap { repository in
            let references = repository.references
            return repository.commits.map { commit in
                let paths = repository.paths(at: commit)
                var seen: Set<UInt64> = []
                var (bytes, modified) = (0, Date(timeIntervalSince1970: 0))
                var count = 0
                for path in paths {
                    var status = stat()
                    guard stat(repository.pointer(path, at: commit), &status) == 0 else { continue }
                    count += 1
                    modified = max(
                        modified,
                        Date(timeIntervalSince1970: FileSystem.secondsOfChange(status)))
                    if seen.insert(UInt64(status.st_ino)).inserted { bytes += Int(status.st_size) }
                }
                return CachedModel(
                    repository: repository.name,
                    revisions: references.filter { $0.commit == commit }.map(\.name),
                    commit: commit,
                    path: repository.snapshot(commit), fileCount: count, bytes: bytes,
                    modified: modified,
                    quantisations: GGUFModel.all(in: paths).compactMap(\.quantisation))
            }.filter { $0.fileCount > 0 }.sorted { $0.modified > $1.modified }
        }
    }
}
