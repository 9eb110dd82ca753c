/// Small objects that outlive a process: one file each, whole or not there.

import Foundation
import Martlet
import MartletFormats
import MartletJSON

/// Objects by name, in a folder or nowhere.
struct RecordFolder: Sendable {
    /// The folder; nil where nothing outlives the process.
    let path: String?

    /// Nowhere.
    init() { path = nil }

    /// Opens a folder, which is made where there is none.
    init(_ path: String?) throws(MartletError) {
        self.path = path
        guard let path, FileSystem.kind(of: path) == .nothing else { return }
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw MartletError(
                code: .unreadableFile, subject: path,
                message: "\(path): it cannot be made: \(error.localizedDescription)")
        }
    }

    /// The path of what belongs to an object; nil in memory.
    func path(_ name: String, _ suffix: String) -> String? {
        path.map { FileSystem.join($0, name + suffix) }
    }

    /// All objects, in the order of their names. A file that is none is left out.
    func all() -> [(name: String, object: JSONObject)] {
        guard let path else { return [] }
        return FileSystem.names(in: path).compactMap { name in
            guard name.hasSuffix(Self.suffix),
                let data = FileManager.default.contents(atPath: FileSystem.join(path, name)),
                let object = try? JSONValue.parse(Array(data)).objectValue
            else { return nil }
            return (String(name.dropLast(Self.suffix.count)), object)
        }
    }

    /// Writes an object.
    func save(_ name: String, _ object: JSONObject) throws(MartletError) {
        try write(JSONValue.object(object).serialized(), to: path(name, Self.suffix))
    }

    /// Writes a file: all of it, or nothing.
    func write(_ bytes: [UInt8], to path: String?) throws(MartletError) {
        guard let path else { return }
        do { try AtomicFile.write(bytes, to: path, permissions: 0o600) } catch {
            throw MartletError(any: error)
        }
    }

    /// Removes an object, and what belongs to it.
    func remove(_ name: String, alsoWith suffixes: [String] = []) {
        // The object first: what is left of it by a process that ends here belongs to nothing.
        for suffix in [Self.suffix] + suffixes { path(name, suffix).map { _ = unlink($0) } }
    }

    private static let suffix = ".json"
}
