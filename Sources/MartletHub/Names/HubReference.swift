/// What a user writes to name a model of a hub.

import MartletFormats

/// A repository, and which revision, quantisation or file of it: `owner/name`, `owner/name@revision`,
/// `owner/name:Q4_K_M`, `owner/name/path/file.gguf`, or the address of its page.
package struct HubReference: Hashable, Sendable, CustomStringConvertible {
    /// The repository.
    package let repository: RepositoryName
    /// The branch, tag or commit; nil for the usual one.
    package let revision: String?
    /// Which GGUF file, by the name of its quantisation.
    package let quantisation: String?
    /// One file of the repository.
    package let path: String?

    /// The branch that counts when none is named.
    package static let mainRevision = "main"

    /// Reads a name. Throws ``HubError/badReference(got:expected:)``.
    package init(_ text: String) throws(HubError) {
        let expected =
            "owner/name, owner/name@revision, owner/name:QUANTISATION or owner/name/file.gguf"
        func refuse() -> HubError { .badReference(got: text, expected: expected) }
        guard text.utf8.count <= 1000 else { throw refuse() }
        var rest = Self.withoutHost(text)
        var revision: String?
        var quantisation: String?
        if let at = rest.firstIndex(of: "@") {
            revision = String(rest[rest.index(after: at)...])
            rest = rest[..<at]
            if let colon = revision?.lastIndex(of: ":"), let whole = revision {
                quantisation = String(whole[whole.index(after: colon)...])
                revision = String(whole[..<colon])
            }
        }
        if quantisation == nil, let colon = rest.lastIndex(of: ":") {
            quantisation = String(rest[rest.index(after: colon)...])
            rest = rest[..<colon]
        }
        var parts = rest.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts.count > 2, parts.last == "" { parts.removeLast() }
        // A page of the hub: owner/name/tree/REVISION, owner/name/blob/REVISION/file.
        if parts.count >= 4, ["tree", "blob", "resolve"].contains(parts[2]), revision == nil {
            revision = parts[3]
            parts.removeSubrange(2...3)
        }
        guard !parts.isEmpty,
            let repository = try? RepositoryName(parts.prefix(2).joined(separator: "/"))
        else { throw refuse() }
        let path = parts.count > 2 ? parts[2...].joined(separator: "/") : nil
        guard revision.map(Self.isRevision) ?? true, path.map(RepositoryFile.isSafe) ?? true,
            quantisation.map({ !$0.isEmpty && $0.utf8.allSatisfy(RepositoryName.isNameByte) })
                ?? true,
            path == nil || quantisation == nil
        else { throw refuse() }
        self.repository = repository
        self.revision = revision
        self.quantisation = quantisation
        self.path = path
    }

    /// As it is written.
    package var description: String {
        "\(repository)" + (path.map { "/" + $0 } ?? "") + (revision.map { "@" + $0 } ?? "")
            + (quantisation.map { ":" + $0 } ?? "")
    }

    /// Whether a revision is the name of a commit, which never moves.
    package static func isCommit(_ revision: String) -> Bool {
        revision.utf8.count == 40 && revision.utf8.allSatisfy(RepositoryFile.isHexadecimal)
    }

    private static func withoutHost(_ text: String) -> Substring {
        var rest = text[...]
        for scheme in ["https://", "http://", "hf://"] where rest.hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
        }
        for host in ["huggingface.co/", "www.huggingface.co/", "hf.co/"] where rest.hasPrefix(host)
        {
            return rest.dropFirst(host.count)
        }
        return text[...]
    }

    /// Revisions become names of files below `refs`.
    private static func isRevision(_ text: String) -> Bool {
        RepositoryFile.isSafe(text) && text.utf8.count <= 200
            && !text.utf8.contains { $0 <= 0x20 || $0 == 0x7F || ":\\?*[~^".utf8.contains($0) }
    }
}
