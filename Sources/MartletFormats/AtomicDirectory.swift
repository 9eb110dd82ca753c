/// Writing a folder of files so that its final name never holds some of them.

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A folder that appears under its final name complete, or not at all.
package enum AtomicDirectory {
    /// Creates the folder `path`, which must not exist.
    ///
    /// The files go to a hidden folder beside it, which takes the final name in one step when all of them
    /// are on the disk. When anything fails the hidden folder is removed.
    /// - Parameters:
    ///   - path: the folder to create.
    ///   - body: writes files, with ``AtomicFile``, into the folder that it is given.
    /// - Throws: ``FormatError``, or what `body` throws.
    package static func write(to path: String, _ body: (String) throws -> Void) throws {
        guard FileSystem.isUsable(path) else { throw FileSystem.unusable(path) }
        guard FileSystem.kind(of: path) == .nothing else {
            throw FormatError.alreadyExists(path: path)
        }
        let (parent, name) = FileSystem.split(path)
        let temporary = FileSystem.join(parent, ".\(name).partial")
        // What a killed process left behind under this name is of no use to anybody.
        try remove(temporary)
        try FileSystem.createDirectory(temporary)
        do {
            try body(temporary)
            guard rename(temporary, path) == 0 else { throw FileSystem.failure("rename to", path) }
        } catch {
            try? remove(temporary)
            throw error
        }
        let descriptor = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 || errno != EIO else {
            throw FileSystem.failure("flush", parent)
        }
    }

    /// Removes a folder and the plain files in it; one that is not there is no error.
    ///
    /// - Throws: ``FormatError/inputOutput(path:operation:reason:)``, also when it holds folders.
    package static func remove(_ path: String) throws(FormatError) {
        guard FileSystem.kind(of: path) == .directory else { return }
        for name in FileSystem.names(in: path, includingHidden: true) {
            try FileSystem.remove(FileSystem.join(path, name))
        }
        guard rmdir(path) == 0 || errno == ENOENT else { throw FileSystem.failure("remove", path) }
    }

    /// Creates a folder, and those above it, unless it is there.
    package static func ensure(_ path: String) throws(FormatError) {
        try FileSystem.createDirectory(path)
    }

    /// Whether two paths name one folder, however they are written.
    package static func isSame(_ first: String, _ second: String) -> Bool {
        FileSystem.isSame(first, second)
    }

    /// The names in a folder in the order of their bytes, without hidden ones; empty when there is no
    /// such folder.
    package static func names(in path: String) -> [String] { FileSystem.names(in: path) }
}
