/// A file of JSON objects, one a line, that only grows; knows nothing of what they say.

import Foundation
package import MartletJSON

/// A log of JSON objects. Each is written at once with its line break, so that whatever ends the process, the lines
/// before it are there and whole.
package final class JSONLinesFile {
    private let path: String
    private let handle: FileHandle

    /// Opens a file to append to it.
    ///
    /// - Parameters:
    ///   - path: the file; it is made when nothing is there.
    ///   - continuing: keep what is there; otherwise the file is emptied.
    /// - Throws: ``FormatError/inputOutput(path:operation:reason:)``.
    package init(_ path: String, continuing: Bool) throws(FormatError) {
        self.path = path
        if !continuing || FileSystem.kind(of: path) == .nothing {
            guard FileSystem.isUsable(path),
                FileManager.default.createFile(atPath: path, contents: nil)
            else { throw Self.failure("create", path) }
        }
        guard let handle = FileHandle(forWritingAtPath: path) else {
            throw Self.failure("open", path)
        }
        self.handle = handle
        do { try handle.seekToEnd() } catch { throw Self.failure("open", path, error) }
    }

    deinit { try? handle.close() }

    /// Adds a line.
    ///
    /// - Throws: ``FormatError/inputOutput(path:operation:reason:)``, for instance when the disk is full.
    package func append(_ value: JSONValue) throws(FormatError) {
        do {
            try handle.write(contentsOf: Data(value.serialized() + [Self.lineBreak]))
        } catch { throw Self.failure("write", path, error) }
    }

    /// The objects of a file; nothing when there is none.
    ///
    /// A last line without its break is one that a process was writing as it ended: it is left out, and
    /// `completeBytes` says how much of the file comes before it.
    ///
    /// - Throws: ``FormatError/malformedFile(file:part:got:expected:)`` for another line that is no object.
    package static func read(
        _ path: String
    ) throws(FormatError) -> (objects: [JSONObject], completeBytes: Int, bytes: Int) {
        guard FileSystem.kind(of: path) != .nothing else { return ([], 0, 0) }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw failure("read", path)
        }
        var objects: [JSONObject] = []
        var start = data.startIndex
        while let end = data[start...].firstIndex(of: lineBreak) {
            guard let value = try? JSONValue.parse([UInt8](data[start..<end])),
                let object = value.objectValue
            else {
                throw .malformedFile(
                    file: path, part: "line \(objects.count + 1)",
                    got: "what is not a JSON object", expected: "one object on each line")
            }
            objects.append(object)
            start = end + 1
        }
        return (objects, start - data.startIndex, data.count)
    }

    /// Makes a file consist of these objects: all of them, or what was there before.
    package static func replace(_ path: String, with objects: [JSONObject]) throws(FormatError) {
        let bytes = objects.flatMap { JSONValue.object($0).serialized() + [lineBreak] }
        do { try AtomicFile.write(bytes, to: path) } catch let error as FormatError {
            throw error
        } catch { throw failure("write", path, error) }
    }

    private static let lineBreak = UInt8(ascii: "\n")

    private static func failure(
        _ operation: String, _ path: String, _ error: (any Error)? = nil
    ) -> FormatError {
        .inputOutput(
            path: path, operation: operation,
            reason: error.map(\.localizedDescription) ?? "the system refused")
    }
}
