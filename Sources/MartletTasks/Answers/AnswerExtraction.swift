/// Where the answer stands in what a chain wrote; knows no task.

import Foundation

/// Finds the final answer in a text.
public enum AnswerExtraction: Sendable, Hashable {
    /// The first of these that is there: a `\boxed{…}`, what follows the last `####`, what follows `#` on its line, what
    /// follows "answer is" or "answer:", the last number, the last line that is not empty.
    case automatic
    /// What stands between the first occurrence of a mark and the end of its line.
    case mark(String)
    /// The number after the last `####`, otherwise the last number, without thousands separators and currency. A number
    /// that could be read as another (`1.234,56`) is none.
    case number
    /// The letters of multiple choice that the text answers with, `B` or `AC`.
    case choice
    /// The last line that is not empty.
    case line
    /// Everything, blanks at the ends included.
    case whole
    /// Where the solutions of a task have it.
    case layout(AnswerLayout)

    /// Reads a name: `automatic`, `number`, `choice`, `line`, `whole`, or `mark:TEXT`.
    public init?(_ text: String) {
        switch text {
        case "automatic", "auto": self = .automatic
        case "number": self = .number
        case "choice": self = .choice
        case "line": self = .line
        case "whole": self = .whole
        default:
            guard text.hasPrefix("mark:"), text.utf8.count > 5 else { return nil }
            self = .mark(String(text.dropFirst(5)))
        }
    }

    /// What answers are that stand here, unless a task says more.
    public var kind: AnswerKind {
        switch self {
        case .number: .number
        case .choice: .choice
        case .automatic, .mark, .line, .whole, .layout: .text
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
        case .layout(let layout):
            guard let answer = layout.answer(in: text), !answer.isEmpty else { return nil }
            return (answer, isComplete)
        case .number:
            return AnswerNumber.find(in: text).map { number, end in
                (number.text, isComplete || end.map { $0 < text.endIndex } == true)
            }
        case .choice: return AnswerChoice.letters(in: text).map { ($0, isComplete) }
        case .mark(let mark): said = Self.after(mark, in: text)
        case .line: guessed = Self.lastLine(of: text)
        case .automatic:
            said =
                AnswerText.boxed(in: text) ?? AnswerText.marked(in: text) ?? Self.after(
                    "#", in: text)
                ?? AnswerText.stated(in: text)
            if said == nil {
                guessed = AnswerNumber.last(in: text).map { text[$0] } ?? Self.lastLine(of: text)
            }
        }
        guard let found = said ?? guessed else { return nil }
        let answer = found.trimmingCharacters(in: .whitespaces)
        guard !answer.isEmpty else { return nil }
        return (answer, isComplete || (said != nil && found.endIndex < text.endIndex))
    }

    private static func after(_ mark: String, in text: String) -> Substring? {
        guard let range = text.range(of: mark) else { return nil }
        let rest = text[range.upperBound...]
        return rest[..<(rest.firstIndex { $0.isNewline } ?? rest.endIndex)]
    }

    private static func lastLine(of text: String) -> Substring? {
        text.split(whereSeparator: \.isNewline).last { line in !line.allSatisfy(\.isWhitespace) }
    }
}
