/// Compares an answer with reference answers; knows neither files nor models.

/// A rule by which an answer is compared with reference answers.
enum AnswerChecker: String, CaseIterable, Sendable {
    /// The same text, but for blanks at its ends and case.
    case exact
    /// The same number: `1,024.0` is 1024. The number after the last `####` counts, otherwise the last.
    case number
    /// The F1 of the sets of words, the best over the references: the Sparse Frontier's measure on SQuAD
    /// (2504.17768), which drops case, punctuation and the words a, an, the, and, or, about, to.
    case words
    /// The same letters, in any order: `B` is `(B)` and `b.`, `CA` is `A, C`. Of a sentence its last choice counts.
    case choice
    /// Whether the reference occurs in the answer, ignoring case; RULER's measure (2404.06654).
    case contains

    /// What its answers are, and so when two of them are one.
    var kind: AnswerKind {
        switch self {
        case .exact: .phrase
        case .number: .number
        case .words: .words
        case .choice: .choice
        case .contains: .text
        }
    }

    /// From 0 to 1; the best over the references.
    func score(_ answer: String, _ references: [String]) -> Double {
        references.map { score(answer, $0) }.max() ?? 0
    }

    private func score(_ answer: String, _ reference: String) -> Double {
        switch self {
        case .exact, .number, .choice:
            kind.key(of: answer).map { $0 == kind.key(of: reference) } == true ? 1 : 0
        case .words: Self.overlap(AnswerKind.words(answer), AnswerKind.words(reference))
        case .contains: Self.plain(answer).contains(Self.plain(reference)) ? 1 : 0
        }
    }

    private static func plain(_ text: String) -> String { AnswerKind.phrase.key(of: text) ?? "" }

    /// Rounded to two digits, as the study's code does.
    private static func overlap(_ a: Set<String>, _ b: Set<String>) -> Double {
        let common = Double(a.intersection(b).count)
        guard common > 0 else { return a == b ? 1 : 0 }
        let (precision, recall) = (common / Double(a.count), common / Double(b.count))
        return (100 * 2 * precision * recall / (precision + recall)).rounded() / 100
    }
}
