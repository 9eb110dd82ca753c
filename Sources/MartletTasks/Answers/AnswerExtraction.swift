/// Where the answer stands in what a chain wrote; knows no task.

import Foundation

/// Finds the final answer in a text.
public enum AnswerExtraction: Sendable, Hashable {
    /// The first of these that is there: a `\boxed{…}`, what follows `####`, what follows `#` on its line, what
    /// follows "answer is" or "answer:", the last number, the last line that is not empty.
    case automatic
    /// What stands between the first occurrence of a mark and the end of its line.
    case mark(String)
    /// The last number, without thousands separators.
    case number
    /// The last line that is not empty.
    case line
    /// Everything, blanks at the ends included.
    case whole

    /// Reads a name: `automatic`, `number`, `line`, `whole`, or `mark:TEXT`.
    public init?(_ text: String) {
        switch text {
        case "automatic", "auto": self = .automatic
        case "number": self = .number
        case "line": self = .line
        case "whole": self = .whole
        default:
            guard text.hasPrefix("mark:"), text.utf8.count > 5 else { return nil }
            self = .mark(String(text.dropFirst(5)))
        }
    }

    /// The answer, without spaces around it (but for ``whole``); nil when there is none.
    public func answer(in text: String) -> String? { find(in: text)?.answer }

    /// The answer, and whether more text could not change it.
    ///
    /// - Parameter isComplete: whether the text ended by itself. In a text that was cut off only an answer that
    ///   was said to be one, and that something follows, is final.
    package func find(in text: String, isComplete: Bool = true) -> (answer: String, isFinal: Bool)?
    {
        var said: Substring?
        var guessed: Substring?
        switch self {
        case .whole: return text.isEmpty ? nil : (text, isComplete)
        case .mark(let mark): said = Self.after(mark, in: text)
        case .number: guessed = Self.lastNumber(in: text)
        case .line: guessed = Self.lastLine(of: text)
        case .automatic:
            said =
                Self.boxed(in: text) ?? Self.after("####", in: text) ?? Self.after("#", in: text)
                ?? Self.stated(in: text)
            if said == nil { guessed = Self.lastNumber(in: text) ?? Self.lastLine(of: text) }
        }
        guard let found = said ?? guessed else { return nil }
        var answer = found.trimmingCharacters(in: .whitespaces)
        if case .number = self { answer = answer.replacingOccurrences(of: ",", with: "") }
        guard !answer.isEmpty else { return nil }
        return (answer, isComplete || (said != nil && found.endIndex < text.endIndex))
    }

    private static func after(_ mark: String, in text: String) -> Substring? {
        guard let range = text.range(of: mark) else { return nil }
        let rest = text[range.upperBound...]
        return rest[..<(rest.firstIndex { $0.isNewline } ?? rest.endIndex)]
    }

    /// The last box, braces inside it paired.
    private static func boxed(in text: String) -> Substring? {
        guard let open = text.range(of: "\\boxed{", options: .backwards) else { return nil }
        var depth = 1
        for index in text[open.upperBound...].indices {
            if text[index] == "{" { depth += 1 }
            if text[index] == "}" { depth -= 1 }
            if depth == 0 { return text[open.upperBound..<index] }
        }
        return nil
    }

    /// What the last "answer is" or "answer:" says, a full stop at its end left out.
    private static func stated(in text: String) -> Substring? {
        var last: Range<String.Index>?
        for words in ["answer is", "answer:"] {
            let range = text.range(of: words, options: [.backwards, .caseInsensitive])
            if let range, last.map({ range.lowerBound > $0.lowerBound }) ?? true { last = range }
        }
        guard let last else { return nil }
        let rest = text[last.upperBound...].drop { $0 == " " || $0 == ":" }
        var line = rest[..<(rest.firstIndex { $0.isNewline } ?? rest.endIndex)]
        while line.last == "." || line.last == " " { line.removeLast() }
        return line.isEmpty ? nil : line
    }

    private static func lastNumber(in text: String) -> Substring? {
        let isDigit: (UInt8) -> Bool = { (48...57).contains($0) }
        let bytes = text.utf8
        guard let last = bytes.lastIndex(where: isDigit) else { return nil }
        var start = last
        while start > bytes.startIndex {
            let before = bytes.index(before: start)
            let byte = bytes[before]
            // Points and commas belong to a number between digits only.
            let joins =
                (byte == UInt8(ascii: ".") || byte == UInt8(ascii: ","))
                && before > bytes.startIndex && isDigit(bytes[bytes.index(before: before)])
            guard isDigit(byte) || joins else { break }
            start = before
        }
        if start > bytes.startIndex {
            let before = bytes.index(before: start)
            // A minus after a digit or a letter is a subtraction or a hyphen.
            let isSign =
                bytes[before] == UInt8(ascii: "-")
                && (before == bytes.startIndex
                    || [UInt8(ascii: " "), UInt8(ascii: "="), UInt8(ascii: "("), 10]
                        .contains(bytes[bytes.index(before: before)]))
            if isSign { start = before }
        }
        return text[start..<bytes.index(after: last)]
    }

    private static func lastLine(of text: String) -> Substring? {
        text.split(whereSeparator: \.isNewline).last { line in !line.allSatisfy(\.isWhitespace) }
    }
}
