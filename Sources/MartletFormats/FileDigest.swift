/// The SHA-256 of a file; knows nothing of what is in it.

import Foundation
import MartletKernels

package enum FileDigest {
    /// The digest of a file, as `sha256sum` prints it.
    ///
    /// - Throws: ``FormatError/inputOutput(path:operation:reason:)``.
    package static func sha256(_ path: String) throws(FormatError) -> String {
        var hash = SecureDigest(.sha256)
        do {
            let handle = try FileHandle(forReadingFrom: URL(filePath: path))
            defer { try? handle.close() }
            // Weights may be larger than memory.
            while let part = try handle.read(upToCount: 1 << 22), !part.isEmpty {
                hash.update(part)
            }
        } catch {
            throw .inputOutput(
                path: path, operation: "read", reason: "the system refuses; check its permissions")
        }
        return SecureDigest.text(hash.finalize())
    }

    /// The digest of bytes that are mapped, in the same form.
    static func sha256(_ bytes: UnsafeRawBufferPointer) -> String {
        var hash = SecureDigest(.sha256)
        hash.update(bytes)
        return SecureDigest.text(hash.finalize())
    }

    /// The digest of bytes, in the same form.
    package static func sha256(_ bytes: [UInt8]) -> String {
        SecureDigest.text(SecureDigest.of(bytes, .sha256))
    }
}
