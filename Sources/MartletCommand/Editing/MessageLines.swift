/// Messages of several lines.

import Foundation

/// Puts a message together from lines.
///
/// A line that ends in `\` goes on in the next one. `"""` alone in a line begins lines that end before the next such line; with text
/// behind it, lines that end in `"""`.
struct MessageLines {
    private static let fence = "\"\"\""

    private enum Form { case plain, block, text }

    private var lines: [String] = []
    private var form = Form.plain

    /// What there is so far.
    var text: String { lines.joined(separator: "\n") }

    /// Takes the next line; whether it was the last one.
    mutating func add(_ line: String) -> Bool {
        let bare = line.trimmingCharacters(in: .whitespaces)
        switch form {
        case .plain where lines.isEmpty && bare == Self.fence:
            form = .block
            return false
        case .plain where lines.isEmpty && bare.hasPrefix(Self.fence):
            form = .text
            return end(String(bare.dropFirst(3)))
        case .plain:
            lines.append(line.hasSuffix("\\") ? String(line.dropLast()) : line)
            return !line.hasSuffix("\\")
        case .block:
            if bare == Self.fence { return true }
            lines.append(line)
            return false
        case .text: return end(line)
        }
    }

    /// Takes a line up to the fence; whether there was one.
    private mutating func end(_ line: String) -> Bool {
        let bare = line.trimmingCharacters(in: .whitespaces)
        guard bare.hasSuffix(Self.fence) else {
            lines.append(line)
            return false
        }
        let last = String(bare.dropLast(3))
        if !last.isEmpty { lines.append(last) }
        return true
    }
}
