/// Files that clients send and batches write: each tenant's own, bounded, in a folder or in memory.

import Foundation
package import Martlet
import MartletFormats
import MartletJSON
import Synchronization

/// What is known of a file.
struct StoredFile: Sendable, Hashable {
    let id: String
    let tenant: String
    /// The name that its sender gave it.
    let name: String
    let purpose: String
    let bytes: Int
    /// Seconds since 1970.
    let created: Int
    /// When it goes by itself, in seconds since 1970; nil for never.
    let expires: Int?

    /// As OpenAI's API shows it.
    var json: JSONObject {
        JSONObject([
            .init(key: "id", value: .string(id)), .init(key: "object", value: "file"),
            .init(key: "bytes", value: .integer(bytes)),
            .init(key: "created_at", value: .integer(created)),
            .init(key: "expires_at", value: expires.map { .integer($0) } ?? .null),
            .init(key: "filename", value: .string(name)),
            .init(key: "purpose", value: .string(purpose)),
            .init(key: "status", value: "processed"),
            .init(key: "status_details", value: .null),
        ])
    }

    /// As it is stored.
    fileprivate var record: JSONObject { json.setting("tenant", to: .string(tenant)) }

    fileprivate init?(_ record: JSONObject) {
        guard let id = record["id"]?.stringValue, let tenant = record["tenant"]?.stringValue,
            let name = record["filename"]?.stringValue,
            let purpose = record["purpose"]?.stringValue,
            let bytes = record["bytes"]?.intValue, let created = record["created_at"]?.intValue
        else { return nil }
        self.init(
            id: id, tenant: tenant, name: name, purpose: purpose, bytes: bytes, created: created,
            expires: record["expires_at"]?.intValue)
    }

    fileprivate init(
        id: String, tenant: String, name: String, purpose: String, bytes: Int, created: Int,
        expires: Int?
    ) {
        self.id = id
        self.tenant = tenant
        self.name = name
        self.purpose = purpose
        self.bytes = bytes
        self.created = created
        self.expires = expires
    }
}

/// The files of all tenants.
package final class FileStore: Sendable {
    private struct State {
        var files: [String: StoredFile] = [:]
        /// Contents in memory.
        var contents: [String: [UInt8]] = [:]
        var bytes = 0
    }

    /// The most files that there may be.
    private static let mostFiles = 10_000
    private static let contentSuffix = ".data"

    private let folder: RecordFolder
    /// Where batches are kept.
    let batches: RecordFolder
    /// The most bytes of all files.
    let byteLimit: Int
    /// Seconds since 1970.
    let now: @Sendable () -> Int
    private let state: Mutex<State>
    /// Held as long as the store is open, so that no two processes write one folder.
    private let lock: FileHandle?

    /// Seconds since 1970, by the system's clock.
    package static let systemTime = { @Sendable in Int(Date().timeIntervalSince1970) }

    /// Keeps everything in memory.
    package init(
        byteLimit: Int = 512 << 20, now: @escaping @Sendable () -> Int = FileStore.systemTime
    ) {
        self.byteLimit = byteLimit
        self.now = now
        (folder, batches, lock) = (RecordFolder(), RecordFolder(), nil)
        state = Mutex(State())
    }

    /// Opens a folder, which is made where there is none.
    ///
    /// - Parameters:
    ///   - root: the folder.
    ///   - byteLimit: the most bytes of all files.
    ///   - now: seconds since 1970.
    /// - Throws: `unreadableFile`; `alreadyExists` where another process has the folder open.
    package init(
        _ root: String, byteLimit: Int = 8 << 30,
        now: @escaping @Sendable () -> Int = FileStore.systemTime
    ) throws(MartletError) {
        self.byteLimit = byteLimit
        self.now = now
        _ = try RecordFolder(root)
        lock = try Self.lock(root)
        folder = try RecordFolder(FileSystem.join(root, "files"))
        batches = try RecordFolder(FileSystem.join(root, "batches"))
        var state = State()
        for (name, record) in folder.all() {
            guard let file = StoredFile(record), file.id == name,
                let path = folder.path(name, Self.contentSuffix),
                let attributes = try? FileManager.default.attributesOfItem(atPath: path),
                attributes[.size] as? Int == file.bytes
            else {
                folder.remove(name, alsoWith: [Self.contentSuffix])
                continue
            }
            state.files[name] = file
            state.bytes += file.bytes
        }
        Self.removeOrphans(folder, state.files)
        self.state = Mutex(state)
    }

    private static func lock(_ root: String) throws(MartletError) -> FileHandle {
        let path = FileSystem.join(root, "lock")
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw MartletError(
                code: .unreadableFile, subject: path,
                message: "\(path): it cannot be opened: \(String(cString: strerror(errno)))")
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw MartletError(
                code: .alreadyExists, subject: root,
                message: "\(root): another process has it open; choose another folder")
        }
        return file
    }

    /// Contents whose record a process that was killed had not written yet.
    private static func removeOrphans(_ folder: RecordFolder, _ files: [String: StoredFile]) {
        guard let path = folder.path else { return }
        for name in FileSystem.names(in: path) where name.hasSuffix(contentSuffix) {
            if files[String(name.dropLast(contentSuffix.count))] == nil {
                unlink(FileSystem.join(path, name))
            }
        }
    }

    // MARK: Files

    /// Keeps a file. Throws `tooLarge` where there is no room for it.
    func add(
        _ content: [UInt8], name: String, purpose: String, tenant: String, lifetime: Int?
    ) throws(WireError) -> StoredFile {
        let created = now()
        let file = StoredFile(
            id: "file-" + Identifier.random(), tenant: tenant, name: name, purpose: purpose,
            bytes: content.count, created: created, expires: lifetime.map { created + $0 })
        removeExpired()
        let isAccepted = state.withLock { state in
            guard state.files.count < Self.mostFiles, state.bytes + content.count <= byteLimit
            else { return false }
            // Room is taken before the bytes are written.
            state.bytes += content.count
            return true
        }
        guard isAccepted else {
            throw WireError(
                .tooLarge,
                "the store has no room for \(content.count) bytes more: it holds at most \(Self.mostFiles) files of "
                    + "\(byteLimit) bytes together; delete some.", code: "storage_full")
        }
        do throws(MartletError) {
            try folder.write(content, to: folder.path(file.id, Self.contentSuffix))
            try folder.save(file.id, file.record)
        } catch {
            state.withLock { $0.bytes -= content.count }
            folder.remove(file.id, alsoWith: [Self.contentSuffix])
            throw WireError(.failure, "the file cannot be stored: \(error.message)")
        }
        state.withLock { state in
            state.files[file.id] = file
            if folder.path == nil { state.contents[file.id] = content }
        }
        return file
    }

    /// A tenant's file; nil where there is none.
    func file(_ id: String, of tenant: String) -> StoredFile? {
        removeExpired()
        return state.withLock { $0.files[id].flatMap { $0.tenant == tenant ? $0 : nil } }
    }

    /// A tenant's files, the newest first.
    func files(of tenant: String) -> [StoredFile] {
        removeExpired()
        return state.withLock { $0.files.values.filter { $0.tenant == tenant } }
            .sorted { ($0.created, $0.id) > ($1.created, $1.id) }
    }

    /// The content of a file; nil where it is gone.
    func content(of file: StoredFile) -> [UInt8]? {
        guard let path = folder.path(file.id, Self.contentSuffix) else {
            return state.withLock { $0.contents[file.id] }
        }
        return FileManager.default.contents(atPath: path).map { Array($0) }
    }

    /// Removes a file.
    func remove(_ file: StoredFile) {
        state.withLock { state in
            guard state.files.removeValue(forKey: file.id) != nil else { return }
            state.contents[file.id] = nil
            state.bytes -= file.bytes
        }
        folder.remove(file.id, alsoWith: [Self.contentSuffix])
    }

    private func removeExpired() {
        let time = now()
        let old = state.withLock { $0.files.values.filter { $0.expires ?? .max <= time } }
        for file in old { remove(file) }
    }
}
