/// The hub's answers in JSON, read strictly: what is missing or of another type is an error by name.

import MartletFormats

/// What the hub says of a revision.
package struct RevisionAnswer: Sendable {
    /// The commit.
    package let commit: String
    /// Nobody may download it.
    package let isDisabled: Bool

    /// Reads an answer. Throws ``HubError/badAnswer(url:got:expected:)``.
    package init(_ bytes: [UInt8], url: String) throws(HubError) {
        let object = try HubAnswer.value(bytes, url: url).objectValue
        guard let commit = object?["sha"]?.stringValue, HubReference.isCommit(commit) else {
            throw .badAnswer(
                url: url, got: object?["sha"].map { "\"sha\" \($0.summary)" } ?? "no \"sha\"",
                expected: "the 40 digits of a commit")
        }
        self.commit = commit
        isDisabled = object?["disabled"]?.boolValue ?? false
    }
}

/// What the hub says of branches and tags.
package struct ReferencesAnswer: Sendable {
    /// Their names.
    package let names: [String]

    /// Reads an answer. Throws ``HubError/badAnswer(url:got:expected:)``.
    package init(_ bytes: [UInt8], url: String) throws(HubError) {
        let object = try HubAnswer.value(bytes, url: url).objectValue
        names = ["branches", "tags"].flatMap { object?[$0]?.arrayValue ?? [] }.compactMap {
            $0.objectValue?["name"]?.stringValue
        }
    }
}

/// A page of the hub's listing of a commit.
package struct TreeAnswer: Sendable {
    /// The files on it.
    package let files: [RepositoryFile]

    /// Reads an answer. Throws ``HubError/badAnswer(url:got:expected:)``.
    package init(_ bytes: [UInt8], url: String) throws(HubError) {
        func refuse(_ got: String, _ expected: String) -> HubError {
            .badAnswer(url: url, got: got, expected: expected)
        }
        guard let entries = try HubAnswer.value(bytes, url: url).arrayValue else {
            throw refuse("no array", "an array of files")
        }
        var files: [RepositoryFile] = []
        files.reserveCapacity(entries.count)
        for entry in entries {
            guard let object = entry.objectValue, let path = object["path"]?.stringValue,
                let type = object["type"]?.stringValue
            else { throw refuse("an entry \(entry.summary)", "a type and a path") }
            guard type == "file" else { continue }
            guard RepositoryFile.isSafe(path) else {
                throw refuse("a file \(quoted(path))", "names inside of the repository")
            }
            let large = object["lfs"]?.objectValue
            guard let size = (large?["size"] ?? object["size"])?.intValue,
                (0...1 << 50).contains(size)
            else { throw refuse("no size of \(quoted(path))", "bytes") }
            guard let id = object["oid"]?.stringValue, RepositoryFile.isHash(id, digits: 40) else {
                throw refuse("no hash of \(quoted(path))", "40 digits")
            }
            var sha256: String?
            if let large {
                // Older answers name the algorithm.
                sha256 = large["oid"]?.stringValue.map {
                    $0.hasPrefix("sha256:") ? String($0.dropFirst(7)) : $0
                }
                guard let sha256, RepositoryFile.isHash(sha256, digits: 64) else {
                    throw refuse("no hash of \(quoted(path))", "64 digits")
                }
            }
            files.append(
                RepositoryFile(
                    path: path, size: size, blobID: id, sha256: sha256,
                    xetHash: object["xetHash"]?.stringValue))
        }
        self.files = files
    }
}

/// What all answers share.
package enum HubAnswer {
    /// The most bytes that an answer may have: a listing of some hundred thousand files.
    static let largest = 64 << 20

    static func value(_ bytes: [UInt8], url: String) throws(HubError) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue.parse(bytes, file: url, maximumValues: 4_000_000)
        } catch {
            throw .badAnswer(
                url: url, got: "\(error.got) at byte \(error.offset)",
                expected: "JSON, there \(error.expected)")
        }
    }

    /// The words of a refusal, if it has any.
    static func refusal(_ bytes: [UInt8]) -> String {
        guard let value = try? JSONValue.parse(bytes, file: "error") else { return "" }
        return value.objectValue?["error"]?.stringValue ?? ""
    }

    /// The address of the next page of a `Link` header.
    package static func nextPage(_ link: String) -> String? {
        for part in link.split(separator: ",") {
            guard let start = part.firstIndex(of: "<"), let end = part.firstIndex(of: ">"),
                start < end
            else { continue }
            let parameters = part[part.index(after: end)...].split(separator: ";").map {
                $0.trimmingSpaces
            }
            if parameters.contains("rel=\"next\"") || parameters.contains("rel=next") {
                return String(part[part.index(after: start)..<end])
            }
        }
        return nil
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        var rest = self
        while rest.first == " " { rest.removeFirst() }
        while rest.last == " " { rest.removeLast() }
        return rest
    }
}
