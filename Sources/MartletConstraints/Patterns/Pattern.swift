/// Regular expressions as a tree.

/// A regular expression.
indirect enum Pattern: Hashable, Sendable {
    case empty
    case scalars(ScalarSet)
    case sequence([Pattern])
    case choice([Pattern])
    /// `most` is nil where there is no bound.
    case repetition(Pattern, least: Int, most: Int?)
    /// `^`
    case start
    /// `$`
    case end
}

/// Reads the expressions of ECMAScript (with the flag `u`), as JSON schemas have them.
///
/// What is not regular (lookaround, references to groups, word boundaries) is refused by name.
struct PatternParser {
    private let scalars: [UInt32]
    private var position = 0
    private let place: String
    private var depth = 0
    private static let maximumDepth = 100
    private static let maximumLength = 20_000
    /// The largest number in braces.
    static let maximumCount = 1_000_000

    private init(_ text: String, place: String) {
        scalars = text.unicodeScalars.map(\.value)
        self.place = place
    }

    static func parse(_ text: String, place: String) throws(ConstraintError) -> Pattern {
        var parser = PatternParser(text, place: place)
        guard parser.scalars.count <= maximumLength else {
            throw parser.error(
                "\(parser.scalars.count) characters, expected at most \(maximumLength)")
        }
        let pattern = try parser.choice()
        if parser.position < parser.scalars.count { throw parser.error("a ) that closes nothing") }
        return pattern
    }

    private func error(_ problem: String) -> ConstraintError {
        ConstraintError(
            place: place, problem: "regular expression, character \(position): \(problem)")
    }

    private func peek(_ offset: Int = 0) -> Character? {
        guard position + offset < scalars.count,
            let scalar = Unicode.Scalar(scalars[position + offset])
        else { return nil }
        return Character(scalar)
    }

    private mutating func take(_ character: Character) -> Bool {
        guard peek() == character else { return false }
        position += 1
        return true
    }

    private mutating func choice() throws(ConstraintError) -> Pattern {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else {
            throw error("groups nest deeper than \(Self.maximumDepth)")
        }
        var parts = [try sequence()]
        while take("|") { parts.append(try sequence()) }
        return parts.count == 1 ? parts[0] : .choice(parts)
    }

    private mutating func sequence() throws(ConstraintError) -> Pattern {
        var parts: [Pattern] = []
        while let next = peek(), next != "|", next != ")" {
            let atom = try atom()
            parts.append(try quantified(atom))
        }
        return parts.isEmpty ? .empty : parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func quantified(_ atom: Pattern) throws(ConstraintError) -> Pattern {
        let bounds: (least: Int, most: Int?)
        switch peek() {
        case "*": bounds = (0, nil)
        case "+": bounds = (1, nil)
        case "?": bounds = (0, 1)
        case "{":
            position += 1
            let least = try number()
            var most: Int? = least
            if take(",") { most = peek() == "}" ? nil : try number() }
            guard peek() == "}" else { throw error("expected } after the numbers of a repetition") }
            if let most, most < least { throw error("a repetition from \(least) to \(most)") }
            bounds = (least, most)
        default: return atom
        }
        position += 1
        // Which of several ways matches does not matter here.
        _ = take("?")
        if atom == .start || atom == .end { throw error("a repeated anchor") }
        if let next = peek(), "*+?{".contains(next) {
            throw error("nothing to repeat before \(next)")
        }
        return .repetition(atom, least: bounds.least, most: bounds.most)
    }

    private mutating func number() throws(ConstraintError) -> Int {
        var value: Int?
        while let digit = peek()?.wholeNumberValue, peek()?.isASCII == true {
            value = (value ?? 0) * 10 + digit
            guard value ?? 0 <= Self.maximumCount else {
                throw error("a repetition of more than \(Self.maximumCount)")
            }
            position += 1
        }
        guard let value else { throw error("expected a number in a repetition") }
        return value
    }

    private mutating func atom() throws(ConstraintError) -> Pattern {
        guard let next = peek() else { return .empty }
        switch next {
        case "^":
            position += 1
            return .start
        case "$":
            position += 1
            return .end
        case ".":
            position += 1
            return .scalars(ScalarSet.lineEnds.inverted)
        case "[": return .scalars(try set())
        case "(":
            position += 1
            try groupKind()
            let inner = try choice()
            guard take(")") else { throw error("a group without its )") }
            return inner
        case "\\":
            position += 1
            return .scalars(try escape(inSet: false))
        case "*", "+", "?", "{": throw error("nothing to repeat before \(next)")
        case "]", "}": throw error("\(next) must be written \\\(next)")
        default:
            position += 1
            return .scalars(.scalar(scalars[position - 1]))
        }
    }

    private mutating func groupKind() throws(ConstraintError) {
        guard take("?") else { return }
        if take(":") { return }
        if take("<"), let next = peek(), next != "=", next != "!" {
            while let character = peek(), character != ">" {
                guard character.isLetter || character.isNumber || character == "_" else {
                    throw error("a group's name with \(character)")
                }
                position += 1
            }
            guard take(">") else { throw error("a group's name without its >") }
            return
        }
        throw error("lookaround and flags are not supported; write the expression without them")
    }

    private mutating func set() throws(ConstraintError) -> ScalarSet {
        position += 1
        let isInverted = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        while !take("]") {
            guard peek() != nil else { throw error("a set without its ]") }
            let low = try setMember()
            guard peek() == "-", peek(1) != nil, peek(1) != "]" else {
                ranges += low.ranges
                continue
            }
            position += 1
            let high = try setMember()
            guard let first = low.single, let last = high.single else {
                throw error("a range between sets of characters")
            }
            guard first <= last else { throw error("a range that runs backwards") }
            ranges.append(first...last)
        }
        let set = ScalarSet(ranges).intersection(.all)
        return isInverted ? set.inverted : set
    }

    private mutating func setMember() throws(ConstraintError) -> ScalarSet {
        if take("\\") { return try escape(inSet: true) }
        guard position < scalars.count else { throw error("a set without its ]") }
        position += 1
        return .scalar(scalars[position - 1])
    }

    private mutating func escape(inSet: Bool) throws(ConstraintError) -> ScalarSet {
        guard let next = peek() else { throw error("a backslash at the end") }
        position += 1
        switch next {
        case "d": return .digits
        case "D": return ScalarSet.digits.inverted
        case "w": return .wordCharacters
        case "W": return ScalarSet.wordCharacters.inverted
        case "s": return .spaces
        case "S": return ScalarSet.spaces.inverted
        case "t": return .scalar(9)
        case "n": return .scalar(10)
        case "v": return .scalar(11)
        case "f": return .scalar(12)
        case "r": return .scalar(13)
        case "0" where peek()?.isNumber != true: return .scalar(0)
        case "b" where inSet: return .scalar(8)
        case "x": return .scalar(try hexadecimal(2))
        case "u": return .scalar(try unicodeEscape())
        case "c":
            guard let letter = peek(), letter.isASCII, letter.isLetter, let code = letter.asciiValue
            else { throw error("\\c without a letter") }
            position += 1
            return .scalar(UInt32(code & 31))
        case "p", "P": return try property(isInverted: next == "P")
        case "b", "B":
            throw error("word boundaries are not supported; write what surrounds the word")
        case "k", "1"..."9": throw error("references to groups are not supported; repeat the group")
        default:
            guard next.isASCII, !next.isLetter, !next.isNumber else {
                throw error("the escape \\\(next) is not known")
            }
            return .scalar(scalars[position - 1])
        }
    }

    private mutating func hexadecimal(_ count: Int) throws(ConstraintError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let digit = peek()?.hexDigitValue, peek()?.isASCII == true else {
                throw error("expected \(count) hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private mutating func unicodeEscape() throws(ConstraintError) -> UInt32 {
        var value: UInt32 = 0
        if take("{") {
            var digits = 0
            while let digit = peek()?.hexDigitValue, digits < 6 {
                value = value << 4 | UInt32(digit)
                position += 1
                digits += 1
            }
            guard digits > 0, take("}") else { throw error("expected \\u{…} with up to 6 digits") }
        } else {
            value = try hexadecimal(4)
            if (0xD800...0xDBFF).contains(value), peek() == "\\", peek(1) == "u" {
                position += 2
                let low = try hexadecimal(4)
                guard (0xDC00...0xDFFF).contains(low) else {
                    throw error("half of a surrogate pair")
                }
                value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
            }
        }
        guard Unicode.Scalar(value) != nil else { throw error("an escape that is no character") }
        return value
    }

    private mutating func property(isInverted: Bool) throws(ConstraintError) -> ScalarSet {
        guard take("{") else { throw error("\\p without {…}") }
        var name = ""
        while let next = peek(), next != "}", name.count < 64 {
            name.append(next)
            position += 1
        }
        guard take("}") else { throw error("\\p{ without its }") }
        guard let set = ScalarSet.property(name) else {
            throw error(
                "the property \\p{\(name)} is not supported; use a general category such as L or Nd"
            )
        }
        return isInverted ? set.inverted : set
    }
}

extension ScalarSet {
    /// The one scalar of the set.
    fileprivate var single: UInt32? {
        guard ranges.count == 1, ranges[0].count == 1 else { return nil }
        return ranges[0].lowerBound
    }
}
