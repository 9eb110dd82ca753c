/// Content that is being downloaded in pieces: its bytes and, behind them, how far each piece is.
///
/// A process that is killed leaves a file that says exactly which bytes are missing. The layout is in
/// `docs/formats.md`.

import Foundation
import MartletFormats
import Synchronization

/// Writes bytes at a place of a file, so that a test can be a disk that is full.
package protocol PositionedWriter: Sendable {
    /// Writes all bytes. Returns 0, or the system's error.
    func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int) -> Int32
}

/// The system's own writing.
package struct SystemWriter: PositionedWriter {
    /// The system's own writing.
    package init() {}

    /// Writes all bytes.
    package func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int
    ) -> Int32 {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count == 0 ? ENOSPC : errno }
            done += count
        }
        return 0
    }
}

/// A file that grows in pieces. Each piece has one writer at a time; different pieces may be written at once.
final class PartialFile: Sendable {
    /// Where it is.
    let path: String
    /// The bytes of the content.
    let size: Int
    /// The bytes of a piece; the last one may have fewer.
    let pieceBytes: Int
    /// Bytes that an earlier process left.
    let resumedBytes: Int
    /// For reading what has been written.
    let descriptor: Int32
    private let writer: any PositionedWriter

    private struct State {
        /// Bytes of each piece that are here, from its beginning.
        var counts: [Int]
        /// Pieces before this one are complete.
        var complete = 0
    }

    private let state: Mutex<State>

    /// Opens what an earlier process left, or begins anew.
    ///
    /// - Throws: ``HubError/file(_:)``, ``HubError/diskFull(path:needed:available:)``.
    init(
        _ path: String, size: Int, pieceBytes: Int, writer: any PositionedWriter = SystemWriter()
    ) throws(HubError) {
        self.path = path
        self.size = size
        self.pieceBytes = max(1, pieceBytes)
        self.writer = writer
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
        guard descriptor >= 0 else { throw .file(FileSystem.failure("create", path)) }
        self.descriptor = descriptor
        let pieces = (size + self.pieceBytes - 1) / self.pieceBytes
        let found = Self.counts(descriptor, size, self.pieceBytes, pieces)
        resumedBytes = found?.reduce(0, +) ?? 0
        state = Mutex(State(counts: found ?? Array(repeating: 0, count: pieces)))
        advance()
        if found == nil {
            let total = size + Self.headerBytes + 8 * pieces
            guard ftruncate(descriptor, 0) == 0, ftruncate(descriptor, off_t(total)) == 0 else {
                throw .file(FileSystem.failure("resize", path))
            }
            var header = Self.mark
            for number in [size, self.pieceBytes] { header += Self.bytes(number) }
            try write(header, at: size)
        }
    }

    deinit { close(descriptor) }

    private static let mark = Array("MARTLETP".utf8)
    private static let headerBytes = 24

    private static func bytes(_ number: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt64(number).littleEndian) { Array($0) }
    }

    /// How far each piece is by the file itself; nil when it is not one of this content in these pieces.
    private static func counts(
        _ descriptor: Int32, _ size: Int, _ pieceBytes: Int, _ pieces: Int
    ) -> [Int]? {
        var status = stat()
        let length = headerBytes + 8 * pieces
        guard fstat(descriptor, &status) == 0, Int(status.st_size) == size + length else {
            return nil
        }
        var trailer = [UInt8](repeating: 0, count: length)
        guard pread(descriptor, &trailer, length, off_t(size)) == length,
            trailer.starts(with: mark + bytes(size) + bytes(pieceBytes))
        else { return nil }
        return (0..<pieces).map { piece in
            let start = headerBytes + 8 * piece
            let count = trailer[start..<start + 8].reversed().reduce(UInt64(0)) {
                $0 << 8 | UInt64($1)
            }
            // What cannot be is nothing; what is wrong in another way the hash finds.
            let most = min(pieceBytes, size - piece * pieceBytes)
            return count <= UInt64(most) ? Int(count) : 0
        }
    }

    /// Bytes that are here.
    var receivedBytes: Int { state.withLock { $0.counts.reduce(0, +) } }

    /// The number of pieces.
    var pieceCount: Int { state.withLock { $0.counts.count } }

    /// The bytes of a piece that are missing.
    func missing(_ piece: Int) -> Range<Int> {
        let start = piece * pieceBytes
        let count = state.withLock { $0.counts[piece] }
        return start + count..<min(start + pieceBytes, size)
    }

    /// Appends to a piece. Returns the bytes from the beginning of the content that are all here.
    ///
    /// - Throws: ``HubError/file(_:)``, ``HubError/diskFull(path:needed:available:)``.
    func append(_ bytes: UnsafeRawBufferPointer, to piece: Int) throws(HubError) -> Int {
        let place = missing(piece)
        precondition(bytes.count <= place.count, "PartialFile: got more bytes than are missing")
        try write(bytes, at: place.lowerBound)
        let count = place.lowerBound + bytes.count - piece * pieceBytes
        state.withLock { $0.counts[piece] = count }
        // After the bytes themselves, so that it never promises what is not there.
        try write(Self.bytes(count), at: size + Self.headerBytes + 8 * piece)
        return advance()
    }

    /// Forgets what is here of a piece.
    func restart(_ piece: Int) throws(HubError) {
        state.withLock { state in
            state.counts[piece] = 0
            state.complete = min(state.complete, piece)
        }
        try write(Self.bytes(0), at: size + Self.headerBytes + 8 * piece)
    }

    /// The bytes from the beginning of the content that are all here.
    @discardableResult func advance() -> Int {
        state.withLock { state in
            while state.complete < state.counts.count,
                state.counts[state.complete] == min(pieceBytes, size - state.complete * pieceBytes)
            {
                state.complete += 1
            }
            let start = state.complete * pieceBytes
            return state.complete < state.counts.count ? start + state.counts[state.complete] : size
        }
    }

    /// Takes off what is behind the content, and gives it its final name.
    func finish(as final: String) throws(HubError) {
        guard ftruncate(descriptor, off_t(size)) == 0, fsync(descriptor) == 0 else {
            throw .file(FileSystem.failure("flush", path))
        }
        guard rename(path, final) == 0 else { throw .file(FileSystem.failure("rename to", final)) }
    }

    /// Bytes of the disk that a file takes already.
    static func allocatedBytes(_ path: String) -> Int {
        var status = stat()
        return lstat(path, &status) == 0 ? Int(status.st_blocks) * 512 : 0
    }

    private func write(_ bytes: [UInt8], at offset: Int) throws(HubError) {
        var failure: HubError?
        bytes.withUnsafeBytes { buffer in
            do throws(HubError) { try write(buffer, at: offset) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(HubError) {
        let code = writer.write(bytes, to: descriptor, at: offset)
        guard code != 0 else { return }
        guard code == ENOSPC || code == EDQUOT || code == EFBIG else {
            errno = code
            throw .file(FileSystem.failure("write", path))
        }
        var status = statvfs()
        let free =
            fstatvfs(descriptor, &status) == 0 ? Int(status.f_bavail) * Int(status.f_frsize) : 0
        throw .diskFull(path: path, needed: size - receivedBytes, available: free)
    }
}
