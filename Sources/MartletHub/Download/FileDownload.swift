/// One file: from the hub's listing to a link in a snapshot, or one error.

import Foundation
import MartletFormats

/// How a pull downloads.
package struct PullOptions: Sendable {
    /// Requests at once.
    package var connections = 8
    /// Bytes of a part of a file that is asked for at once. What has arrived of a part is kept.
    package var pieceBytes = 16 << 20
    /// When requests are made again.
    package var retry = RetryRule()
    /// Seconds between two looks at a lock that somebody has.
    package var lockInterval = 0.2
    /// Writes to the disk.
    package var writer: any PositionedWriter = SystemWriter()

    /// The usual options.
    package init() {}
}

/// Downloads a file into the cache.
struct FileDownload: Sendable {
    let file: RepositoryFile
    let commit: String
    let cached: CachedRepository
    let client: HubClient
    let options: PullOptions
    let progress: PullProgress
    let report: @Sendable (PullEvent) -> Void

    /// Ends when the file is in the snapshot.
    func run() async throws(HubError) {
        if cached.has(file.path, at: commit) { return finish(wasHere: true) }
        let location: FileLocation
        do throws(HubError) {
            location = try await client.locate(file, of: commit, in: cached.name)
        } catch {
            if case .fileNotFound = error { cached.noteAbsence(of: file.path, at: commit) }
            throw error
        }
        let (lock, partial) = try await lock(location.etag)
        defer { withExtendedLifetime(lock) {} }
        let blob = cached.blob(location.etag)
        if Self.size(of: blob) == file.size {
            try cached.link(location.etag, as: file.path, at: commit)
            return finish(wasHere: true)
        }
        try await fetch(location, into: partial)
        try cached.link(location.etag, as: file.path, at: commit)
        report(.finished(path: file.path, bytes: file.size, wasHere: false))
    }

    private func finish(wasHere: Bool) {
        progress.found(file.size)
        report(.finished(path: file.path, bytes: file.size, wasHere: wasHere))
    }

    /// The bytes of a file, links followed; nil when there is none.
    static func size(of path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    /// Waits until nobody else downloads the same content. On a file system without locks the partial file gets a
    /// name of its own instead.
    private func lock(_ etag: String) async throws(HubError) -> (CacheLock?, partial: String) {
        do throws(FormatError) {
            try FileSystem.createDirectory(FileSystem.split(cached.blob(etag)).directory)
        } catch { throw .file(error) }
        let path = cached.lock(etag)
        var hasTold = false
        while true {
            do throws(HubError) {
                if let lock = try CacheLock.take(path) { return (lock, cached.partial(etag)) }
            } catch {
                let own = "\(cached.blob(etag)).\(getpid()).martlet.incomplete"
                return (nil, own)
            }
            if !hasTold { report(.waiting(path: file.path)) }
            hasTold = true
            do { try await Task.sleep(for: .seconds(options.lockInterval)) } catch {
                throw .cancelled
            }
        }
    }

    private func fetch(_ location: FileLocation, into path: String) async throws(HubError) {
        let expected = file.sha256 ?? file.blobID
        var isWhole = false
        var tries = 0
        while true {
            let content = try PartialFile(
                path, size: file.size,
                pieceBytes: isWhole ? max(1, file.size) : options.pieceBytes,
                writer: options.writer)
            progress.found(content.resumedBytes)
            report(
                .began(path: file.path, bytes: file.size, resumed: content.resumedBytes))
            let hash = FollowingHash(content, isLarge: file.sha256 != nil)
            let transfer = Transfer(
                file, of: commit, in: cached.name, from: location, into: content, hash: hash,
                isWhole: isWhole, client: client, progress: progress)
            guard try await transfer.run(connections: options.connections) else {
                progress.lose(content.receivedBytes)
                isWhole = true
                try discard(path)
                continue
            }
            let digest = try await hash.digest()
            if digest == expected {
                return try content.finish(as: cached.blob(location.etag))
            }
            tries += 1
            try discard(path)
            progress.lose(file.size)
            guard tries < 2 else {
                throw .wrongContent(
                    path: "\(cached.name)/\(file.path)", got: "content with the hash \(digest)",
                    expected: expected)
            }
            report(.damaged(path: file.path))
        }
    }

    private func discard(_ path: String) throws(HubError) {
        do throws(FormatError) { try FileSystem.remove(path) } catch { throw .file(error) }
    }
}
