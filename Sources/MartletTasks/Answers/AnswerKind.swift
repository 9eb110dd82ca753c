/// What kind of thing an answer is, and when two answers are the same; knows no task.

import Foundation

/// What an answer is. Votes, scores and searches compare answers by it.
public enum AnswerKind: String, Sendable, Hashable, CaseIterable {
    /// A text as it is written.
    case text
    /// A text, but for blanks at its ends and case.
    case phrase
    /// A set of words, without case, punctuation and the words a, an, the, and, or, about, to.
    case words
    /// A number: `18`, `18.00`, `$18` and `36/2` are the same.
    case number
    /// Letters of multiple choice: `B`, `(B)` and `b.` are the same.
    case choice

    /// One text for all answers that are the same; nil when a text is no answer of this kind.
    public func key(of answer: String) -> String? {
        switch self {
        case .text: answer
        case .phrase: answer.trimmingCharacters(in: .whitespacesAndNewlines).lowercased()
        case .words: Self.words(answer).sorted().joined(separator: " ")
        case .number: AnswerNumber.answer(in: answer)?.value
        case .choice: AnswerChoice.letters(in: answer)
        }
    }

    private static let silent: Set<String> = ["a", "an", "the", "and", "or", "about", "to"]

    /// The words that count.
    static func words(_ text: String) -> Set<String> {
        let kept = text.lowercased().unicodeScalars.filter {
            !CharacterSet.punctuationCharacters.contains($0)
        }
        let words = String(String.UnicodeScalarView(kept)).split(whereSeparator: \.isWhitespace)
        return Set(words.map(String.init)).subtracting(silent)
    }
}
