/// One repository's folder in the cache: references, snapshots, and the content that they link to.

import Foundation
import MartletFormats

/// A repository's part of the cache.
package struct CachedRepository: Sendable {
    /// Which repository.
    package let name: RepositoryName
    /// Its folder.
    package let folder: String
    let locks: String
    let usesLinks: Bool

    // MARK: Revisions

    /// The commit that a branch or tag was at when it was pulled, or the commit itself; nil when it is not here.
    package func commit(of revision: String) -> String? {
        if HubReference.isCommit(revision) {
            return FileSystem.kind(of: snapshot(revision)) == .directory ? revision : nil
        }
        guard RepositoryFile.isSafe(revision) else { return nil }
        return Self.commit(inFile: FileSystem.join(folder, "refs/\(revision)"))
    }

    /// What a reference says; nil when it is not the name of a commit.
    package static func commit(inFile path: String) -> String? {
        guard FileSystem.kind(of: path) == .file, let handle = FileHandle(forReadingAtPath: path)
        else { return nil }
        defer { try? handle.close() }
        guard let data = try? handle.read(upToCount: 256) else { return nil }
        // Other tools end the line or do not.
        let text = String(decoding: data, as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        return HubReference.isCommit(text) ? text : nil
    }

    /// Names of branches and tags, and the commit of each.
    package var references: [(name: String, commit: String)] {
        Self.files(in: FileSystem.join(folder, "refs")).compactMap { name in
            commit(of: name).map { (name, $0) }
        }
    }

    /// The commits of which files are here.
    package var commits: [String] {
        FileSystem.names(in: FileSystem.join(folder, "snapshots")).filter(HubReference.isCommit)
    }

    /// Notes which commit a branch or tag is at. A cache that cannot be written keeps its old reference.
    func refer(_ revision: String, to commit: String) {
        guard revision != commit, RepositoryFile.isSafe(revision) else { return }
        let path = FileSystem.join(folder, "refs/\(revision)")
        guard Self.commit(inFile: path) != commit else { return }
        try? FileSystem.createDirectory(FileSystem.split(path).directory)
        try? AtomicFile.write(Array(commit.utf8), to: path)
    }

    // MARK: Files

    /// The folder of a commit's files.
    package func snapshot(_ commit: String) -> String {
        FileSystem.join(folder, "snapshots/\(commit)")
    }

    /// Where a file of a commit is, or would be.
    package func pointer(_ path: String, at commit: String) -> String {
        FileSystem.join(snapshot(commit), path)
    }

    /// Whether a file of a commit is here.
    package func has(_ path: String, at commit: String) -> Bool {
        FileSystem.kind(of: pointer(path, at: commit)) == .file
    }

    /// The names of a commit's files.
    package func paths(at commit: String) -> [String] {
        Self.files(in: snapshot(commit))
    }

    /// Where the content with an ETag is, or would be.
    func blob(_ etag: String) -> String { FileSystem.join(folder, "blobs/\(etag)") }

    /// Where that content grows while it is downloaded.
    func partial(_ etag: String) -> String { blob(etag) + Self.partialEnding }

    private static let partialEnding = ".martlet.incomplete"

    /// Content whose download has begun and is not complete.
    var begun: [String] {
        FileSystem.names(in: FileSystem.join(folder, "blobs"))
            .filter { $0.hasSuffix(Self.partialEnding) }
            .map { String($0.dropLast(Self.partialEnding.count)) }
    }

    /// The file whose lock guards it.
    func lock(_ etag: String) -> String { FileSystem.join(locks, "\(etag).lock") }

    /// Makes content that is complete appear as a file of a commit, in one step.
    func link(_ etag: String, as path: String, at commit: String) throws(HubError) {
        let pointer = pointer(path, at: commit)
        do throws(FormatError) {
            try FileSystem.createDirectory(FileSystem.split(pointer).directory)
            let depth = path.utf8.count(where: { $0 == UInt8(ascii: "/") })
            let target = String(repeating: "../", count: depth + 2) + "blobs/\(etag)"
            let temporary = FileSystem.join(
                FileSystem.split(pointer).directory,
                ".\(String(UInt64.random(in: 0 ... .max), radix: 36)).link")
            if usesLinks, symlink(target, temporary) == 0 {
                guard rename(temporary, pointer) == 0 else {
                    let failure = FileSystem.failure("link", pointer)
                    unlink(temporary)
                    throw failure
                }
            } else if rename(blob(etag), pointer) != 0 {
                throw FileSystem.failure("move to", pointer)
            }
        } catch { throw .file(error) }
    }

    /// Notes that a commit has no such file, for tools that would otherwise ask again.
    func noteAbsence(of path: String, at commit: String) {
        guard RepositoryFile.isSafe(path) else { return }
        let mark = FileSystem.join(folder, ".no_exist/\(commit)/\(path)")
        try? FileSystem.createDirectory(FileSystem.split(mark).directory)
        if FileSystem.kind(of: mark) == .nothing { try? AtomicFile.write([], to: mark) }
    }

    /// The names of all files below a folder, hidden ones that somebody is about to rename left out. Links to
    /// folders are not followed.
    static func files(in folder: String) -> [String] {
        var found: [String] = []
        var open = [""]
        // What a hostile archive could nest is bounded as names are.
        while let place = open.popLast(), place.utf8.count <= 1000 {
            for name in FileSystem.names(
                in: FileSystem.join(folder, place), includingHidden: true)
            {
                let path = place.isEmpty ? name : FileSystem.join(place, name)
                var status = stat()
                guard lstat(FileSystem.join(folder, path), &status) == 0 else { continue }
                switch status.st_mode & S_IFMT {
                case S_IFDIR: open.append(path)
                case S_IFREG, S_IFLNK:
                    if !(name.hasPrefix(".")
                        && (name.hasSuffix(".link") || name.hasSuffix(".partial")))
                    {
                        found.append(path)
                    }
                default: break
                }
            }
        }
        return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
