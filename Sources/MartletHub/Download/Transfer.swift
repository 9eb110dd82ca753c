/// All pieces of a file, several at once, each as often as it takes.

import MartletFormats
import Synchronization

/// Downloads the missing bytes of a file.
final class Transfer: Sendable {
    private let client: HubClient
    private let file: RepositoryFile
    private let commit: String
    private let repository: RepositoryName
    private let content: PartialFile
    private let hash: FollowingHash
    private let progress: PullProgress
    /// No parts are asked for: the server does not know them.
    private let isWhole: Bool

    private struct State {
        var location: FileLocation
        /// The version of what is at the location, once it is known.
        var version: String?
        var nextPiece = 0
    }

    private let state: Mutex<State>

    init(
        _ file: RepositoryFile, of commit: String, in repository: RepositoryName,
        from location: FileLocation, into content: PartialFile, hash: FollowingHash, isWhole: Bool,
        client: HubClient, progress: PullProgress
    ) {
        self.client = client
        self.file = file
        self.commit = commit
        self.repository = repository
        self.content = content
        self.hash = hash
        self.progress = progress
        self.isWhole = isWhole
        state = Mutex(State(location: location, version: location.version))
    }

    /// Ends when all bytes are here.
    ///
    /// - Returns: whether the server answers requests for parts with parts; if not, nothing is complete.
    /// - Throws: ``HubError``.
    func run(connections: Int) async throws(HubError) -> Bool {
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<max(1, min(connections, content.pieceCount)) {
                    group.addTask {
                        while let piece = self.takePiece() { try await self.fetch(piece) }
                    }
                }
                try await group.waitForAll()
            }
            return true
        } catch is PieceReceiver.RangeIgnored {
            return false
        } catch let error as HubError {
            throw error
        } catch { throw .cancelled }
    }

    private func takePiece() -> Int? {
        state.withLock { state in
            guard state.nextPiece < content.pieceCount else { return nil }
            defer { state.nextPiece += 1 }
            return state.nextPiece
        }
    }

    private func fetch(_ piece: Int) async throws {
        var attempts = 0
        while !content.missing(piece).isEmpty {
            if isWhole { try beginAgain(piece) }
            let before = content.missing(piece).count
            var failure: HubError?
            do { failure = try await request(piece) } catch let error as HubError {
                failure = error
            }
            let missing = content.missing(piece).count
            guard missing > 0 else { return }
            // An answer that ends early without saying so has broken off as well.
            let error =
                failure
                ?? .unreachable(url: shownAddress, reason: "the answer ends \(missing) bytes early")
            attempts = missing < before && !isWhole ? 1 : attempts + 1
            guard client.retry.allows(error), attempts < client.retry.downloads else { throw error }
            try await client.pause(client.retry.delay(after: attempts, error), before: error)
        }
    }

    private var shownAddress: String { Address.shown(state.withLock { $0.location.url }) }

    /// Where no part can be asked for, what broke off is of no use.
    private func beginAgain(_ piece: Int) throws(HubError) {
        let here = content.size - content.missing(piece).count
        guard here > 0 else { return }
        try content.restart(piece)
        hash.restart()
        progress.lose(here)
    }

    /// Makes one request. Returns what the server said where it was no content.
    private func request(_ piece: Int) async throws -> HubError? {
        let (location, version) = state.withLock { ($0.location, $0.version) }
        let receiver = PieceReceiver(
            piece, of: content, url: Address.shown(location.url), hash: hash, progress: progress)
        let missing = content.missing(piece)
        var headers: [(name: String, value: String)] = []
        if missing != 0..<content.size {
            headers.append(("Range", "bytes=\(missing.lowerBound)-\(missing.upperBound - 1)"))
            if let version { headers.append(("If-Range", version)) }
        }
        let (head, last): (HTTPHead, String)
        do throws(HubError) {
            (head, last) = try await client.send(
                "GET", location.url, client.settings.downloadTimeout, receiver, headers: headers)
        } catch {
            if receiver.isRangeIgnored { throw PieceReceiver.RangeIgnored() }
            // What came before the end is good.
            try receiver.flush()
            throw error
        }
        try receiver.flush()
        switch head.status {
        case 200, 206:
            if let version = receiver.version {
                state.withLock { state in
                    if state.version == nil { state.version = version }
                }
            }
            return nil
        case 401, 403, 404, 410:
            guard Origin(location.url) != client.home else { break }
            // A signed address is good for an hour or so; the hub gives another.
            let next = try await client.locate(file, of: commit, in: repository)
            state.withLock { state in
                state.location = next
                state.version = next.version
            }
            return .unreachable(
                url: Address.shown(location.url), reason: "it answers with status \(head.status)")
        default: break
        }
        return client.failure(head, receiver.refusal, last, repository, file.path)
    }
}
