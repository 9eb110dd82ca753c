/// A folder in which prompts outlive the process.

import Dispatch
import Foundation
import MartletEngine
import MartletFormats
import Synchronization

/// Files of computed prompts, which later processes with the same model go on with.
///
/// `docs/formats.md` describes them. A file has its name only when all of it is written, so that a process may be killed at
/// any time; one that is damaged is removed, and what it held is computed again. The longest unused files go when there are
/// more bytes than allowed. The files hold prompts and answers: only the user who owns the folder may read it.
final class PrefixFolder: PrefixStorage {
    private struct File {
        var bytes: Int
        /// The later it was of use, the larger.
        var use: Int
        var isWritten: Bool
    }

    private struct State {
        var files: [String: File] = [:]
        var totalBytes = 0
        var pendingBytes = 0
        var uses = 0
    }

    /// Bytes that may wait to be written; what comes beyond is left out, as it can be computed again.
    private static let mostPendingBytes = 256 << 20
    /// Seconds after which a file that is not whole is no longer being written.
    private static let longestWrite = 3600.0
    private static let suffix = ".pages"
    private static let keyName = "key"

    let hashKey: (low: UInt64, high: UInt64)
    private let path: String
    private let maximumBytes: Int
    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "martlet-prompts", qos: .utility)

    /// Opens a folder, which is made where there is none. Throws when it cannot be written to, or when the key in it is none.
    init(_ path: String, maximumBytes: Int) throws {
        self.path = path
        self.maximumBytes = maximumBytes
        if FileSystem.kind(of: path) == .nothing {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        }
        hashKey = try Self.key(in: path)
        var state = State()
        for name in FileSystem.names(in: path, includingHidden: true) {
            let file = FileSystem.join(path, name)
            if name.hasPrefix("."), name.hasSuffix(".partial") {
                // What a process that was killed was writing; a younger one may still be written by another.
                var status = stat()
                if lstat(file, &status) == 0,
                    FileSystem.secondsOfChange(status) + Self.longestWrite
                        < Date().timeIntervalSince1970
                {
                    unlink(file)
                }
                continue
            }
            guard name.hasSuffix(Self.suffix),
                let attributes = try? FileManager.default.attributesOfItem(atPath: file),
                let bytes = attributes[.size] as? Int
            else { continue }
            state.files[String(name.dropLast(Self.suffix.count))] = File(
                bytes: bytes,
                use: Int(
                    (attributes[.modificationDate] as? Date ?? Date(timeIntervalSince1970: 0))
                        .timeIntervalSince1970),
                isWritten: true)
            state.totalBytes += bytes
        }
        state.uses = state.files.values.map(\.use).max() ?? 0
        self.state = Mutex(state)
        removeOldest()
    }

    /// The key that names are made with: 16 bytes, drawn when the folder is first used.
    private static func key(in path: String) throws -> (UInt64, UInt64) {
        let file = FileSystem.join(path, keyName)
        if FileSystem.kind(of: file) == .nothing {
            var random = SystemRandomNumberGenerator()
            let drawn = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            try AtomicFile.write(drawn, to: file, permissions: 0o600)
        }
        guard let bytes = FileManager.default.contents(atPath: file), bytes.count == 16 else {
            throw MartletError(
                code: .malformedFile, subject: file,
                message:
                    "\(file): got something else, expected 16 bytes, the key that names of computed "
                    + "prompts are made with; remove the folder or choose another one")
        }
        func word(_ start: Int) -> UInt64 {
            (0..<8).reduce(0) {
                $0 | UInt64(bytes[bytes.startIndex + start + $1]) << UInt64(8 * $1)
            }
        }
        return (word(0), word(8))
    }

    private func file(_ name: String) -> String { FileSystem.join(path, name + Self.suffix) }

    func contains(_ name: String) -> Bool { state.withLock { $0.files[name] != nil } }

    func read(_ name: String) -> [UInt8]? {
        let isThere = state.withLock { state in
            guard state.files[name]?.isWritten == true else { return false }
            state.uses += 1
            state.files[name]?.use = state.uses
            return true
        }
        guard isThere else { return nil }
        guard let bytes = FileManager.default.contents(atPath: file(name)) else {
            // Another process has removed it: it may be written again.
            forget(name)
            return nil
        }
        // Later processes go by this.
        try? FileManager.default.setAttributes(
            [.modificationDate: Date()], ofItemAtPath: file(name))
        return Array(bytes)
    }

    @discardableResult func write(_ name: String, _ bytes: [UInt8]) -> Bool {
        let isAccepted = state.withLock { state in
            guard state.files[name] == nil, bytes.count <= maximumBytes,
                state.pendingBytes + bytes.count <= Self.mostPendingBytes
            else { return false }
            state.pendingBytes += bytes.count
            state.uses += 1
            state.files[name] = File(bytes: bytes.count, use: state.uses, isWritten: false)
            state.totalBytes += bytes.count
            return true
        }
        guard isAccepted else { return false }
        queue.async { [self] in
            let isWritten: Bool
            do {
                try AtomicFile.write(bytes, to: file(name), permissions: 0o600)
                isWritten = true
            } catch { isWritten = false }
            state.withLock { state in
                state.pendingBytes -= bytes.count
                if isWritten {
                    state.files[name]?.isWritten = true
                } else if let file = state.files.removeValue(forKey: name) {
                    state.totalBytes -= file.bytes
                }
            }
            removeOldest()
        }
        return true
    }

    func remove(_ name: String) {
        forget(name)
        unlink(file(name))
    }

    private func forget(_ name: String) {
        state.withLock { state in
            guard let file = state.files.removeValue(forKey: name) else { return }
            state.totalBytes -= file.bytes
        }
    }

    /// Waits until everything is written, for so long at most.
    func flush(within limit: DispatchTimeInterval = .seconds(10)) async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global(qos: .utility).async { [self] in
                let isDone = DispatchSemaphore(value: 0)
                queue.async { isDone.signal() }
                _ = isDone.wait(timeout: .now() + limit)
                continuation.resume()
            }
        }
    }

    private func removeOldest() {
        while true {
            let oldest: String? = state.withLock { state in
                guard state.totalBytes > maximumBytes else { return nil }
                return state.files.filter(\.value.isWritten)
                    .min { ($0.value.use, $0.key) < ($1.value.use, $1.key) }?.key
            }
            guard let oldest else { return }
            remove(oldest)
        }
    }
}
