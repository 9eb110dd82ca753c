/// A file as read-only memory: pages come in when they are touched and can be let go again.

import MartletKernels

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A regular file mapped read-only into memory for as long as the object lives.
///
/// The file may be replaced or removed meanwhile: the mapping keeps the old content. When it is cut short or
/// written in place, ``checkIntact()`` throws; until then what was cut reads as zeros.
///
/// Unchecked: fields change in `init` and `deinit` alone, and nothing here writes the memory.
public final class MappedFile: @unchecked Sendable {
    /// The path given when it was opened.
    public let path: String
    /// The file's bytes, valid while this object lives; empty (without an address) for an empty
    /// file.
    public let bytes: UnsafeRawBufferPointer
    /// Open as long as the mapping, since the path may come to name another file; -1 for an empty file.
    private let descriptor: Int32
    private let modified: timespec
    private var mapping: GuardedMapping?

    /// Maps the file at `path`.
    ///
    /// - Throws: ``FormatError`` when nothing is there, when it is not a regular file, or when it
    ///   cannot be read.
    public init(path: String) throws(FormatError) {
        guard FileSystem.isUsable(path) else { throw FileSystem.unusable(path) }
        // Without O_NONBLOCK opening a pipe would wait for somebody to write to it.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR {
                throw FormatError.notFound(path: path, role: "file", advice: "check the path")
            }
            throw FileSystem.failure("open", path)
        }
        var staysOpen = false
        defer { if !staysOpen { close(descriptor) } }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileSystem.failure("inspect", path) }
        let kind = FileSystem.kind(status)
        guard kind == .file else {
            throw FormatError.wrongKind(
                path: path, got: kind == .directory ? "a directory" : "a pipe or device",
                expected: "a regular file", advice: "give the path of a file")
        }
        self.path = path
        self.modified = FileSystem.modified(status)
        let count = Int(status.st_size)
        guard count > 0 else {
            self.bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            self.descriptor = -1
            mapping = nil
            return
        }
        let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let address, address != MAP_FAILED else { throw FileSystem.failure("map", path) }
        let bytes = UnsafeRawBufferPointer(start: address, count: count)
        guard let mapping = GuardedMapping(bytes) else {
            munmap(address, count)
            throw FormatError.inputOutput(
                path: path, operation: "map", reason: "too many files are mapped")
        }
        self.bytes = bytes
        self.descriptor = descriptor
        self.mapping = mapping
        staysOpen = true
    }

    deinit {
        mapping = nil
        if let start = bytes.baseAddress {
            munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
            close(descriptor)
        }
    }

    /// Throws when the file was cut short or written since it was opened: what was read meanwhile is not what it held.
    ///
    /// It asks the system once, which takes less than a microsecond: whoever keeps a file mapped asks after every use.
    ///
    /// - Throws: ``FormatError/inputOutput(path:operation:reason:)``.
    public func checkIntact() throws(FormatError) {
        guard descriptor >= 0 else { return }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileSystem.failure("inspect", path) }
        let now = FileSystem.modified(status)
        let isLost = mapping?.isLost ?? false
        guard !isLost, status.st_size == bytes.count, now.tv_sec == modified.tv_sec,
            now.tv_nsec == modified.tv_nsec
        else {
            throw FormatError.inputOutput(
                path: path, operation: "read",
                reason: status.st_size < bytes.count
                    ? "it was cut from \(bytes.count) to \(status.st_size) bytes while it was in use; write it again"
                    : "it was written to while it was in use; start again when the writer is done")
        }
    }

    /// The size of the file in bytes.
    public var count: Int { bytes.count }

    /// Calls `body` with the file's bytes as a bounds-checked span.
    public func withSpan<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // The mapping is never bound to another type, so reading it as bytes is always right.
        let buffer = UnsafeBufferPointer(
            start: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), count: bytes.count)
        return try withExtendedLifetime(self) { () throws(Failure) -> Result in
            try body(buffer.span)
        }
    }

    /// Tells the system that the pages holding `range` need not stay in memory; touching them later
    /// reads them again.
    ///
    /// Weights that were repacked would otherwise count twice. The range is clipped to the file and
    /// grown to whole pages, which is harmless because nothing is ever written. On Darwin this is a
    /// hint.
    /// - Parameter range: byte offsets in the file.
    public func releaseResident(_ range: Range<Int>) {
        let range = range.clamped(to: 0..<count)
        guard let start = bytes.baseAddress, !range.isEmpty else { return }
        let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
        let first = range.lowerBound / pageSize * pageSize
        let address = UnsafeMutableRawPointer(mutating: start) + first
        _ = madvise(address, range.upperBound - first, MADV_DONTNEED)
    }

    /// Releases the pages of the whole file; see ``releaseResident(_:)``.
    public func releaseResident() {
        releaseResident(0..<count)
    }
}
