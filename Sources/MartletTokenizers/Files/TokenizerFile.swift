// Reading tokenizer files whole, with one clear sentence when that fails.

import Foundation

enum TokenizerFile {
    /// The largest tokenizer file that is read; published ones stay below 40 MB.
    static let sizeLimit = 256 << 20

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path)
    }

    static func read(_ path: String) throws(TokenizerError) -> [UInt8] {
        let attributes: [FileAttributeKey: Any]
        do {
            let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
            attributes = try FileManager.default.attributesOfItem(atPath: resolved)
        } catch {
            throw .unreadable(file: path, reason: "it does not exist or may not be opened")
        }
        guard attributes[.type] as? FileAttributeType == .typeRegular else {
            throw .unreadable(file: path, reason: "it is not a regular file")
        }
        let size = (attributes[.size] as? NSNumber)?.int64Value ?? 0
        guard size <= sizeLimit else {
            throw .unreadable(
                file: path, reason: "it has \(size) bytes, expected at most \(sizeLimit)")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .unreadable(file: path, reason: "reading failed; check its permissions")
        }
        return [UInt8](data)
    }
}
