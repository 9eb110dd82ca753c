// The scanners against the expressions, matched by a slow backtracking reference.

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

private func bits(_ scalar: Unicode.Scalar) -> UInt8 {
    Int(scalar.value) < CharacterClasses.limit
        ? CharacterClasses.shared.table[Int(scalar.value)] : 0
}
@Sendable private func isLetter(_ scalar: Unicode.Scalar) -> Bool { bits(scalar) & 1 != 0 }
@Sendable private func isNumber(_ scalar: Unicode.Scalar) -> Bool { bits(scalar) & 2 != 0 }
@Sendable private func isSpace(_ scalar: Unicode.Scalar) -> Bool { bits(scalar) & 4 != 0 }
@Sendable private func isOther(_ scalar: Unicode.Scalar) -> Bool { bits(scalar) & 7 == 0 }
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

private func patterns(_ scheme: PreTokenizer) -> [Pattern] {
    let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"]
    let blank: @Sendable (Unicode.Scalar) -> Bool = { $0 == " " }
    let many = Int.max
    let spaces = [
        Pattern(parts: [(1, many, isSpace)], notBeforeText: true),
        Pattern(parts: [(1, many, isSpace)]),
    ]
    guard case .words(let numbers) = scheme else {
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
        Pattern(parts: [(1, numbers, isNumber)]),
        Pattern(parts: [(0, 1, blank), (1, many, isOther), (0, many, isBreak)]),
        Pattern(parts: [(0, many, isSpace), (1, many, isBreak)]),
    ] + spaces
}

private func scan(_ text: String, _ scheme: PreTokenizer) -> [String] {
    let bytes = Array(text.utf8)
    return CharacterClasses.shared.table.withUnsafeBufferPointer { classes in
        bytes.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress, let classes = classes.baseAddress else { return [] }
            let text = ClassifiedText(base: base, count: bytes.count, classes: classes)
            var words: [String] = []
            var position = 0
            while position < bytes.count {
                let end = text.endOfWord(scheme, from: position, to: bytes.count)
                words.append(String(decoding: bytes[position..<end], as: UTF8.self))
                position = end
            }
            return words
        }
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

    func character(at position: Int) -> (bits: UInt8, length: Int) {
        steps += 1
        return text.character(at: position)
    }
}

/// Bytes and characters that a scanner reads of a text.
private func steps(_ bytes: [UInt8], _ scheme: PreTokenizer) -> Int {
    CharacterClasses.shared.table.withUnsafeBufferPointer { classes in
        bytes.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress, let classes = classes.baseAddress else { return 0 }
            let text = CountedText(
                ClassifiedText(base: base, count: bytes.count, classes: classes))
            var position = 0
            while position < bytes.count {
                position = text.endOfWord(scheme, from: position, to: bytes.count)
            }
            return text.steps
        }
    }
}

@Suite struct PreTokenizerTests {
    /// Each kind of character in one long run, and each run again with one other character in its middle and at
    /// its end. A scanner that looked ahead for what is not there would read such a run once for every word.
    @Test(arguments: [
        PreTokenizer.whole, .gpt2, .words(numbers: 1), .words(numbers: 3), .digitsThenGPT2,
        .metaspace,
        .metaspaceRuns,
    ])
    func readsEachCharacterAFewTimes(scheme: PreTokenizer) {
        let kinds = [
            "a", "é", "中", "7", "½", " ", "\t", "\u{A0}", "\n", "\r\n", "'", "!", "\u{301}", "🦙",
            "▁", "'s",
            " a", "a ", " !", "! ", "\n ", " \n", "a7", "7 ", "▁a",
        ]
        let length = 2048
        for kind in kinds {
            let count = length / kind.utf8.count
            let run = Array(String(repeating: kind, count: count).utf8)
            #expect(steps(run, scheme) <= 6 * run.count + 16, "\(kind.debugDescription)")
            for other in ["a", "7", " ", "\n", "!", "▁"] {
                let text = run + Array(other.utf8) + run + Array(other.utf8)
                #expect(
                    steps(text, scheme) <= 6 * text.count + 16,
                    "\(kind.debugDescription) and \(other.debugDescription)")
            }
        }
    }

    /// A million bytes without a digit, where every word once read them all.
    @Test func aMillionBytesWithoutADigit() {
        let text = Array(String(repeating: "word ", count: 200_000).utf8)
        #expect(steps(text, .digitsThenGPT2) <= 3 * text.count)
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
            let words = scan(text, .digitsThenGPT2).map { Array($0.unicodeScalars) }
            #expect(words == expected.map { Array($0.unicodeScalars) }, "\(text.debugDescription)")
        }
    }

    @Test(arguments: [PreTokenizer.gpt2, .words(numbers: 1), .words(numbers: 3)])
    func equalsTheExpression(scheme: PreTokenizer) {
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

    @Test func knownCuts() {
        #expect(scan("I'll  go\n", .gpt2) == ["I", "'ll", " ", " go", "\n"])
        #expect(scan("I'LL 1234", .words(numbers: 3)) == ["I", "'LL", " ", "123", "4"])
        #expect(scan("a\r\n  b", .words(numbers: 1)) == ["a", "\r\n", " ", " b"])
        #expect(scan("x 12 y", .digitsThenGPT2) == ["x", " ", "1", "2", " y"])
        #expect(scan("▁▁a▁b", .metaspace) == ["▁", "▁a", "▁b"])
        #expect(scan("▁▁a▁b", .metaspaceRuns) == ["▁▁a", "▁b"])
        #expect(scan("a▁▁", .metaspaceRuns) == ["a", "▁▁"])
    }

    @Test func classesAgreeWithTheStandardLibraryBelowTheAstralPlanes() {
        for code in UInt32(0)..<0x600 {
            guard let scalar = Unicode.Scalar(code) else { continue }
            var expected: UInt8 = 0
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter,
                .otherLetter:
                expected = CharacterClass.letter
            case .decimalNumber, .letterNumber, .otherNumber: expected = CharacterClass.number
            default: expected = scalar.properties.isWhitespace ? CharacterClass.space : 0
            }
            #expect(bits(scalar) & CharacterClass.notOther == expected, "U+\(code)")
        }
    }
}
