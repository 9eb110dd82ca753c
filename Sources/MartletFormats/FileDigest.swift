/// The SHA-256 of a file; knows nothing of what is in it.

import Crypto
import Foundation

package enum FileDigest {
    /// The digest of a file, as `sha256sum` prints it.
    ///
    /// - Throws: ``FormatError/inputOutput(path:operation:reason:)``.
    package static func sha256(_ path: String) throws(FormatError) -> String {
        var hash = SHA256()
        do {
            let handle = try FileHandle(forReadingFrom: URL(filePath: path))
            defer { try? handle.close() }
            // Weights may be larger than memory.
            while let part = try handle.read(upToCount: 1 << 22), !part.isEmpty {
                hash.update(data: part)
            }
        } catch {
            throw .inputOutput(
                path: path, operation: "read", reason: "the system refuses; check its permissions")
        }
        return text(hash.finalize())
    }

    /// The digest of bytes that are mapped, in the same form.
    static func sha256(_ bytes: UnsafeRawBufferPointer) -> String {
        var hash = SHA256()
        hash.update(bufferPointer: bytes)
        return text(hash.finalize())
    }

    /// The digest of bytes, in the same form.
    package static func sha256(_ bytes: [UInt8]) -> String { text(SHA256.hash(data: bytes)) }

    private static func text(_ digest: SHA256.Digest) -> String {
        digest.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}
