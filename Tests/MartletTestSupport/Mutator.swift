/// Valid inputs made invalid, or valid in another way: what a damaged disk, a careless editor or an enemy would do.

/// Makes mutants of bytes. It knows no format, only what bytes look like: words, numbers, quoted texts.
package struct Mutator {
    private var generator: SeededGenerator

    /// The same mutants for the same seed.
    package init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// Numbers at the ends of their types and beyond, and what is spelt like one.
    private static let numbers = [
        "-9223372036854775808", "9223372036854775807", "9223372036854775808",
        "18446744073709551615", "18446744073709551616", "4294967296", "2147483647", "-2147483649",
        "1e309", "-1e309", "1e308", "4.9e-324", "1e-400", "-0", "-0.0", "0", "-1", "0.5", "1",
        "NaN", "nan", ".nan", ".inf", "0o7", "0x7fffffffffffffff", "Infinity", "-inf", "0x10",
        "1_000", "007", "1e", "+1", ".5", "5.",
        "1e99999999999999999999", String(repeating: "9", count: 400),
        "0." + String(repeating: "0", count: 400) + "1", "١٢", "½",
    ]

    /// Pieces of text that formats give a meaning.
    private static let pieces = [
        "null", "true", "[]", "{}", "\"\"", "\"", "'", "\\", "\\u0000", "\\ud800", "\\u", ",", ":",
        "=", "(", ")", "[", "]", "{", "}", "&x ", "*x", "!!int ", "? ", "- ", "---\n", "#", "|\n",
        "\n", "\r\n", "\t", "\u{0}", "\u{1B}[2J", "\u{FEFF}", "\u{301}", "\u{202E}", "🦙", "/",
        "../", "%s", "%",
    ]

    /// A mutant of `bytes`; `other` is a valid input of the same kind, of which parts may be taken.
    package mutating func mutate(_ bytes: [UInt8], with other: [UInt8]) -> [UInt8] {
        var mutant = bytes
        for _ in 0..<1 + generator.below(3) { change(&mutant, other) }
        return mutant
    }

    private mutating func change(_ bytes: inout [UInt8], _ other: [UInt8]) {
        guard !bytes.isEmpty else {
            bytes = piece()
            return
        }
        switch generator.below(13) {
        case 0:  // bits flip
            for _ in 0..<1 + generator.below(4) {
                bytes[generator.below(bytes.count)] ^= 1 << UInt8(generator.below(8))
            }
        case 1: bytes[generator.below(bytes.count)] = UInt8(generator.below(256))
        case 2: bytes.removeSubrange(stretch(of: bytes))
        case 3:  // a stretch comes twice, or often
            let range = stretch(of: bytes)
            let part = Array(bytes[range])
            let times = generator.below(10) == 0 ? 1 + 4000 / max(1, part.count) : 1
            for _ in 0..<times { bytes.insert(contentsOf: part, at: range.upperBound) }
        case 4:  // a stretch over another
            let (from, to) = (stretch(of: bytes), stretch(of: bytes))
            let part = Array(bytes[from])
            bytes.replaceSubrange(to, with: part)
        case 5: bytes.removeLast(generator.below(bytes.count))
        case 6:  // a word for another
            let word = Array(other[Self.word(in: other, at: place(in: other))])
            bytes.replaceSubrange(Self.word(in: bytes, at: place(in: bytes)), with: word)
        case 7, 8:  // a number for another
            guard let range = number(in: bytes) else { return }
            bytes.replaceSubrange(
                range, with: Self.numbers[generator.below(Self.numbers.count)].utf8)
        case 9: bytes.insert(contentsOf: piece(), at: generator.below(bytes.count + 1))
        case 10:  // deep nesting
            let depth = 1 << generator.below(13)
            let opening = ["[", "{\"a\":", "(", "- ", "a(", "{"][generator.below(6)]
            bytes.insert(
                contentsOf: Array(repeatElement(opening, count: depth).joined().utf8),
                at: generator.below(bytes.count + 1))
        case 11:  // a length or an offset lies
            let lengths: [UInt64] = [
                .max, 1 << 63, 1 << 62, 1 << 32, UInt64(bytes.count), UInt64(bytes.count) + 1, 0, 8,
                generator.next(),
            ]
            let value = lengths[generator.below(lengths.count)]
            let first = generator.below(3) == 0 ? 0 : generator.below(bytes.count)
            for byte in 0..<min(8, bytes.count - first) {
                bytes[first + byte] = UInt8(truncatingIfNeeded: value >> UInt64(8 * byte))
            }
        default:  // a digit for another
            guard let range = number(in: bytes) else { return }
            bytes[range.lowerBound] = UInt8(48 + generator.below(10))
        }
    }

    private mutating func piece() -> [UInt8] {
        Array(Self.pieces[generator.below(Self.pieces.count)].utf8)
    }

    private mutating func place(in bytes: [UInt8]) -> Int {
        bytes.isEmpty ? 0 : generator.below(bytes.count)
    }

    private mutating func stretch(of bytes: [UInt8]) -> Range<Int> {
        guard !bytes.isEmpty else { return 0..<0 }
        let first = generator.below(bytes.count)
        return first..<min(bytes.count, first + 1 + generator.below(48))
    }

    /// The first number after a random place, from its sign or first digit to its last.
    private mutating func number(in bytes: [UInt8]) -> Range<Int>? {
        let start = place(in: bytes)
        guard
            let first = bytes[start...].firstIndex(where: Self.isDigit)
                ?? bytes[..<start].firstIndex(where: Self.isDigit)
        else { return nil }
        let end = bytes[first...].firstIndex { !Self.isDigit($0) && !".eE+-".utf8.contains($0) }
        return first..<(end ?? bytes.count)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    /// The quoted text, word, or single byte at a place.
    private static func word(in bytes: [UInt8], at place: Int) -> Range<Int> {
        guard !bytes.isEmpty else { return 0..<0 }
        let quote = UInt8(ascii: "\"")
        if bytes[place] == quote, let end = bytes[(place + 1)...].firstIndex(of: quote) {
            return place..<end + 1
        }
        func isWord(_ byte: UInt8) -> Bool {
            isDigit(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte > 127
                || "_.-+".utf8.contains(byte)
        }
        guard isWord(bytes[place]) else { return place..<place + 1 }
        let first = bytes[..<place].lastIndex { !isWord($0) }.map { $0 + 1 } ?? 0
        return first..<(bytes[place...].firstIndex { !isWord($0) } ?? bytes.count)
    }
}
