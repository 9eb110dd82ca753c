// Where words end: hand-written scanners equal to the regular expressions of published tokenizers.

/// How text is cut into words before BPE.
enum PreTokenizer: Sendable, Equatable {
    /// The whole text is one word.
    case whole
    /// GPT-2's expression.
    case gpt2
    /// Qwen2's (`numbers` 1) and Llama 3's (`numbers` 3) expression: they differ in `\p{N}{1,n}`.
    case words(numbers: Int)
    /// Every number character alone, GPT-2's expression between them (SmolLM).
    case digitsThenGPT2
    /// Before every `▁`.
    case metaspace
    /// Before every `▁` that follows something else. Not a published pre-tokenizer: it is what
    /// `whole` may be replaced by when no token has `▁` after another character.
    case metaspaceRuns

    static let gpt2Expression =
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    static let qwen2Expression =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"#
        + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    static let llama3Expression =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"#
        + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    /// The scanner for an expression, recognised by its exact spelling.
    init?(expression: String) {
        switch expression {
        case PreTokenizer.gpt2Expression: self = .gpt2
        case PreTokenizer.qwen2Expression: self = .words(numbers: 1)
        case PreTokenizer.llama3Expression: self = .words(numbers: 3)
        default: return nil
        }
    }
}

extension ScannedText {
    /// The end of the word that starts at `start`; `start < end`.
    @inline(__always)
    func endOfWord(_ scheme: PreTokenizer, from start: Int, to end: Int) -> Int {
        switch scheme {
        case .whole: end
        case .gpt2: endOfGPT2Word(from: start, to: end)
        case .words(let numbers): endOfModernWord(from: start, to: end, numbers: numbers)
        case .digitsThenGPT2:
            endOfGPT2Word(from: start, to: end, wall: CharacterClass.number)
        case .metaspace: nextMetaspace(from: start, to: end, runs: false)
        case .metaspaceRuns: nextMetaspace(from: start, to: end, runs: true)
        }
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d` at an apostrophe: its length in bytes, or 0.
    @inline(__always)
    private func contraction(at start: Int, to end: Int, ignoringCase: Bool) -> Int {
        guard start &+ 1 < end else { return 0 }
        let fold: UInt8 = ignoringCase ? 0x20 : 0
        switch byte(at: start &+ 1) | fold {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
            return 2
        case UInt8(ascii: "r"), UInt8(ascii: "v"):
            return start &+ 2 < end && byte(at: start &+ 2) | fold == UInt8(ascii: "e") ? 3 : 0
        case UInt8(ascii: "l"):
            return start &+ 2 < end && byte(at: start &+ 2) | fold == UInt8(ascii: "l") ? 3 : 0
        case 0xC5 | fold:
            // U+017F, the long s, is an s when case is ignored. 0xC5 | 0x20 is 0xE5.
            return ignoringCase && start &+ 2 < end && byte(at: start &+ 1) == 0xC5
                && byte(at: start &+ 2) == 0xBF ? 3 : 0
        default:
            return 0
        }
    }

    /// White space: `\s+(?!\S)|\s+`. All of a run at the end of the text or before the wall, else all
    /// but its last character, which belongs to what follows; a run of one is a word.
    @inline(__always)
    private func endOfSpaces(from start: Int, to end: Int, wall: UInt8 = 0) -> Int {
        var position = start
        var last = start
        while position < end {
            let (bits, length) = character(at: position)
            if bits & CharacterClass.space == 0 {
                return last > start && bits & wall == 0 ? last : position
            }
            last = position
            position &+= length
        }
        return position
    }

    /// Characters with a bit of `wall` are words of their own, and text ends before each of them.
    ///
    /// Where the wall stands is not looked for ahead: that would read a text without one to its end for
    /// every word.
    @inline(__always)
    private func endOfGPT2Word(from start: Int, to end: Int, wall: UInt8 = 0) -> Int {
        if byte(at: start) == UInt8(ascii: "'") {
            let length = contraction(at: start, to: end, ignoringCase: false)
            if length > 0 { return start &+ length }
        }
        var position = start
        var (bits, length) = character(at: position)
        if bits & wall != 0 { return position &+ length }
        if byte(at: start) == UInt8(ascii: " "), start &+ 1 < end {
            position &+= 1
            (bits, length) = character(at: position)
            if bits & wall != 0 { return position }
        }
        if bits & CharacterClass.letter != 0 {
            return endOfRun(CharacterClass.letter, from: position &+ length, to: end)
        }
        if bits & CharacterClass.number != 0 {
            return endOfRun(CharacterClass.number, from: position &+ length, to: end)
        }
        if bits & CharacterClass.space == 0 {
            return endOfRun(without: CharacterClass.notOther, from: position &+ length, to: end)
        }
        return endOfSpaces(from: start, to: end, wall: wall)
    }

    @inline(__always)
    private func endOfModernWord(from start: Int, to end: Int, numbers: Int) -> Int {
        if byte(at: start) == UInt8(ascii: "'") {
            let length = contraction(at: start, to: end, ignoringCase: true)
            if length > 0 { return start &+ length }
        }
        let (bits, length) = character(at: start)
        let second = start &+ length
        if bits & CharacterClass.letter != 0 {
            return endOfRun(CharacterClass.letter, from: second, to: end)
        }
        if bits & CharacterClass.number != 0 {
            var position = second
            var taken = 1
            while taken < numbers, position < end {
                let (next, length) = character(at: position)
                if next & CharacterClass.number == 0 { break }
                position &+= length
                taken &+= 1
            }
            return position
        }
        if second < end {
            let (next, nextLength) = character(at: second)
            if bits & CharacterClass.notPrefix == 0, next & CharacterClass.letter != 0 {
                return endOfRun(CharacterClass.letter, from: second &+ nextLength, to: end)
            }
            if byte(at: start) == UInt8(ascii: " "), next & CharacterClass.notOther == 0 {
                return endOfSymbols(from: second &+ nextLength, to: end)
            }
        }
        if bits & CharacterClass.space == 0 { return endOfSymbols(from: second, to: end) }
        // `\s*[\r\n]+` reaches to the last line break of the run of white space.
        var position = start
        var afterNewline = start
        while position < end {
            let (bits, length) = character(at: position)
            if bits & CharacterClass.space == 0 { break }
            position &+= length
            if bits & CharacterClass.newline != 0 { afterNewline = position }
        }
        return afterNewline > start ? afterNewline : endOfSpaces(from: start, to: end)
    }

    /// The rest of `[^\s\p{L}\p{N}]+[\r\n]*`.
    @inline(__always)
    private func endOfSymbols(from start: Int, to end: Int) -> Int {
        let symbols = endOfRun(without: CharacterClass.notOther, from: start, to: end)
        return endOfRun(CharacterClass.newline, from: symbols, to: end)
    }

    /// The next `▁` (E2 96 81) after the character at `start`; with `runs`, one that does not
    /// follow another.
    @inline(__always)
    private func nextMetaspace(from start: Int, to end: Int, runs: Bool) -> Int {
        var position = start
        var inRun = isMetaspace(at: start, to: end)
        position &+= inRun ? 3 : 1
        while position < end {
            if byte(at: position) == 0xE2, isMetaspace(at: position, to: end) {
                if !(runs && inRun) { return position }
                position &+= 3
            } else {
                inRun = false
                position &+= 1
            }
        }
        return end
    }

    @inline(__always)
    private func isMetaspace(at position: Int, to end: Int) -> Bool {
        position &+ 2 < end && byte(at: position) == 0xE2 && byte(at: position &+ 1) == 0x96
            && byte(at: position &+ 2) == 0x81
    }
}
