/// One file of a repository as the hub lists it.

import MartletFormats

/// A file's name, size and hashes.
package struct RepositoryFile: Hashable, Sendable {
    /// Its name in the repository, with `/` between folders.
    package let path: String
    /// Its bytes.
    package let size: Int
    /// The SHA-1 of git's blob: of the content, or of the pointer that stands for a large file.
    package let blobID: String
    /// The SHA-256 of the content of a large file.
    package let sha256: String?
    /// The name that the hub's own storage gives to the content.
    package let xetHash: String?

    /// Describes a file.
    package init(path: String, size: Int, blobID: String, sha256: String?, xetHash: String? = nil) {
        self.path = path
        self.size = size
        self.blobID = blobID
        self.sha256 = sha256
        self.xetHash = xetHash
    }

    /// The last part of its name.
    package var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// Whether a name stays inside its folder and can be a file's: no `..`, no empty part, no root, no
    /// control characters.
    package static func isSafe(_ path: String) -> Bool {
        guard !path.isEmpty, path.utf8.count <= 1000, !path.utf8.contains(where: { $0 < 0x20 })
        else {
            return false
        }
        return path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part != "." && part != ".." && part.utf8.count <= 255
        }
    }

    static func isHexadecimal(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...102).contains(byte)
    }

    static func isHash(_ text: String, digits: Int) -> Bool {
        text.utf8.count == digits && text.utf8.allSatisfy(isHexadecimal)
    }
}
