/// What the tests of this target share: temporary folders, raw weight files, error
/// messages.

import Foundation
import MartletFormats
import Testing

/// A folder that is removed when the test ends.
final class TemporaryFolder {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("martlet-formats-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }

    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
        return file(name)
    }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try write(name, Array(text.utf8))
    }

    func read(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: file(name))))
    }

    /// All names, hidden ones too.
    var names: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }

    /// The sentence of the `FormatError` that `body` throws, with the folder's own path left out.
    func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch let error as FormatError {
            return error.description.replacingOccurrences(of: path + "/", with: "")
                .replacingOccurrences(of: path, with: "<folder>")
        } catch {
            return "another error: \(error)"
        }
    }
}

/// The bytes of a safetensors file with this header text, whatever it says.
func safetensors(_ header: String, data: Int, length: UInt64? = nil) -> [UInt8] {
    let text = Array(header.utf8)
    return withUnsafeBytes(of: (length ?? UInt64(text.count)).littleEndian) { Array($0) } + text
        + (0..<data).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 1) }
}

/// Real files that a developer may have beside the package; tests that use them pass without them.
enum SharedData {
    static let root: String = {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(4)
        return parts.joined(separator: "/") + "/shared/data"
    }()

    static func path(_ name: String) -> String { root + "/" + name }

    static func has(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: path(name))
    }
}
