/// Takes the answer to a request for a part of a file.

import MartletFormats
import Synchronization

/// Writes an answer into a piece, when it is the part that was asked for.
final class PieceReceiver: HTTPReceiver {
    private struct State {
        var isWanted = false
        /// The answer to a request for a part is the whole.
        var isWhole = false
        var version: String?
        var refusal: [UInt8] = []
        /// What has arrived and is not written: parts come in 16 KiB, and each write is two calls of the system.
        var waiting: [UInt8] = []
    }

    /// Bytes that are written at once.
    private static let writeBytes = 1 << 20

    private let piece: Int
    private let asked: Range<Int>
    private let file: PartialFile
    private let hash: FollowingHash
    private let progress: PullProgress
    private let url: String
    private let state = Mutex(State())

    init(
        _ piece: Int, of file: PartialFile, url: String, hash: FollowingHash, progress: PullProgress
    ) {
        self.piece = piece
        self.file = file
        self.url = url
        self.hash = hash
        self.progress = progress
        asked = file.missing(piece)
    }

    /// Whether a request for a part was answered by the whole file.
    var isRangeIgnored: Bool { state.withLock { $0.isWhole } }
    /// What the answer calls the version of the content.
    var version: String? { state.withLock { $0.version } }
    /// The body of an answer that is no content.
    var refusal: [UInt8] { state.withLock { $0.refusal } }

    func begin(_ head: HTTPHead) throws {
        let isComplete = asked == 0..<file.size
        let isWhole = head.status == 200 && !isComplete || head.status == 416
        if head.status == 206 { try check(head.value("Content-Range")) }
        state.withLock { state in
            state = State()
            state.isWhole = isWhole
            state.isWanted = head.status == 206 || head.status == 200
            state.version = head.value("ETag").flatMap { $0.hasPrefix("W/") ? nil : $0 }
        }
        if isWhole { throw RangeIgnored() }
    }

    /// The answer is not a part.
    struct RangeIgnored: Error {}

    /// A part of another place, or of a file of another size, must not end up here.
    private func check(_ range: String?) throws(HubError) {
        let expected = "bytes \(asked.lowerBound)-\(asked.upperBound - 1)/\(file.size)"
        let prefix = "bytes \(asked.lowerBound)-"
        guard let range, range.hasPrefix(prefix) else {
            throw .badAnswer(
                url: url, got: range.map { "Content-Range \(quoted($0))" } ?? "no Content-Range",
                expected: expected)
        }
        let parts = range.dropFirst(prefix.count).split(separator: "/")
        guard parts.count == 2, let last = Int(parts[0]),
            (asked.lowerBound..<asked.upperBound).contains(last),
            parts[1] == "*" || Int(parts[1]) == file.size
        else {
            throw .badAnswer(url: url, got: "Content-Range \(quoted(range))", expected: expected)
        }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) throws {
        guard state.withLock({ $0.isWanted }) else {
            return state.withLock { state in
                if state.refusal.count < 1 << 16 { state.refusal.append(contentsOf: bytes) }
            }
        }
        let missing = file.missing(piece)
        let isFull = try state.withLock { state in
            guard state.waiting.count + bytes.count <= missing.count else {
                throw HubError.badAnswer(
                    url: url, got: "more bytes than the file has", expected: "\(file.size) bytes")
            }
            state.waiting.append(contentsOf: bytes)
            return state.waiting.count >= Self.writeBytes || state.waiting.count == missing.count
        }
        progress.receive(bytes.count)
        if isFull { try flush() }
    }

    /// Writes what has arrived. A request that ends in any way is followed by this.
    func flush() throws(HubError) {
        // One call after the other, so that the buffer is nobody else's meanwhile.
        var bytes = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        guard !bytes.isEmpty else { return }
        var end: Int?
        var failure: HubError?
        bytes.withUnsafeBytes { buffer in
            do throws(HubError) { end = try file.append(buffer, to: piece) } catch {
                failure = error
            }
        }
        if let failure {
            progress.lose(bytes.count)
            throw failure
        }
        bytes.removeAll(keepingCapacity: true)
        state.withLock { if $0.waiting.isEmpty { $0.waiting = bytes } }
        if let end { hash.advance(to: end) }
    }
}
