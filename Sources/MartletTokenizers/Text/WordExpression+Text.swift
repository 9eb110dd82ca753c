// Expressions written out again, for files that others read.

extension WordExpression {
    /// A text that ``init(_:)`` reads as the same expression, in the dialect of the `tokenizers` library; nil for what
    /// has none.
    var text: String? {
        if case .runs(let runs) = self { return runs.text }
        return WordExpression.known.first { $0.expression == self }?.text
    }
}

extension CharacterRuns {
    /// A text that ``init(expression:)`` reads as the same; nil where a set has no name in expressions.
    var text: String? {
        var alternatives: [String] = []
        for run in runs {
            guard let set = run.set.text else { return nil }
            var text = set
            if let prefix = run.prefix {
                guard let before = prefix.text else { return nil }
                text = before + "?" + text
            }
            switch (run.minimum, run.maximum) {
            case (1, 1): break
            case (1, .max): text += "+"
            case (let least, .max): text += "{\(least),}"
            case (let least, let most): text += least == most ? "{\(least)}" : "{\(least),\(most)}"
            }
            alternatives.append(text)
        }
        return alternatives.joined(separator: "|")
    }
}

extension CharacterSet {
    /// Classes that have names, those that hold others first.
    private static let names: [(name: String, bits: CharacterClass.Bits)] = [
        (#"\p{L}"#, CharacterClass.letter), (#"\p{Ll}"#, CharacterClass.lower),
        (#"\p{M}"#, CharacterClass.mark), (#"\p{N}"#, CharacterClass.number),
        (#"\p{Nd}"#, CharacterClass.digit), (#"\p{P}"#, CharacterClass.punctuation),
        (#"\p{S}"#, CharacterClass.symbol), (#"\s"#, CharacterClass.space),
        (#"\w"#, CharacterClass.word), (#"\p{Han}"#, CharacterClass.han),
    ]

    /// The set in brackets, or the name of its only class; nil where it has a class without a name.
    fileprivate var text: String? {
        var left = classes
        var parts: [String] = []
        for (name, bits) in Self.names where left & bits == bits {
            left &= ~bits
            parts.append(name)
        }
        guard left == 0 else { return nil }
        if parts.count == 1, scalars.ranges.isEmpty, !isInverted { return parts[0] }
        for range in scalars.ranges {
            guard let first = Self.text(range.lowerBound), let last = Self.text(range.upperBound)
            else { return nil }
            parts.append(range.count == 1 ? first : first + "-" + last)
        }
        return "[" + (isInverted ? "^" : "") + parts.joined() + "]"
    }

    private static func text(_ code: UInt32) -> String? {
        switch code {
        case 9: return #"\t"#
        case 10: return #"\n"#
        case 13: return #"\r"#
        default:
            guard let scalar = Unicode.Scalar(code) else { return nil }
            let needsEscape = #"\[]^-&"#.unicodeScalars.contains(scalar)
            return (needsEscape ? #"\"# : "") + String(Character(scalar))
        }
    }
}
