// The scanners of GPT-4o's kind, which look at capitals, and DeepSeek's, which looks at punctuation.

extension ScannedText {
    @inline(__always)
    func endOfCasedWord(from start: Int, to end: Int, _ rules: WordExpression.CasedRules)
        -> Int
    {
        let (bits, length) = character(at: start)
        if rules.han, bits & CharacterClass.han != 0 {
            return endOfRun(CharacterClass.han, from: start, to: end)
        }
        let second = start &+ length
        let excluded = rules.han ? CharacterClass.han : 0
        let isPrefix = bits & CharacterClass.notPrefix == 0 && second < end
        if isPrefix {
            let found = endOfSmallWord(from: second, to: end, excluded)
            if found > second { return withContraction(found, to: end, rules) }
        }
        if bits & (CharacterClass.letter | CharacterClass.mark) != 0 {
            let found = endOfSmallWord(from: start, to: end, excluded)
            if found > start { return withContraction(found, to: end, rules) }
        }
        // What is left are capitals alone.
        if isPrefix {
            let found = endOfCapitals(from: second, to: end, excluded)
            if found > second { return withContraction(found, to: end, rules) }
        }
        if bits & CharacterClass.upper != 0 {
            return withContraction(
                endOfCapitals(from: start, to: end, excluded), to: end, rules)
        }
        if bits & CharacterClass.number != 0 {
            return endOfNumbers(from: second, to: end, atMost: rules.numbers)
        }
        let isSpaceBeforeSymbol =
            byte(at: start) == UInt8(ascii: " ") && second < end
            && character(at: second).bits & CharacterClass.notOther == 0
        if bits & CharacterClass.space == 0 || isSpaceBeforeSymbol {
            let symbols = endOfRun(without: CharacterClass.notOther, from: second, to: end)
            return rules.slashes
                ? endOfSlashes(from: symbols, to: end)
                : endOfRun(CharacterClass.newline, from: symbols, to: end)
        }
        return endOfLines(from: start, to: end)
    }

    /// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+` without backtracking: capitals and what both
    /// sets have, then small letters; where none follow, up to the last character of both sets.
    @inline(__always)
    private func endOfSmallWord(
        from start: Int, to end: Int, _ excluded: CharacterClass.Bits
    ) -> Int {
        let both = CharacterClass.otherLetter | CharacterClass.mark
        var position = start
        var afterBoth = start
        while position < end {
            let (bits, length) = character(at: position)
            if bits & excluded != 0 { break }
            if bits & CharacterClass.lower != 0 {
                position &+= length
                while position < end {
                    let (bits, length) = character(at: position)
                    if bits & (both | CharacterClass.lower) == 0 || bits & excluded != 0 { break }
                    position &+= length
                }
                return position
            }
            if bits & (both | CharacterClass.upper) == 0 { break }
            position &+= length
            if bits & both != 0 { afterBoth = position }
        }
        return afterBoth
    }

    @inline(__always)
    private func endOfCapitals(from start: Int, to end: Int, _ excluded: CharacterClass.Bits) -> Int
    {
        let set = CharacterClass.upper | CharacterClass.otherLetter | CharacterClass.mark
        var position = start
        while position < end {
            let (bits, length) = character(at: position)
            if bits & set == 0 || bits & excluded != 0 { break }
            position &+= length
        }
        return position
    }

    @inline(__always)
    private func withContraction(_ position: Int, to end: Int, _ rules: WordExpression.CasedRules)
        -> Int
    {
        guard rules.contractions, position < end, byte(at: position) == UInt8(ascii: "'") else {
            return position
        }
        return position &+ contraction(at: position, to: end, ignoringCase: true)
    }

    /// DeepSeek V3's last expression, which leaves some characters out.
    func endOfPunctuatedWord(from start: Int, to end: Int) -> Int {
        let letters = CharacterClass.letter | CharacterClass.mark
        let symbols = CharacterClass.punctuation | CharacterClass.symbol
        let (bits, length) = character(at: start)
        let second = start &+ length
        let next = second < end ? character(at: second) : (bits: 0, length: 0)
        if bits & symbols != 0, length == 1, 0x21...0x7E ~= byte(at: start), second < end,
            0x61...0x7A ~= byte(at: second) | 0x20
        {
            var position = second
            while position < end, 0x61...0x7A ~= byte(at: position) | 0x20 { position &+= 1 }
            return position
        }
        if bits & letters != 0 { return endOfRun(letters, from: second, to: end) }
        if bits & (CharacterClass.newline | symbols) == 0, next.bits & letters != 0 {
            return endOfRun(letters, from: second, to: end)
        }
        if bits & symbols != 0 || byte(at: start) == UInt8(ascii: " ") && next.bits & symbols != 0 {
            let after = endOfRun(symbols, from: second, to: end)
            return endOfRun(CharacterClass.newline, from: after, to: end)
        }
        return bits & CharacterClass.space != 0 ? endOfLines(from: start, to: end) : start
    }
}
