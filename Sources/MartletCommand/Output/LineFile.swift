/// A file that grows by whole lines; knows nothing of what they say.

import Foundation
import Martlet
import MartletFormats

/// A file of JSON lines, begun anew. Each line is written at once, so that whatever ends the process,
/// the lines before it are there and whole.
final class LineFile {
    private let path: String
    private let handle: FileHandle

    /// Makes the file, or empties it. Throws `unreadableFile`.
    init(path: String) throws(MartletError) {
        self.path = path
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else {
            throw MartletError(
                code: .unreadableFile, subject: path,
                message: "\(path): cannot make this file; check its folder and its permissions")
        }
        self.handle = handle
    }

    /// Adds a line. Throws `unreadableFile`, for instance when the disk is full.
    func append(_ line: JSONLine) throws(MartletError) {
        do {
            try handle.write(contentsOf: Data(line.value.serialized() + [UInt8(ascii: "\n")]))
        } catch {
            throw MartletError(
                code: .unreadableFile, subject: path,
                message: "\(path): cannot write: \(error.localizedDescription); check the disk",
                underlying: error)
        }
    }
}
