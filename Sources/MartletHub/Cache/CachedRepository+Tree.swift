/// The listing of a commit, kept because a commit never changes.

package import MartletFormats

extension CachedRepository {
    private static let version = 1

    private func treePath(_ commit: String) -> String {
        FileSystem.join(folder, "trees/\(commit).json")
    }

    /// The files of a commit as they were listed; nil when there is no listing here that can be read.
    package func tree(of commit: String) -> [RepositoryFile]? {
        let path = treePath(commit)
        guard FileSystem.kind(of: path) == .file,
            let value = try? JSONValue.parse(contentsOf: path)
        else { return nil }
        return try? Self.files(ofTree: value)
    }

    /// Reads a listing. Throws ``HubError/badAnswer(url:got:expected:)``.
    package static func files(ofTree value: JSONValue) throws(HubError) -> [RepositoryFile] {
        func refuse(_ got: String) -> HubError {
            .badAnswer(url: "listing of a commit", got: got, expected: "names, sizes and hashes")
        }
        guard value.objectValue?["format_version"]?.intValue == version,
            let members = value.objectValue?["files"]?.objectValue?.members
        else { throw refuse("another form") }
        var files: [RepositoryFile] = []
        for member in members {
            guard let file = member.value.objectValue, RepositoryFile.isSafe(member.key),
                let size = file["size"]?.intValue, size >= 0,
                let id = file["blob_id"]?.stringValue
            else { throw refuse("an entry \(quoted(member.key))") }
            let hash = file["lfs_sha256"]?.stringValue
            guard RepositoryFile.isHash(id, digits: 40),
                hash.map({ RepositoryFile.isHash($0, digits: 64) }) ?? true
            else { throw refuse("a hash of \(quoted(member.key))") }
            files.append(
                RepositoryFile(
                    path: member.key, size: size, blobID: id, sha256: hash,
                    xetHash: file["xet_hash"]?.stringValue))
        }
        return files
    }

    /// Keeps a listing. Failures are of no consequence: it is asked for again.
    func keepTree(_ files: [RepositoryFile], of commit: String) {
        let path = treePath(commit)
        guard FileSystem.kind(of: path) == .nothing else { return }
        let members = files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }.map {
            file in
            var entry: [JSONObject.Member] = [
                .init(key: "size", value: .integer(file.size)),
                .init(key: "blob_id", value: .string(file.blobID)),
            ]
            if let hash = file.sha256 {
                entry.append(.init(key: "lfs_sha256", value: .string(hash)))
                entry.append(.init(key: "lfs_size", value: .integer(file.size)))
            }
            if let hash = file.xetHash {
                entry.append(.init(key: "xet_hash", value: .string(hash)))
            }
            return JSONObject.Member(key: file.path, value: .object(JSONObject(entry)))
        }
        let listing: JSONValue = .object(
            JSONObject([
                .init(key: "format_version", value: .integer(Self.version)),
                .init(key: "files", value: .object(JSONObject(members))),
            ]))
        try? FileSystem.createDirectory(FileSystem.split(path).directory)
        try? AtomicFile.write(listing.serialized(indentation: 1), to: path)
    }
}
