/// Where the answer stands in a completion; knows the marks, not what an answer means.

import Foundation

enum AnswerText {
    static let mark = UInt8(ascii: "#")
    static let end = UInt8(ascii: "\n")

    /// Only the first line counts: a generation that runs on into another problem, or that lists
    /// several answers in the hope that one fits, gains nothing.
    static func answer(in text: String) -> String? {
        let bytes = text.utf8
        let line = bytes[..<(bytes.firstIndex(of: end) ?? bytes.endIndex)]
        guard let start = line.firstIndex(of: mark) else { return nil }
        return String(decoding: line[line.index(after: start)...], as: UTF8.self)
    }

    /// What stands in the first `<answer>`, without blanks at its ends; it need not be closed.
    static func tagged(_ text: String) -> String? {
        let (opening, closing) = ("<answer>", "</answer>")
        guard let start = text.range(of: opening)?.upperBound else { return nil }
        let rest = text[start...]
        return rest[..<(rest.range(of: closing)?.lowerBound ?? rest.endIndex)]
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The first line with anything but blanks, without those at its ends.
    static func firstLine(_ text: String) -> String? {
        text.split(whereSeparator: \.isNewline).lazy
            .map { $0.trimmingCharacters(in: .whitespaces) }.first { !$0.isEmpty }
    }

    /// What precedes the first of some texts; nil when that is blank.
    static func before(_ ends: [String], in text: String) -> String? {
        let end = ends.compactMap { text.range(of: $0)?.lowerBound }.min() ?? text.endIndex
        let part = text[..<end]
        return part.allSatisfy(\.isWhitespace) ? nil : String(part)
    }

    /// What a text says to be its answer: in a box, after `####`, or after "answer is".
    static func said(in text: String) -> Substring? {
        boxed(in: text) ?? marked(in: text) ?? stated(in: text)
    }

    /// The first line after the last `####` that says anything.
    static func marked(in text: String) -> Substring? {
        guard let mark = text.range(of: "####", options: .backwards) else { return nil }
        let rest = text[mark.upperBound...]
        let line = rest.split(whereSeparator: \.isNewline).first { !$0.allSatisfy(\.isWhitespace) }
        return line ?? rest.prefix { !$0.isNewline }
    }

    /// The last box, braces inside it paired.
    static func boxed(in text: String) -> Substring? {
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
    static func stated(in text: String) -> Substring? {
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

    /// What follows `opening` and precedes `closing`, or nil where the text is not framed so.
    static func inside(_ text: String, from opening: String, to closing: String) -> Substring? {
        guard text.hasPrefix(opening), text.hasSuffix(closing),
            text.utf8.count >= opening.utf8.count + closing.utf8.count
        else { return nil }
        return text.dropFirst(opening.count).dropLast(closing.count)
    }

    /// Whole numbers between single spaces; nil when anything else is there.
    static func numbers(_ text: Substring) -> [Int]? {
        var result: [Int] = []
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            guard let number = number(word) else { return nil }
            result.append(number)
        }
        return result
    }

    /// A number in decimal digits, without a sign. `Int("+5")` would be too generous.
    static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }
}
