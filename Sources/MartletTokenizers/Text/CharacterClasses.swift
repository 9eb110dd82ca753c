// Two bytes of properties for every scalar, expanded once per process from run lengths.

/// Property bits of a scalar.
enum CharacterClass {
    typealias Bits = UInt16

    /// `[\p{Lu}\p{Lt}]`, `\p{Ll}`, `[\p{Lm}\p{Lo}]`.
    static let upper: Bits = 1
    static let lower: Bits = 2
    static let otherLetter: Bits = 4
    /// `\p{L}`.
    static let letter: Bits = upper | lower | otherLetter
    /// `\p{M}`.
    static let mark: Bits = 8
    /// `\d`, and the other numbers of `\p{N}`.
    static let digit: Bits = 16
    static let otherNumber: Bits = 32
    static let number: Bits = digit | otherNumber
    /// `\p{P}`.
    static let punctuation: Bits = 64
    /// `\p{S}`.
    static let symbol: Bits = 128
    /// `\s`.
    static let space: Bits = 256
    /// Carriage return and line feed.
    static let newline: Bits = 512
    /// `\w` of expressions.
    static let word: Bits = 1024
    /// `\p{Han}`.
    static let han: Bits = 2048
    /// What the pre-tokenizers Punctuation and Digits of `tokenizers` find: older versions of Unicode.
    static let isolated: Bits = 4096
    static let numeric: Bits = 8192
    /// May change under NFC beside other scalars.
    static let composing: Bits = 16384
    /// `\w` of the pre-tokenizer Whitespace and of added tokens that are single words.
    static let identifier: Bits = 32768

    /// Letter, number or space: what `[^\s\p{L}\p{N}]` excludes.
    static let notOther: Bits = letter | number | space
    /// Carriage return, line feed, letter or number: what Qwen's word prefix excludes.
    static let notPrefix: Bits = newline | letter | number
}

/// Properties of scalars in a flat table of 410 kB: text touches a few cache lines of it.
///
/// Scalars from `limit` up have no property bits, except for the variation selectors of plane 14.
struct CharacterClasses: Sendable {
    static let shared = CharacterClasses()
    static let limit = 0x32400
    /// The variation selectors U+E0100 to U+E01EF.
    static let selector = CharacterClass.mark | CharacterClass.word | CharacterClass.identifier

    let table: [CharacterClass.Bits]

    private init() {
        var table = [CharacterClass.Bits](repeating: 0, count: CharacterClasses.limit)
        func mark(_ runs: StaticString, _ bit: CharacterClass.Bits) {
            for range in ScalarSet(runs).ranges {
                for scalar in range where Int(scalar) < table.count { table[Int(scalar)] |= bit }
            }
        }
        mark(UnicodeRanges.upper, CharacterClass.upper)
        mark(UnicodeRanges.lower, CharacterClass.lower)
        mark(UnicodeRanges.otherLetters, CharacterClass.otherLetter)
        mark(UnicodeRanges.marks, CharacterClass.mark)
        mark(UnicodeRanges.numbers, CharacterClass.otherNumber)
        for range in ScalarSet(UnicodeRanges.digits).ranges {
            for scalar in range {
                table[Int(scalar)] ^= CharacterClass.digit | CharacterClass.otherNumber
            }
        }
        mark(UnicodeRanges.punctuation, CharacterClass.punctuation)
        mark(UnicodeRanges.symbols, CharacterClass.symbol)
        mark(UnicodeRanges.whitespace, CharacterClass.space)
        mark(UnicodeRanges.words, CharacterClass.word)
        mark(UnicodeRanges.identifiers, CharacterClass.identifier)
        mark(UnicodeRanges.han, CharacterClass.han)
        mark(UnicodeRanges.isolated, CharacterClass.isolated)
        mark(UnicodeRanges.numeric, CharacterClass.numeric)
        mark(UnicodeRanges.composing, CharacterClass.composing)
        table[0x0A] |= CharacterClass.newline
        table[0x0D] |= CharacterClass.newline
        self.table = table
    }

    /// The bits of a scalar that the table does not reach.
    @inline(never)
    static func bits(above scalar: UInt32) -> CharacterClass.Bits {
        0xE0100...0xE01EF ~= scalar ? selector : 0
    }
}

/// A set of scalars as ranges in ascending order.
struct ScalarSet: Sendable, Equatable {
    private(set) var ranges: [ClosedRange<UInt32>]

    /// The ranges may come in any order and overlap.
    init(_ ranges: [ClosedRange<UInt32>]) {
        self.ranges = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = self.ranges.last, range.lowerBound <= last.upperBound + 1 {
                self.ranges[self.ranges.count - 1] =
                    last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                self.ranges.append(range)
            }
        }
    }

    /// Alternating gaps and lengths.
    init(_ runs: StaticString) {
        let numbers = ScalarSet.numbers(runs)
        ranges = []
        var position: UInt32 = 0
        for index in stride(from: 0, to: numbers.count - 1, by: 2) {
            position += numbers[index]
            ranges.append(position...position + numbers[index + 1] - 1)
            position += numbers[index + 1]
        }
    }

    func contains(_ scalar: UInt32) -> Bool {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if scalar > ranges[middle].upperBound {
                low = middle + 1
            } else if scalar < ranges[middle].lowerBound {
                high = middle
            } else {
                return true
            }
        }
        return false
    }

    /// Numbers in base 36 with spaces between them.
    static func numbers(_ text: StaticString) -> [UInt32] {
        var numbers: [UInt32] = []
        text.withUTF8Buffer { text in
            var value: UInt32 = 0
            for byte in text {
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"):
                    value = value &* 36 &+ UInt32(byte &- 48)
                case UInt8(ascii: "a")...UInt8(ascii: "z"):
                    value = value &* 36 &+ UInt32(byte &- 87)
                default:
                    numbers.append(value)
                    value = 0
                }
            }
            if !text.isEmpty { numbers.append(value) }
        }
        return numbers
    }
}

/// Text as scanners read it, so that what they read can be counted.
protocol ScannedText {
    /// The byte at `position`, which must be in the text.
    func byte(at position: Int) -> UInt8
    /// Class bits and length of the character at `position`, which must be in the text.
    func character(at position: Int) -> (bits: CharacterClass.Bits, length: Int)
    /// The character at `position`, which must be in the text, and its length.
    func scalar(at position: Int) -> (UInt32, Int)
}

/// Valid UTF-8 with the class table beside it, both borrowed for one encoding.
struct ClassifiedText: ScannedText {
    let base: UnsafePointer<UInt8>
    let count: Int
    let classes: UnsafePointer<CharacterClass.Bits>

    @inline(__always)
    func byte(at position: Int) -> UInt8 { base[position] }

    @inline(__always)
    func character(at position: Int) -> (bits: CharacterClass.Bits, length: Int) {
        let lead = base[position]
        if lead < 0x80 { return (classes[Int(lead)], 1) }
        let (scalar, length) = UTF8Text.scalar(base, position)
        guard scalar < UInt32(CharacterClasses.limit) else {
            return (CharacterClasses.bits(above: scalar), length)
        }
        return (classes[Int(scalar)], length)
    }

    @inline(__always)
    func scalar(at position: Int) -> (UInt32, Int) { UTF8Text.scalar(base, position) }
}

/// Bytes read as the characters that spell them in GPT-2's alphabet, as steps after `ByteLevel` see them.
struct SpelledText: ScannedText {
    let base: UnsafePointer<UInt8>
    let classes: UnsafePointer<CharacterClass.Bits>
    let spelling: UnsafePointer<UInt32>

    /// The byte where it spells itself; nothing that a scanner looks for elsewhere.
    @inline(__always)
    func byte(at position: Int) -> UInt8 {
        0x21...0x7E ~= base[position] ? base[position] : 0
    }

    @inline(__always)
    func character(at position: Int) -> (bits: CharacterClass.Bits, length: Int) {
        (classes[Int(spelling[Int(base[position])])], 1)
    }

    @inline(__always)
    func scalar(at position: Int) -> (UInt32, Int) { (spelling[Int(base[position])], 1) }
}

extension ScannedText {
    /// The end of the run of characters from `position` that have any of `bits`.
    @inline(__always)
    func endOfRun(_ bits: CharacterClass.Bits, from position: Int, to end: Int) -> Int {
        var position = position
        while position < end {
            let (found, length) = character(at: position)
            if found & bits == 0 { break }
            position &+= length
        }
        return position
    }

    /// The end of the run of characters from `position` that have none of `bits`.
    @inline(__always)
    func endOfRun(without bits: CharacterClass.Bits, from position: Int, to end: Int) -> Int {
        var position = position
        while position < end {
            let (found, length) = character(at: position)
            if found & bits != 0 { break }
            position &+= length
        }
        return position
    }
}
