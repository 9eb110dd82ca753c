/// Removing models, and nothing that another revision uses.

import Foundation
import MartletFormats

/// What a removal took away.
package struct CacheRemoval: Sendable {
    /// The commits of which files were removed.
    package let commits: [String]
    /// Files that were removed from snapshots.
    package let fileCount: Int
    /// Bytes of content that nothing used any more.
    package let freedBytes: Int
    /// Bytes of content that stays because another revision uses it, or that the hub's own tool shares between
    /// repositories.
    package let keptBytes: Int
}

extension HubCache {
    /// Removes all that a name means: a repository, one revision of it, or one quantisation.
    ///
    /// - Throws: ``HubError/nothingToRemove(name:available:)``, ``HubError/busy(name:)``, ``HubError/file(_:)``.
    package func remove(_ reference: HubReference) throws(HubError) -> CacheRemoval {
        let repository = repository(reference.repository)
        guard FileSystem.kind(of: repository.folder) == .directory else {
            throw .nothingToRemove(
                name: "\(reference)", available: repositories.map { "\($0.name)" })
        }
        var commits = repository.commits
        if let revision = reference.revision {
            guard let commit = repository.commit(of: revision), commits.contains(commit) else {
                throw .nothingToRemove(
                    name: "\(reference)", available: repository.references.map(\.name) + commits)
            }
            commits = [commit]
        }
        let chosen = repository.chosen(reference, commits)
        guard !chosen.isEmpty || (reference.quantisation ?? reference.path) == nil else {
            let here = commits.flatMap { GGUFModel.all(in: repository.paths(at: $0)) }
            throw .nothingToRemove(
                name: "\(reference)",
                available: Set(here.map { $0.quantisation ?? $0.paths[0] }).sorted())
        }
        return try repository.remove(
            chosen, wholeCommits: reference.quantisation == nil && reference.path == nil, commits)
    }
}

extension CachedRepository {
    /// A file of a commit.
    fileprivate struct Place: Hashable {
        let commit: String
        let path: String
    }

    fileprivate func chosen(_ reference: HubReference, _ commits: [String]) -> [Place] {
        commits.flatMap { commit in
            var paths = paths(at: commit)
            if let quantisation = reference.quantisation {
                paths = GGUFModel.all(in: paths).filter { $0.isCalled(quantisation) }.flatMap(
                    \.paths)
            } else if let path = reference.path {
                paths = paths.filter { $0 == path }
            }
            return paths.map { Place(commit: commit, path: $0) }
        }
    }

    fileprivate func remove(
        _ places: [Place], wholeCommits: Bool, _ commits: [String]
    ) throws(HubError) -> CacheRemoval {
        let going = Set(places)
        // Content by the files that link to it, over all commits.
        var users: [String: Int] = [:]
        for commit in self.commits {
            for path in paths(at: commit) where !going.contains(Place(commit: commit, path: path)) {
                if let etag = content(of: Place(commit: commit, path: path)) {
                    users[etag, default: 0] += 1
                }
            }
        }
        let contents = Set(places.compactMap(content))
        let unused = contents.filter { users[$0] == nil }.sorted()
        // Somebody may be about to link to what nothing links to yet.
        let isAll = wholeCommits && Set(commits).isSuperset(of: self.commits)
        let begun = isAll ? self.begun : []
        // Held until all is removed, so that no download begins on what goes.
        var held: [CacheLock] = []
        defer { withExtendedLifetime(held) {} }
        for etag in unused + begun {
            guard let lock = try CacheLock.take(lock(etag)) else { throw .busy(name: "\(name)") }
            held.append(lock)
        }
        var (freed, kept) = (0, 0)
        for etag in contents where users[etag] != nil {
            kept += Self.size(blob(etag), follows: true)
        }
        do throws(FormatError) {
            if wholeCommits {
                for (reference, commit) in references where commits.contains(commit) {
                    try FileSystem.remove(FileSystem.join(folder, "refs/\(reference)"))
                }
            }
            for place in places {
                let path = pointer(place.path, at: place.commit)
                // Where links are not used, the file itself is the content.
                if content(of: place) == nil { freed += Self.size(path, follows: false) }
                try FileSystem.remove(path)
                removeEmptyFolders(above: path)
            }
            for etag in unused {
                let (own, whole) = (
                    Self.size(blob(etag), follows: false), Self.size(blob(etag), follows: true)
                )
                let isShared = Self.isLink(blob(etag))
                freed += isShared ? 0 : own
                kept += isShared ? whole : 0
                try FileSystem.remove(blob(etag))
                try FileSystem.remove(lock(etag))
            }
            if wholeCommits {
                for commit in commits {
                    try FileSystem.remove(FileSystem.join(folder, "trees/\(commit).json"))
                    Self.removeFolder(FileSystem.join(folder, ".no_exist/\(commit)"))
                    Self.removeFolder(snapshot(commit))
                }
            }
        } catch { throw .file(error) }
        if self.commits.isEmpty {
            for name in FileSystem.names(in: FileSystem.join(folder, "blobs")) {
                freed += Self.size(blob(name), follows: false)
            }
            Self.removeFolder(folder)
            Self.removeFolder(locks)
        }
        return CacheRemoval(
            commits: commits, fileCount: places.count, freedBytes: freed, keptBytes: kept)
    }

    /// The name of the content that a file links to; nil when it is a file itself, or links elsewhere.
    private func content(of place: Place) -> String? {
        let path = pointer(place.path, at: place.commit)
        guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else {
            return nil
        }
        let (folder, name) = FileSystem.split(target)
        guard folder.hasSuffix("/blobs"), RepositoryFile.isSafe(name) else { return nil }
        return name
    }

    private func removeEmptyFolders(above path: String) {
        var place = FileSystem.split(path).directory
        let top = FileSystem.join(folder, "snapshots")
        while place.utf8.count > top.utf8.count, rmdir(place) == 0 {
            place = FileSystem.split(place).directory
        }
    }

    /// Removes a folder and all in it; links are not followed.
    private static func removeFolder(_ path: String) {
        try? FileManager.default.removeItem(atPath: path)
    }

    private static func isLink(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    private static func size(_ path: String, follows: Bool) -> Int {
        var status = stat()
        guard (follows ? stat(path, &status) : lstat(path, &status)) == 0 else { return 0 }
        return Int(status.st_size)
    }
}
