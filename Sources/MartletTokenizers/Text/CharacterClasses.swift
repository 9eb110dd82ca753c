// One byte of properties for every scalar, expanded once per process from run lengths.

/// Property bits of a scalar; a scalar with none of the first three is 'other' (`[^\s\p{L}\p{N}]`).
enum CharacterClass {
    static let letter: UInt8 = 1
    static let number: UInt8 = 2
    static let space: UInt8 = 4
    /// Carriage return and line feed.
    static let newline: UInt8 = 8
    /// May change under NFC beside other scalars.
    static let composing: UInt8 = 16
    /// Letter, number or space.
    static let notOther: UInt8 = 7
    /// Carriage return, line feed, letter or number: what Qwen's word prefix excludes.
    static let notPrefix: UInt8 = 11
}

/// Properties of scalars in a flat table of 210 kB: text touches a few cache lines of it.
///
/// Every class ends below U+32400; scalars above have no property bits.
struct CharacterClasses: Sendable {
    static let shared = CharacterClasses()
    static let limit = 0x32400

    let table: [UInt8]

    private init() {
        var table = [UInt8](repeating: 0, count: CharacterClasses.limit)
        func mark(_ runs: [UInt32], _ bit: UInt8) {
            var position = 0
            for index in stride(from: 0, to: runs.count, by: 2) {
                position += Int(runs[index])
                for _ in 0..<runs[index + 1] {
                    table[position] |= bit
                    position += 1
                }
            }
        }
        mark(UnicodeRanges.letters, CharacterClass.letter)
        mark(UnicodeRanges.numbers, CharacterClass.number)
        mark(UnicodeRanges.whitespace, CharacterClass.space)
        mark(UnicodeRanges.composing, CharacterClass.composing)
        table[0x0A] |= CharacterClass.newline
        table[0x0D] |= CharacterClass.newline
        self.table = table
    }
}

/// Text as scanners read it, so that what they read can be counted.
protocol ScannedText {
    /// The byte at `position`, which must be in the text.
    func byte(at position: Int) -> UInt8
    /// Class bits and length of the character at `position`, which must be in the text.
    func character(at position: Int) -> (bits: UInt8, length: Int)
}

/// Valid UTF-8 with the class table beside it, both borrowed for one encoding.
struct ClassifiedText: ScannedText {
    let base: UnsafePointer<UInt8>
    let count: Int
    let classes: UnsafePointer<UInt8>

    @inline(__always)
    func byte(at position: Int) -> UInt8 { base[position] }

    @inline(__always)
    func character(at position: Int) -> (bits: UInt8, length: Int) {
        let lead = base[position]
        if lead < 0x80 { return (classes[Int(lead)], 1) }
        let (scalar, length) = UTF8Text.scalar(base, position)
        return (scalar < UInt32(CharacterClasses.limit) ? classes[Int(scalar)] : 0, length)
    }
}

extension ScannedText {
    /// The end of the run of characters from `position` that have any of `bits`.
    @inline(__always)
    func endOfRun(_ bits: UInt8, from position: Int, to end: Int) -> Int {
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
    func endOfRun(without bits: UInt8, from position: Int, to end: Int) -> Int {
        var position = position
        while position < end {
            let (found, length) = character(at: position)
            if found & bits != 0 { break }
            position &+= length
        }
        return position
    }
}
