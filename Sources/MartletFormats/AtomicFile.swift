/// Writing a file so that its final name never holds half of it.

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A file being written under a temporary name in the folder of its final one.
package struct AtomicFile: ~Copyable {
    private let path: String
    private let descriptor: Int32
    /// Bytes written so far.
    package private(set) var count = 0

    /// Writes a file at `path`: all of it, or nothing.
    ///
    /// The content goes to a temporary file beside it, is flushed to the disk, and takes the final
    /// name in one step, which is flushed too. A file that was there is replaced (a link is
    /// replaced, not followed). When anything fails, the temporary file is removed and what was at
    /// `path` is untouched.
    /// - Parameters:
    ///   - path: the final name.
    ///   - permissions: the mode bits of the file, less the process's mask.
    ///   - body: writes the content; whatever it throws is thrown on.
    /// - Throws: ``FormatError/inputOutput(path:operation:reason:)``, or what `body` throws.
    package static func write(
        to path: String, permissions: Int = 0o644, _ body: (inout AtomicFile) throws -> Void
    ) throws {
        guard FileSystem.isUsable(path) else { throw FileSystem.unusable(path) }
        let (directory, name) = FileSystem.split(path)
        if FileSystem.kind(of: path) == .directory || name.isEmpty {
            throw FormatError.wrongKind(
                path: path, got: "a directory", expected: "the name of a file",
                advice: "choose another name")
        }
        let (temporary, descriptor) = try openTemporary(directory, name, permissions, for: path)
        var isFinished = false
        var isOpen = true
        defer {
            if isOpen { close(descriptor) }
            if !isFinished { unlink(temporary) }
        }
        var file = AtomicFile(path: path, descriptor: descriptor)
        try body(&file)
        guard flush(descriptor) else { throw FileSystem.failure("flush", path) }
        isOpen = false
        guard close(descriptor) == 0 else { throw FileSystem.failure("write", path) }
        guard rename(temporary, path) == 0 else { throw FileSystem.failure("rename to", path) }
        isFinished = true
        try flushDirectory(directory)
    }

    /// Writes a file at `path` with these bytes; see ``write(to:permissions:_:)``.
    package static func write(
        _ bytes: [UInt8], to path: String, permissions: Int = 0o644
    ) throws {
        try write(to: path, permissions: permissions) { file in
            try file.write(bytes)
        }
    }

    /// Appends bytes.
    ///
    /// - Throws: ``FormatError/inputOutput(path:operation:reason:)``, for instance when the disk is
    ///   full.
    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            // Linux writes at most 2 GiB in one call, Darwin refuses more.
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
            #if canImport(Darwin)
                let written = Darwin.write(descriptor, part.baseAddress, part.count)
            #elseif canImport(Glibc)
                let written = Glibc.write(descriptor, part.baseAddress, part.count)
            #else
                let written = Musl.write(descriptor, part.baseAddress, part.count)
            #endif
            if written < 0 {
                if errno == EINTR { continue }
                throw FileSystem.failure("write", path)
            }
            count += written
            rest = rest.dropFirst(written)
        }
    }

    /// Appends bytes.
    ///
    /// - Throws: ``FormatError/inputOutput(path:operation:reason:)``, for instance when the disk is
    ///   full.
    package mutating func write(_ bytes: [UInt8]) throws(FormatError) {
        var failure: FormatError?
        bytes.withUnsafeBytes { buffer in
            do throws(FormatError) { try write(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    private static func openTemporary(
        _ directory: String, _ name: String, _ permissions: Int, for path: String
    ) throws(FormatError) -> (path: String, descriptor: Int32) {
        for _ in 0..<16 {
            let tag = String(UInt32.random(in: 0...UInt32.max), radix: 36)
            // A long final name leaves no room for the tag; hidden, so that listings do not take it
            // for a weight file.
            let temporary = FileSystem.join(directory, ".\(name.prefix(40)).\(tag).partial")
            let descriptor = open(
                temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                mode_t(permissions & 0o7777))
            if descriptor >= 0 { return (temporary, descriptor) }
            guard errno == EEXIST || errno == EINTR else { break }
        }
        throw FileSystem.failure("create", path)
    }

    private static func flush(_ descriptor: Int32) -> Bool {
        #if canImport(Darwin)
            // fsync alone leaves the bytes in the drive's cache there.
            if fcntl(descriptor, F_FULLFSYNC) == 0 { return true }
        #endif
        return fsync(descriptor) == 0
    }

    /// Makes the new name durable; file systems that cannot flush a directory say so and are
    /// believed.
    private static func flushDirectory(_ directory: String) throws(FormatError) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 || errno != EIO else {
            throw FileSystem.failure("flush", directory)
        }
    }
}
