/// Owner and name of a repository, and what the cache calls its folder.

import MartletFormats

/// A repository of models on a hub: `owner/name`, or a name alone for some old ones.
package struct RepositoryName: Hashable, Sendable, CustomStringConvertible {
    /// The account; nil for the hub's oldest models.
    package let owner: String?
    /// The name.
    package let name: String

    /// Reads `owner/name`. Throws ``HubError/badReference(got:expected:)``.
    package init(_ text: String) throws(HubError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (1...2).contains(parts.count), parts.allSatisfy(Self.isPart) else {
            throw .badReference(got: text, expected: Self.expected)
        }
        owner = parts.count == 2 ? parts[0] : nil
        name = parts[parts.count - 1]
    }

    /// Reads the name of a folder of the cache; nil when it is no model's.
    init?(folder: String) {
        guard folder.hasPrefix(Self.prefix) else { return nil }
        let text = folder.dropFirst(Self.prefix.count).replacing("--", with: "/")
        guard let name = try? RepositoryName(String(text)) else { return nil }
        self = name
    }

    /// `owner/name`.
    package var description: String { (owner.map { $0 + "/" } ?? "") + name }

    /// What every tool that shares the cache calls its folder.
    package var folder: String {
        Self.prefix + (owner.map { $0 + "--" } ?? "") + name
    }

    private static let prefix = "models--"
    static let expected = "owner/name of letters, digits, \"-\", \"_\" and \".\""

    /// The hub's own rules, which also keep a name from leaving its folder or standing for another's.
    private static func isPart(_ part: String) -> Bool {
        let bytes = part.utf8
        guard (1...96).contains(bytes.count), bytes.allSatisfy(isNameByte) else { return false }
        let ends: [UInt8] = [UInt8(ascii: "."), UInt8(ascii: "-")]
        guard let first = bytes.first, let last = bytes.last else { return false }
        return !ends.contains(first) && !ends.contains(last) && !part.contains("--")
            && !part.contains("..")
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            || "-_.".utf8.contains(byte)
    }
}
