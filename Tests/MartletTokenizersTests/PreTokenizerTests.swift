// The scanners against the expressions, matched by a slow backtracking reference.

import Foundation
@testable import MartletTokenizers
import MartletTestSupport
import Testing

/// One alternative of an expression: a sequence of greedy repetitions of character sets.
private struct Pattern {
    var parts: [(minimum: Int, maximum: Int, matches: @Sendable (Unicode.Scalar) -> Bool)]
    var notBeforeText = false

    func end(_ text: [Unicode.Scalar], _ start: Int) -> Int? { match(text, start, 0) }

    private func match(_ text: [Unicode.Scalar], _ position: Int, _ part: Int) -> Int? {
        guard part < parts.count else {
            if notBeforeText, position < text.count, !isSpace(text[position]) { return nil }
            return position
        }
        let (minimum, maximum, matches) = parts[part]
        var count = 0
        while count < maximum, position + count < text.count, matches(text[position + count]) {
            count += 1
        }
        while count >= minimum {
            if let end = match(text, position + count, part + 1) { return end }
            count -= 1
        }
        return nil
    }
}

private func bits(_ scalar: Unicode.Scalar) -> CharacterClass.Bits {
    Int(scalar.value) < CharacterClasses.limit
        ? CharacterClasses.shared.table[Int(scalar.value)] : 0
}
@Sendable private func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    bits(scalar) & CharacterClass.letter != 0
}
@Sendable private func isNumber(_ scalar: Unicode.Scalar) -> Bool {
    bits(scalar) & CharacterClass.number != 0
}
@Sendable private func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    bits(scalar) & CharacterClass.space != 0
}
@Sendable private func isOther(_ scalar: Unicode.Scalar) -> Bool {
    bits(scalar) & CharacterClass.notOther == 0
}
@Sendable private func isBreak(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "\r" || scalar == "\n"
}

private func literal(_ text: String, ignoringCase: Bool) -> Pattern {
    Pattern(
        parts: text.unicodeScalars.map { wanted in
            (
                1, 1,
                { found in
                    found == wanted
                        || ignoringCase
                            && (found.properties.lowercaseMapping == String(wanted)
                                || wanted == "s" && found == "ſ")
                }
            )
        })
}

private func patterns(_ scheme: WordExpression) -> [Pattern] {
    let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"]
    let blank: @Sendable (Unicode.Scalar) -> Bool = { $0 == " " }
    let many = Int.max
    let spaces = [
        Pattern(parts: [(1, many, isSpace)], notBeforeText: true),
        Pattern(parts: [(1, many, isSpace)]),
    ]
    guard case .words(let rules) = scheme else {
        return contractions.map { literal($0, ignoringCase: false) } + [
            Pattern(parts: [(0, 1, blank), (1, many, isLetter)]),
            Pattern(parts: [(0, 1, blank), (1, many, isNumber)]),
            Pattern(parts: [(0, 1, blank), (1, many, isOther)]),
        ] + spaces
    }
    return contractions.map { literal($0, ignoringCase: true) } + [
        Pattern(parts: [
            (0, 1, { !isBreak($0) && !isLetter($0) && !isNumber($0) }), (1, many, isLetter),
        ]),
        Pattern(parts: [(1, rules.numbers, isNumber)]),
        Pattern(parts: [(0, 1, blank), (1, many, isOther), (0, many, isBreak)]),
        Pattern(parts: [(0, many, isSpace), (1, many, isBreak)]),
    ] + spaces
}

/// The words that splits make of a text, one after another.
private func scan(_ text: String, _ steps: [PreTokenizer.Step]) -> [String] {
    let bytes = Array(text.utf8)
    return CharacterClasses.shared.table.withUnsafeBufferPointer { classes in
        bytes.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress, let classes = classes.baseAddress else { return [] }
            let text = ClassifiedText(base: base, count: bytes.count, classes: classes)
            return text.pieces(steps).map { String(decoding: bytes[$0], as: UTF8.self) }
        }
    }
}

private func scan(_ text: String, _ expression: WordExpression) -> [String] {
    scan(text, [.split(expression)])
}

extension ScannedText {
    /// The parts of a text that splits make of it.
    fileprivate func pieces(_ steps: [PreTokenizer.Step], of range: Range<Int>) -> [Range<Int>] {
        guard let first = steps.first,
            case .split(let expression, let behavior, let isInverted) = first
        else { return [range] }
        var pieces: [Range<Int>] = []
        forEachPiece(
            expression, behavior, isInverted: isInverted, from: range.lowerBound,
            to: range.upperBound
        ) { pieces += self.pieces(Array(steps.dropFirst()), of: $0..<$1) }
        return pieces
    }
}

extension ClassifiedText {
    fileprivate func pieces(_ steps: [PreTokenizer.Step]) -> [Range<Int>] {
        pieces(steps, of: 0..<count)
    }
}

/// Text that counts what is read of it, in bytes and characters.
private final class CountedText: ScannedText {
    private let text: ClassifiedText
    private(set) var steps = 0

    init(_ text: ClassifiedText) { self.text = text }

    func byte(at position: Int) -> UInt8 {
        steps += 1
        return text.byte(at: position)
    }

    func character(at position: Int) -> (bits: CharacterClass.Bits, length: Int) {
        steps += 1
        return text.character(at: position)
    }

    func scalar(at position: Int) -> (UInt32, Int) {
        steps += 1
        return text.scalar(at: position)
    }
}

/// Bytes and characters that the scanner of an expression reads of a text.
private func steps(_ bytes: [UInt8], _ expression: WordExpression) -> Int {
    CharacterClasses.shared.table.withUnsafeBufferPointer { classes in
        bytes.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress, let classes = classes.baseAddress else { return 0 }
            let text = CountedText(
                ClassifiedText(base: base, count: bytes.count, classes: classes))
            text.forEachMatch(expression, from: 0, to: bytes.count) { _, _ in }
            return text.steps
        }
    }
}

/// Every expression that some tokenizer cuts by, each once.
private let everyExpression: [WordExpression] = {
    var found: [WordExpression] =
        WordExpression.known.map(\.expression) + [.metaspace, .metaspaceRuns]
    for entry in PreTokenizerNames.all {
        for case .split(let expression, _, _) in entry.steps { found.append(expression) }
    }
    return found.enumerated().filter { !found[..<$0.offset].contains($0.element) }.map(\.element)
}()

@Suite struct PreTokenizerTests {
    /// Each kind of character in one long run, and each run again with one other character in its middle and at
    /// its end. A scanner that looked ahead for what is not there would read such a run once for every word.
    @Test(arguments: everyExpression.indices)
    func readsEachCharacterAFewTimes(index: Int) {
        let expression = everyExpression[index]
        let kinds = [
            "a", "é", "中", "7", "½", " ", "\t", "\u{A0}", "\n", "\r\n", "'", "!", "\u{301}", "🦙",
            "▁", "'s", "A", "aA", "Aa", "ʰA", "A'", "\u{301}A", "中a", "/\n", "a b", "٣", "7a",
            " a", "a ", " !", "! ", "\n ", " \n", "a7", "7 ", "▁a",
        ]
        let length = 2048
        for kind in kinds {
            let count = length / kind.utf8.count
            let run = Array(String(repeating: kind, count: count).utf8)
            #expect(steps(run, expression) <= 8 * run.count + 16, "\(kind.debugDescription)")
            for other in ["a", "A", "7", " ", "\n", "!", "▁"] {
                let text = run + Array(other.utf8) + run + Array(other.utf8)
                #expect(
                    steps(text, expression) <= 8 * text.count + 16,
                    "\(kind.debugDescription) and \(other.debugDescription)")
            }
        }
    }

    /// Digits alone, and GPT-2's expression on each stretch between them as if it were a text.
    @Test func digitsCutBeforeTheExpression() {
        var generator = SeededGenerator(seed: 8)
        for _ in 0..<3000 {
            let text = generator.awkwardText(maximumLength: 14)
            var expected: [String] = []
            var stretch = ""
            for scalar in text.unicodeScalars {
                if isNumber(scalar) {
                    expected += scan(stretch, .gpt2) + [String(scalar)]
                    stretch = ""
                } else {
                    stretch.unicodeScalars.append(scalar)
                }
            }
            expected += scan(stretch, .gpt2)
            let words = scan(text, PreTokenizer.digitsThenGPT2.steps).map {
                Array($0.unicodeScalars)
            }
            #expect(words == expected.map { Array($0.unicodeScalars) }, "\(text.debugDescription)")
        }
    }

    @Test(arguments: [WordExpression.gpt2, .words1, .words3])
    func equalsTheExpression(scheme: WordExpression) {
        var generator = SeededGenerator(seed: 7)
        let alternatives = patterns(scheme)
        for _ in 0..<3000 {
            let text = generator.awkwardText(maximumLength: 14)
            let scalars = Array(text.unicodeScalars)
            var expected: [[Unicode.Scalar]] = []
            var position = 0
            while position < scalars.count {
                let end = alternatives.lazy.compactMap { $0.end(scalars, position) }.first
                guard let end, end > position else {
                    Issue.record("the reference found no word in \(text.debugDescription)")
                    return
                }
                expected.append(Array(scalars[position..<end]))
                position = end
            }
            let words = scan(text, scheme).map { Array($0.unicodeScalars) }
            #expect(words == expected, "\(text.debugDescription)")
        }
    }

    /// Every published expression on the same random texts, cut by Python's `regex`.
    @Test func goldens() throws {
        let path = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("Goldens/pieces.json")
        let root = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
        let texts = try #require(root["texts"] as? [String])
        let expressions = try #require(root["expressions"] as? [[String: Any]])
        #expect(texts.count == 300 && expressions.count >= 30)
        for item in expressions {
            let name = try #require(item["name"] as? String)
            let text = try #require(item["expression"] as? String)
            let expression = try #require(WordExpression(text), "\(name)")
            let ends = try #require(item["ends"] as? [[Int]])
            for (text, expected) in zip(texts, ends) {
                var position = 0
                let found = scan(text, expression).map { piece in
                    position += piece.utf8.count
                    return position
                }
                #expect(found == expected, "\(name) on \(text.debugDescription)")
            }
        }
    }

    @Test func knownCuts() {
        #expect(scan("I'll  go\n", .gpt2) == ["I", "'ll", " ", " go", "\n"])
        #expect(scan("I'LL 1234", .words3) == ["I", "'LL", " ", "123", "4"])
        #expect(scan("a\r\n  b", .words1) == ["a", "\r\n", " ", " b"])
        #expect(scan("x 12 y", PreTokenizer.digitsThenGPT2.steps) == ["x", " ", "1", "2", " y"])
        #expect(scan("▁▁a▁b", .metaspace) == ["▁", "▁a", "▁b"])
        #expect(scan("▁▁a▁b", .metaspaceRuns) == ["▁▁a", "▁b"])
        #expect(scan("a▁▁", .metaspaceRuns) == ["a", "▁▁"])
    }

    @Test func classesAgreeWithTheStandardLibraryBelowTheAstralPlanes() {
        for code in UInt32(0)..<0x600 {
            guard let scalar = Unicode.Scalar(code) else { continue }
            var expected: CharacterClass.Bits = 0
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .titlecaseLetter: expected = CharacterClass.upper
            // U+0295 was a small letter once, and is one in the reference implementation.
            case .otherLetter where code == 0x295: expected = CharacterClass.lower
            case .lowercaseLetter: expected = CharacterClass.lower
            case .modifierLetter, .otherLetter: expected = CharacterClass.otherLetter
            case .decimalNumber: expected = CharacterClass.digit
            case .letterNumber, .otherNumber: expected = CharacterClass.otherNumber
            default: expected = scalar.properties.isWhitespace ? CharacterClass.space : 0
            }
            #expect(bits(scalar) & CharacterClass.notOther == expected, "U+\(code)")
        }
    }
}
