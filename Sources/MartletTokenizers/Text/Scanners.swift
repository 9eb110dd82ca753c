// Where words end: hand-written scanners equal to the expressions of published tokenizers.

extension ScannedText {
    /// The end of the match of an expression at `start`, or `start` where it does not match there; `start < end`.
    ///
    /// Groups of three digits, places and what stands at the end of a text need to be found in one pass
    /// (`forEachMatch`) and have no match here.
    @inline(__always)
    func endOfMatch(_ expression: WordExpression, from start: Int, to end: Int) -> Int {
        switch expression {
        case .gpt2: endOfGPT2Word(from: start, to: end)
        case .words(let rules): endOfModernWord(from: start, to: end, rules)
        case .cased(let rules): endOfCasedWord(from: start, to: end, rules)
        case .punctuated: endOfPunctuatedWord(from: start, to: end)
        case .runs(let runs): runs.endOfMatch(self, from: start, to: end)
        case .literal(let bytes): endOfLiteral(bytes, from: start, to: end)
        case .metaspace: nextMetaspace(from: start, to: end, runs: false)
        case .metaspaceRuns: nextMetaspace(from: start, to: end, runs: true)
        case .threes, .trailingSpaces: start
        }
    }

    /// Every match in order; they do not overlap, and places have no length.
    @inline(__always)
    func forEachMatch(
        _ expression: WordExpression, from start: Int, to end: Int, _ body: (Int, Int) -> Void
    ) {
        switch expression {
        case .threes(let rules): forEachThree(rules, from: start, to: end, body)
        case .trailingSpaces: forEachLastSpaces(from: start, to: end, body)
        default:
            var position = start
            while position < end {
                let found = endOfMatch(expression, from: position, to: end)
                if found > position {
                    body(position, found)
                    position = found
                } else {
                    position &+= character(at: position).length
                }
            }
        }
    }

    /// `\s+$`: white space up to the end of the text or to the last line feed of its run, which stands before an end
    /// of a line.
    private func forEachLastSpaces(from start: Int, to end: Int, _ body: (Int, Int) -> Void) {
        var position = start
        while position < end {
            let first = position
            var lastBreak = position
            while position < end {
                let (bits, length) = character(at: position)
                if bits & CharacterClass.space == 0 { break }
                if byte(at: position) == 0x0A { lastBreak = position }
                position &+= length
            }
            if position > first {
                let last = position == end ? end : lastBreak
                if last > first { body(first, last) }
            }
            if position < end { position &+= character(at: position).length }
        }
    }

    private func endOfLiteral(_ bytes: [UInt8], from start: Int, to end: Int) -> Int {
        guard start &+ bytes.count <= end else { return start }
        for index in bytes.indices where byte(at: start &+ index) != bytes[index] { return start }
        return start &+ bytes.count
    }

    /// Groups of three digits from the end of a number: as matches, where the number ends a word, or as the places
    /// before them.
    private func forEachThree(
        _ rules: WordExpression.ThreeRules, from start: Int, to end: Int, _ body: (Int, Int) -> Void
    ) {
        var position = start
        while position < end {
            let (bits, length) = character(at: position)
            guard bits & CharacterClass.digit != 0 else {
                position &+= length
                continue
            }
            var count = 0
            let first = position
            while position < end {
                let (bits, length) = character(at: position)
                if bits & CharacterClass.digit == 0 { break }
                position &+= length
                count &+= 1
            }
            if rules == .groups, position < end,
                character(at: position).bits & CharacterClass.word != 0
            {
                continue
            }
            var left = count
            var at = first
            while left > 0 {
                let taken = left % 3 == 0 ? 3 : left % 3
                var next = at
                for _ in 0..<taken { next &+= character(at: next).length }
                if rules == .groups {
                    body(at, next)
                } else if left % 3 == 0 {
                    body(at, at)
                }
                at = next
                left -= taken
            }
        }
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d` at an apostrophe: its length in bytes, or 0.
    @inline(__always)
    func contraction(at start: Int, to end: Int, ignoringCase: Bool) -> Int {
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

    /// White space: `\s+(?!\S)|\s+`. All of a run at the end of the text, else all but its last character, which
    /// belongs to what follows; a run of one is a word.
    @inline(__always)
    private func endOfSpaces(from start: Int, to end: Int) -> Int {
        var position = start
        var last = start
        while position < end {
            let (bits, length) = character(at: position)
            if bits & CharacterClass.space == 0 { return last > start ? last : position }
            last = position
            position &+= length
        }
        return position
    }

    /// White space with line breaks: `\s*[\r\n]+|\s+(?!\S)|\s+`.
    @inline(__always)
    func endOfLines(from start: Int, to end: Int, keepsLast: Bool = false) -> Int {
        // `\s*[\r\n]+` reaches to the last line break of the run of white space.
        var position = start
        var last = start
        var afterNewline = start
        while position < end {
            let (bits, length) = character(at: position)
            if bits & CharacterClass.space == 0 {
                if afterNewline > start { return afterNewline }
                return last > start ? last : position
            }
            last = position
            position &+= length
            if bits & CharacterClass.newline != 0 { afterNewline = position }
        }
        return afterNewline > start && !keepsLast ? afterNewline : position
    }

    @inline(__always)
    private func endOfGPT2Word(from start: Int, to end: Int) -> Int {
        if byte(at: start) == UInt8(ascii: "'") {
            let length = contraction(at: start, to: end, ignoringCase: false)
            if length > 0 { return start &+ length }
        }
        var position = start
        var (bits, length) = character(at: position)
        if byte(at: start) == UInt8(ascii: " "), start &+ 1 < end {
            position &+= 1
            (bits, length) = character(at: position)
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
        return endOfSpaces(from: start, to: end)
    }

    @inline(__always)
    func endOfNumbers(from start: Int, to end: Int, atMost limit: Int) -> Int {
        var position = start
        var taken = 1
        while taken < limit, position < end {
            let (next, length) = character(at: position)
            if next & CharacterClass.number == 0 { break }
            position &+= length
            taken &+= 1
        }
        return position
    }

    @inline(__always)
    private func endOfModernWord(from start: Int, to end: Int, _ rules: WordExpression.WordRules)
        -> Int
    {
        if byte(at: start) == UInt8(ascii: "'"), rules.contractions {
            let length = contraction(at: start, to: end, ignoringCase: true)
            if length > 0 { return start &+ length }
        }
        let (bits, length) = character(at: start)
        let second = start &+ length
        if bits & rules.letters != 0 { return endOfLetters(from: second, to: end, rules) }
        if bits & CharacterClass.number != 0 {
            return endOfNumbers(from: second, to: end, atMost: rules.numbers)
        }
        if second < end {
            let (next, nextLength) = character(at: second)
            if bits & CharacterClass.notPrefix == 0, next & rules.letters != 0 {
                return endOfLetters(from: second &+ nextLength, to: end, rules)
            }
            if byte(at: start) == UInt8(ascii: " "), next & rules.notSymbols == 0 {
                return endOfSymbols(from: second &+ nextLength, to: end, rules)
            }
        }
        if bits & CharacterClass.space == 0 {
            return endOfSymbols(from: second, to: end, rules)
        }
        return endOfLines(from: start, to: end, keepsLast: rules.keepsLastSpaces)
    }

    /// The rest of a run of letters, the first of which is before `start`.
    @inline(__always)
    private func endOfLetters(from start: Int, to end: Int, _ rules: WordExpression.WordRules)
        -> Int
    {
        guard rules.phrases else { return endOfRun(rules.letters, from: start, to: end) }
        // `\p{L}\p{M}*(?: \p{L}\p{M}*)*`, again and again.
        let inside = CharacterClass.letter | CharacterClass.mark
        var position = start
        while true {
            position = endOfRun(inside, from: position, to: end)
            guard position &+ 1 < end, byte(at: position) == UInt8(ascii: " "),
                character(at: position &+ 1).bits & CharacterClass.letter != 0
            else { return position }
            position &+= 1
        }
    }

    /// The rest of `[^\s\p{L}\p{N}]+[\r\n]*`.
    @inline(__always)
    private func endOfSymbols(from start: Int, to end: Int, _ rules: WordExpression.WordRules)
        -> Int
    {
        let symbols = endOfRun(without: rules.notSymbols, from: start, to: end)
        switch rules.tail {
        case .newlines: return endOfRun(CharacterClass.newline, from: symbols, to: end)
        case .slashes: return endOfSlashes(from: symbols, to: end)
        case .none: return symbols
        case .oneSlash:
            return symbols < end
                && (character(at: symbols).bits & CharacterClass.newline != 0
                    || byte(at: symbols) == UInt8(ascii: "/"))
                ? symbols &+ 1 : symbols
        }
    }

    /// `[\r\n/]*`.
    @inline(__always)
    func endOfSlashes(from start: Int, to end: Int) -> Int {
        var position = start
        while position < end {
            let (bits, length) = character(at: position)
            guard bits & CharacterClass.newline != 0 || byte(at: position) == UInt8(ascii: "/")
            else { break }
            position &+= length
        }
        return position
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
