/// The messages of earlier conversations.

import Foundation
import MartletFormats

/// What was sent, oldest first; with a file, from one run to the next.
struct MessageHistory {
    static let limit = 1000
    /// A longer message is remembered as long as the process lives.
    static let longestStored = 1 << 16
    private static let largestFile = limit * longestStored

    private(set) var messages: [String] = []
    /// The file; nil for none.
    private let path: String?

    /// `martlet/chat_history` in `$XDG_STATE_HOME`, or in `.local/state` of the home folder; nil without either.
    static func userFile(_ environment: [String: String]) -> String? {
        if let folder = environment["XDG_STATE_HOME"], folder.hasPrefix("/") {
            return folder + "/martlet/chat_history"
        }
        guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
        return home + "/.local/state/martlet/chat_history"
    }

    init(path: String?) {
        self.path = path
        messages = stored()
    }

    /// Remembers a message, unless it is the last one again. Throws what keeps the file from being written; the
    /// message is remembered all the same.
    mutating func add(_ message: String) throws {
        guard !message.isEmpty, message != messages.last else { return }
        messages = (messages + [message]).suffix(Self.limit)
        guard let path, message.utf8.count <= Self.longestStored else { return }
        // Other conversations may have written since.
        let lines = (stored() + [message]).suffix(Self.limit).map { Self.escaped($0) + "\n" }
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try AtomicFile.write(Array(lines.joined().utf8), to: path, permissions: 0o600)
    }

    /// What the file holds; lines that are no text are left out.
    private func stored() -> [String] {
        guard let path, let file = try? MappedFile(path: path),
            file.bytes.count <= Self.largestFile
        else { return [] }
        let bytes = withExtendedLifetime(file) { Array(file.bytes) }
        return bytes.split(separator: 0x0A).suffix(Self.limit).compactMap { line in
            String(validating: line, as: UTF8.self).map(Self.unescaped)
        }
    }

    /// A message as one line.
    static func escaped(_ text: String) -> String {
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": line += ["\\", "\\"]
            case "\n": line += ["\\", "n"]
            default: line.append(scalar)
            }
        }
        return String(line)
    }

    static func unescaped(_ line: String) -> String {
        var text = String.UnicodeScalarView()
        var isEscaped = false
        for scalar in line.unicodeScalars {
            if isEscaped {
                text.append(scalar == "n" ? "\n" : scalar)
                isEscaped = false
            } else if scalar == "\\" {
                isEscaped = true
            } else {
                text.append(scalar)
            }
        }
        return String(text)
    }
}
