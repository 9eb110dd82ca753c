/// The few system calls that files of models need, with their errors as ``FormatError``.

#if canImport(Darwin)
    package import Darwin
#elseif canImport(Glibc)
    package import Glibc
#elseif canImport(Musl)
    package import Musl
#endif

/// Paths, folders and the system's errors.
package enum FileSystem {
    /// What a path leads to.
    package enum Kind {
        case nothing
        case file
        case directory
        /// A pipe, socket or device.
        case other
    }

    /// What is at `path`, links followed.
    package static func kind(of path: String) -> Kind {
        guard isUsable(path) else { return .nothing }
        var status = stat()
        guard stat(path, &status) == 0 else { return .nothing }
        return kind(status)
    }

    static func kind(_ status: stat) -> Kind {
        switch status.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .directory
        default: .other
        }
    }

    /// When the content of a file was last changed.
    static func modified(_ status: stat) -> timespec {
        #if canImport(Darwin)
            status.st_mtimespec
        #else
            status.st_mtim
        #endif
    }

    /// When the content of a file was last changed, in seconds since 1970.
    package static func secondsOfChange(_ status: stat) -> Double {
        let time = modified(status)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Whether two paths name one file or folder, however they are written.
    static func isSame(_ first: String, _ second: String) -> Bool {
        guard isUsable(first), isUsable(second) else { return false }
        var (left, right) = (stat(), stat())
        return stat(first, &left) == 0 && stat(second, &right) == 0
            && left.st_dev == right.st_dev && left.st_ino == right.st_ino
    }

    /// C would cut a path at a zero byte and so name another file.
    package static func isUsable(_ path: String) -> Bool {
        !path.isEmpty && !path.utf8.contains(0)
    }

    /// A name in a folder.
    package static func join(_ directory: String, _ name: String) -> String {
        directory.hasSuffix("/") ? directory + name : directory + "/" + name
    }

    /// The folder that holds `path`, and the last part of `path`.
    package static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
        let directory = slash == path.startIndex ? "/" : String(path[..<slash])
        return (directory, String(path[path.utf8.index(after: slash)...]))
    }

    /// The names in a directory in the order of their bytes, without hidden ones; empty when it
    /// cannot be read.
    package static func names(in directory: String, includingHidden: Bool = false) -> [String] {
        guard isUsable(directory), let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name == "." || name == ".." { continue }
            if includingHidden || !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Creates `directory` and the folders above it that are missing.
    package static func createDirectory(_ directory: String) throws(FormatError) {
        switch kind(of: directory) {
        case .directory: return
        case .file, .other:
            throw FormatError.wrongKind(
                path: directory, got: "a file", expected: "a directory",
                advice: "choose another name")
        case .nothing: break
        }
        guard isUsable(directory) else { throw unusable(directory) }
        let parent = split(directory).directory
        if parent != directory, parent != "." { try createDirectory(parent) }
        guard mkdir(directory, 0o777) == 0 || errno == EEXIST else {
            throw failure("create", directory)
        }
    }

    /// Removes a file; one that is not there is no error.
    package static func remove(_ path: String) throws(FormatError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw failure("remove", path) }
    }

    /// The last system error, as an error of `operation` on `path`.
    package static func failure(_ operation: String, _ path: String) -> FormatError {
        let code = errno
        var buffer = [CChar](repeating: 0, count: 256)
        // The thread-safe variant: strerror's buffer is shared.
        _ = strerror_r(code, &buffer, buffer.count)
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let reason = bytes.isEmpty ? "error \(code)" : String(decoding: bytes, as: UTF8.self)
        return .inputOutput(path: path, operation: operation, reason: reason)
    }

    /// The error of a path that C would read as another one.
    package static func unusable(_ path: String) -> FormatError {
        .inputOutput(
            path: path, operation: "use the path",
            reason: path.isEmpty ? "it is empty" : "it contains a zero byte")
    }
}
