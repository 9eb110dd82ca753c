/// Compares an answer with reference answers; knows neither files nor models.

import Foundation

/// A rule by which an answer is compared with reference answers.
enum AnswerChecker: String, CaseIterable, Sendable {
    /// The same text, but for blanks at its ends and case.
    case exact
    /// The same number: `1,024.0` is 1024.
    case number
    /// The F1 of the sets of words, the best over the references: the Sparse Frontier's measure on SQuAD
    /// (2504.17768), which drops case, punctuation and the words a, an, the, and, or, about, to.
    case words
    /// The same letters, in any order: `B` is `(B)` and `b.`, `CA` is `A, C`.
    case choice
    /// Whether the reference occurs in the answer, ignoring case; RULER's measure (2404.06654).
    case contains

    /// From 0 to 1; the best over the references.
    func score(_ answer: String, _ references: [String]) -> Double {
        references.map { score(answer, $0) }.max() ?? 0
    }

    private func score(_ answer: String, _ reference: String) -> Double {
        switch self {
        case .exact: Self.plain(answer) == Self.plain(reference) ? 1 : 0
        case .number:
            Self.number(answer).map { $0 == Self.number(reference) } == true ? 1 : 0
        case .words: Self.overlap(Self.words(answer), Self.words(reference))
        case .choice: Self.letters(answer) == Self.letters(reference) ? 1 : 0
        case .contains: Self.plain(answer).contains(Self.plain(reference)) ? 1 : 0
        }
    }

    private static func plain(_ text: String) -> String {
        text.trimmingCharacters(in: .whitespacesAndNewlines).lowercased()
    }

    /// As decimal, so that 0.1 is 0.10 and large numbers keep their digits.
    private static func number(_ text: String) -> Decimal? {
        guard let found = AnswerExtraction.number.answer(in: text) else { return nil }
        return Decimal(string: found, locale: Locale(identifier: "en_US_POSIX"))
    }

    private static let silent: Set<String> = ["a", "an", "the", "and", "or", "about", "to"]

    private static func words(_ text: String) -> Set<String> {
        let kept = text.lowercased().unicodeScalars.filter {
            !CharacterSet.punctuationCharacters.contains($0)
        }
        let words = String(String.UnicodeScalarView(kept)).split(whereSeparator: \.isWhitespace)
        return Set(words.map(String.init)).subtracting(silent)
    }

    /// Rounded to two digits, as the study's code does.
    private static func overlap(_ a: Set<String>, _ b: Set<String>) -> Double {
        let common = Double(a.intersection(b).count)
        guard common > 0 else { return a == b ? 1 : 0 }
        let (precision, recall) = (common / Double(a.count), common / Double(b.count))
        return (100 * 2 * precision * recall / (precision + recall)).rounded() / 100
    }

    /// The single letters A to Z of an answer, sorted. A word is no choice.
    private static func letters(_ text: String) -> [Character] {
        text.uppercased().split { !$0.isLetter && !$0.isNumber }.flatMap { word in
            word.allSatisfy({ ("A"..."H").contains($0) }) ? Array(word) : []
        }.sorted()
    }
}
