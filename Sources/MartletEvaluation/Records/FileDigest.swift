/// The SHA-256 of a file; knows nothing of what is in it.

import Crypto
import Foundation
import Martlet

enum FileDigest {
    /// As `sha256sum` prints it. Throws `unreadableFile`.
    static func sha256(_ path: String) throws(MartletError) -> String {
        var hash = SHA256()
        do {
            let handle = try FileHandle(forReadingFrom: URL(filePath: path))
            defer { try? handle.close() }
            // Weights may be larger than memory.
            while let part = try handle.read(upToCount: 1 << 22), !part.isEmpty {
                hash.update(data: part)
            }
        } catch {
            throw MartletError(
                code: .unreadableFile, subject: path,
                message: "\(path): cannot read this file; check its permissions",
                underlying: error)
        }
        return hash.finalize().map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }
}
