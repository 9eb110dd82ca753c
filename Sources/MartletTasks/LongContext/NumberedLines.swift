/// Lists with a number before every line, to and from text; knows nothing of what the lines say.

import Foundation

enum NumberedLines {
    /// `1. first`, `2. second`, one a line.
    static func text(_ lines: [String]) -> String {
        lines.enumerated().map { "\($0.offset + 1). \($0.element)" }.joined(separator: "\n")
    }

    /// What follows each number, without blanks at its ends. Lines without a number are passed over, and of
    /// lines with one number the first counts: listing several answers in the hope that one fits gains nothing.
    static func lines(_ text: String) -> [Int: String] {
        var result: [Int: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.trimmingCharacters(in: .whitespaces)
            let digits = line.prefix { $0.isASCII && $0.isNumber }
            guard let number = AnswerText.number(digits), result[number] == nil else { continue }
            let rest = line[digits.endIndex...]
            guard rest.first == "." || rest.first == ")" else { continue }
            result[number] = rest.dropFirst().trimmingCharacters(in: .whitespaces)
        }
        return result
    }

    /// The fraction of the lines of `expected` that `given` has under the same number, by `isSame`.
    static func score(
        _ given: String?, expected: String, isSame: (_ given: String, _ expected: String) -> Bool
    ) -> Double {
        let expected = lines(expected)
        guard let given, !expected.isEmpty else { return 0 }
        let found = lines(given)
        let right = expected.count { number, line in
            found[number].map { isSame($0, line) } ?? false
        }
        return Double(right) / Double(expected.count)
    }
}
