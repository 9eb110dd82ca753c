/// The hash of a file that is still being written: it follows the bytes that are complete, while they are in memory.

import Dispatch
import Foundation
import MartletFormats
import MartletKernels
import Synchronization

/// A hash that is computed beside a download, on a thread of its own.
final class FollowingHash: Sendable {
    private struct State {
        var digest: SecureDigest
        /// Bytes that are hashed.
        var done = 0
        var failure: HubError?
    }

    private let file: PartialFile
    private let isLarge: Bool
    private let queue = DispatchQueue(label: "martlet-hash")
    private let state: Mutex<State>
    /// Bytes that somebody has asked to hash.
    private let asked = Mutex(0)

    private static let step = 1 << 20

    /// Begins to hash a file.
    ///
    /// - Parameters:
    ///   - file: the file.
    ///   - isLarge: whether the hub knows it by its SHA-256; otherwise by git's SHA-1 of a blob.
    init(_ file: PartialFile, isLarge: Bool) {
        self.file = file
        self.isLarge = isLarge
        state = Mutex(Self.start(file.size, isLarge: isLarge))
        advance(to: file.advance())
    }

    private static func start(_ size: Int, isLarge: Bool) -> State {
        var digest = SecureDigest(isLarge ? .sha256 : .sha1)
        if !isLarge { digest.update("blob \(size)\0".utf8) }
        return State(digest: digest)
    }

    /// Says that the content is complete up to `end`.
    func advance(to end: Int) {
        let isWorthIt = asked.withLock { asked in
            guard end >= asked + Self.step || (end == file.size && end > asked) else {
                return false
            }
            asked = end
            return true
        }
        guard isWorthIt else { return }
        queue.async { self.read(to: end) }
    }

    /// Forgets all: the content begins anew.
    func restart() {
        asked.withLock { $0 = 0 }
        queue.async {
            self.state.withLock { $0 = Self.start(self.file.size, isLarge: self.isLarge) }
        }
    }

    private func read(to end: Int) {
        state.withLock { state in
            var buffer = [UInt8](repeating: 0, count: Self.step)
            while state.done < end, state.failure == nil {
                let wanted = min(Self.step, end - state.done)
                let count = pread(file.descriptor, &buffer, wanted, off_t(state.done))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    state.failure = .file(FileSystem.failure("read", file.path))
                    return
                }
                buffer.withUnsafeBytes { bytes in
                    state.digest.update(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
                }
                state.done += count
            }
        }
    }

    /// The hash of the whole content, in hexadecimal digits.
    func digest() async throws(HubError) -> String {
        advance(to: file.size)
        let result: Result<String, HubError> = await withCheckedContinuation { continuation in
            queue.async {
                continuation.resume(
                    returning: self.state.withLock { state in
                        if let failure = state.failure { return .failure(failure) }
                        return .success(SecureDigest.text(state.digest.finalize()))
                    })
            }
        }
        return try result.get()
    }
}
