/// A pull: from a name to a snapshot in which all chosen files are.

import MartletFormats

/// What a pull left in the cache.
package struct PullResult: Sendable {
    /// The repository.
    package let repository: RepositoryName
    /// The branch, tag or commit that was asked for.
    package let revision: String
    /// Its commit.
    package let commit: String
    /// The directory or GGUF file that can be given as a model.
    package let path: String
    /// The chosen files.
    package let files: [RepositoryFile]
    /// No hub was asked.
    package let isOffline: Bool
}

/// Downloads what a name means.
package struct Pull: Sendable {
    private let settings: HubSettings
    private let cache: HubCache
    private let http: any HTTPClient
    private let options: PullOptions
    /// How far it is.
    package let progress = PullProgress()

    /// A pull with these settings.
    package init(
        _ settings: HubSettings, http: any HTTPClient, options: PullOptions = PullOptions()
    ) {
        self.settings = settings
        cache = HubCache(settings)
        self.http = http
        self.options = options
    }

    /// Pulls.
    ///
    /// - Parameters:
    ///   - reference: what.
    ///   - selection: which files of it.
    ///   - report: told what happens, from several threads.
    /// - Throws: ``HubError``; what has arrived stays, and another pull goes on from there.
    package func run(
        _ reference: HubReference, _ selection: FileSelection = FileSelection(),
        report: @escaping @Sendable (PullEvent) -> Void = { _ in }
    ) async throws(HubError) -> PullResult {
        let cached = cache.repository(reference.repository)
        let revision = reference.revision ?? HubReference.mainRevision
        guard !settings.isOffline else {
            report(.offline(reason: "HF_HUB_OFFLINE is set"))
            return try here(reference, cached, revision, selection, nil)
        }
        let client = HubClient(settings, http: http, retry: options.retry) { error, seconds in
            report(.retrying(reason: error.reason, seconds: seconds))
        }
        let (commit, listing): (String, [RepositoryFile])
        do throws(HubError) {
            commit =
                HubReference.isCommit(revision)
                ? revision : try await client.revision(revision, of: reference.repository).commit
            if let kept = cached.tree(of: commit) {
                listing = kept
            } else {
                listing = try await client.files(of: commit, in: reference.repository)
            }
        } catch {
            // Without an answer, what was pulled before is still good.
            guard error.isTransient,
                let result = try? here(reference, cached, revision, selection, error)
            else { throw error }
            report(.offline(reason: error.reason))
            return result
        }
        let files = try selection.choose(of: listing, for: reference)
        try cache.prepare()
        try checkSpace(files, cached, commit)
        let bytes = files.reduce(0) { $0 + $1.size }
        progress.plan(bytes)
        report(.planned(commit: commit, files: files.count, bytes: bytes))
        try await download(files, commit, cached, client, report)
        if listing.allSatisfy({ cached.has($0.path, at: commit) }) {
            // Other tools take a listing as a promise that all of it is here.
            cached.keepTree(listing, of: commit)
        }
        cached.refer(revision, to: commit)
        return PullResult(
            repository: reference.repository, revision: revision, commit: commit,
            path: path(of: files, cached, commit), files: files, isOffline: false)
    }

    /// Small files beside each other, then each large one in several parts: what a model is comes before its weights,
    /// and one file after the other is complete.
    private func download(
        _ files: [RepositoryFile], _ commit: String, _ cached: CachedRepository,
        _ client: HubClient,
        _ report: @escaping @Sendable (PullEvent) -> Void
    ) async throws(HubError) {
        @Sendable func run(_ file: RepositoryFile) async throws {
            try await FileDownload(
                file: file, commit: commit, cached: cached, client: client, options: options,
                progress: progress, report: report
            ).run()
        }
        let small = files.filter { $0.size <= options.pieceBytes }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                var waiting = small.makeIterator()
                for _ in 0..<max(1, options.connections) {
                    guard let file = waiting.next() else { break }
                    group.addTask { try await run(file) }
                }
                while try await group.next() != nil {
                    if let file = waiting.next() { group.addTask { try await run(file) } }
                }
            }
            for file in files where file.size > options.pieceBytes { try await run(file) }
        } catch let error as HubError {
            throw error
        } catch { throw .cancelled }
    }

    /// What was pulled before, when nobody can be asked.
    private func here(
        _ reference: HubReference, _ cached: CachedRepository, _ revision: String,
        _ selection: FileSelection, _ reason: HubError?
    ) throws(HubError) -> PullResult {
        guard let commit = cached.commit(of: revision) else {
            throw .offline(name: "\(reference)", reason: "it was never pulled")
        }
        let paths = cached.paths(at: commit)
        let listing =
            cached.tree(of: commit)
            ?? paths.map { path in
                RepositoryFile(
                    path: path, size: FileDownload.size(of: cached.pointer(path, at: commit)) ?? 0,
                    blobID: "", sha256: nil)
            }
        let files = try selection.choose(of: listing, for: reference)
        if let missing = files.first(where: { !cached.has($0.path, at: commit) }) {
            throw .offline(name: "\(reference)", reason: "\(missing.path) is not here")
        }
        let bytes = files.reduce(0) { $0 + $1.size }
        progress.plan(bytes)
        progress.found(bytes)
        return PullResult(
            repository: reference.repository, revision: revision, commit: commit,
            path: path(of: files, cached, commit), files: files, isOffline: true)
    }

    private func path(
        of files: [RepositoryFile], _ cached: CachedRepository, _ commit: String
    ) -> String {
        let models = GGUFModel.all(in: files.map(\.path))
        if models.count == 1, models[0].paths.count == files.count {
            return cached.pointer(models[0].paths[0], at: commit)
        }
        return cached.snapshot(commit)
    }

    /// Refuses before the first byte what the disk cannot hold.
    private func checkSpace(
        _ files: [RepositoryFile], _ cached: CachedRepository, _ commit: String
    ) throws(HubError) {
        guard let free = cache.freeBytes else { return }
        var seen: Set<String> = []
        var needed = 0
        for file in files where !cached.has(file.path, at: commit) {
            let etag = file.sha256 ?? file.blobID
            guard seen.insert(etag).inserted, FileDownload.size(of: cached.blob(etag)) == nil else {
                continue
            }
            needed += max(0, file.size - PartialFile.allocatedBytes(cached.partial(etag)))
        }
        guard needed <= free else {
            throw .diskFull(path: cache.root, needed: needed, available: free)
        }
    }
}
