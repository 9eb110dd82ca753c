/// A lock that two processes cannot hold at once, as the hub's own tools take it.

import Foundation
import MartletFormats

/// A lock on a file. It ends with its value, or with the process.
final class CacheLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock if nobody has it.
    ///
    /// - Returns: nil when somebody has it.
    /// - Throws: ``HubError/file(_:)`` when the file system has no locks, or the folder cannot be written.
    static func take(_ path: String) throws(HubError) -> CacheLock? {
        do throws(FormatError) {
            try FileSystem.createDirectory(FileSystem.split(path).directory)
            while true {
                let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
                guard descriptor >= 0 else { throw FileSystem.failure("create", path) }
                guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                    let code = errno
                    let failure = FileSystem.failure("lock", path)
                    close(descriptor)
                    if code == EINTR { continue }
                    if code == EWOULDBLOCK { return nil }
                    throw failure
                }
                // Whoever had it may have removed the file: then this is the lock of nothing.
                var (held, named) = (stat(), stat())
                if fstat(descriptor, &held) == 0, stat(path, &named) == 0,
                    held.st_ino == named.st_ino, held.st_dev == named.st_dev
                {
                    return CacheLock(descriptor: descriptor)
                }
                close(descriptor)
            }
        } catch { throw .file(error) }
    }

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }
}
