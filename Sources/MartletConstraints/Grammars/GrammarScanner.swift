/// Reading characters of a grammar, with the line in every error.

/// The characters of a grammar and a place among them.
struct GrammarScanner {
    private let scalars: [Unicode.Scalar]
    /// Where lines end.
    private let breaks: [Int]
    private(set) var position = 0
    private var depth = 0
    private static let maximumDepth = 100
    /// What begins a comment, to the end of its line.
    private let comment: String

    init(_ text: String, comment: String) {
        self.comment = comment
        scalars = Array(text.unicodeScalars)
        breaks = scalars.indices.filter { [scalars] in scalars[$0] == "\n" }
    }

    func error(_ problem: String) -> ConstraintError {
        // Every expression asks for its line, so it is not counted anew.
        var (low, high) = (0, breaks.count)
        while low < high {
            let middle = (low + high) / 2
            if breaks[middle] < position { low = middle + 1 } else { high = middle }
        }
        return ConstraintError(place: "grammar, line \(low + 1)", problem: problem)
    }

    func peek(_ offset: Int = 0) -> Unicode.Scalar? {
        position + offset < scalars.count ? scalars[position + offset] : nil
    }

    mutating func next() -> Unicode.Scalar? {
        guard let scalar = peek() else { return nil }
        position += 1
        return scalar
    }

    mutating func take(_ text: String) -> Bool {
        for (offset, scalar) in text.unicodeScalars.enumerated() where peek(offset) != scalar {
            return false
        }
        position += text.unicodeScalars.count
        return true
    }

    /// Goes past blanks and comments, and ends of lines where `lines` says so.
    mutating func skipSpace(lines: Bool) {
        while let scalar = peek() {
            if scalar == " " || scalar == "\t" || lines && (scalar == "\n" || scalar == "\r") {
                position += 1
            } else if take(comment) {
                while let next = peek(), next != "\n" { position += 1 }
            } else {
                return
            }
        }
    }

    /// The bytes of a text after its opening quote, and past the closing one.
    mutating func quoted() throws(ConstraintError) -> [UInt8] {
        var text = String.UnicodeScalarView()
        while let scalar = next() {
            if scalar == "\"" { return Array(String(text).utf8) }
            text.append(scalar == "\\" ? try escape() : scalar)
        }
        throw error("a text without its closing quote")
    }

    /// Goes one level deeper into groups.
    mutating func enter() throws(ConstraintError) {
        depth += 1
        guard depth <= Self.maximumDepth else {
            throw error("groups nest deeper than \(Self.maximumDepth); use rules")
        }
    }

    mutating func leave() { depth -= 1 }

    /// A name of letters, digits and the given characters; empty where there is none.
    mutating func name(_ others: String) -> String {
        var name = String.UnicodeScalarView()
        while let scalar = peek(),
            scalar.isASCII
                && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
                || others.unicodeScalars.contains(scalar), name.count < 200
        {
            name.append(scalar)
            position += 1
        }
        return String(name)
    }

    mutating func number() throws(ConstraintError) -> Int? {
        var value: Int?
        while let scalar = peek(), ("0"..."9").contains(scalar) {
            value = (value ?? 0) * 10 + Int(scalar.value - 48)
            guard value ?? 0 <= PatternParser.maximumCount else {
                throw error("a repetition of more than \(PatternParser.maximumCount)")
            }
            position += 1
        }
        return value
    }

    /// What a backslash and the characters after it stand for.
    mutating func escape() throws(ConstraintError) -> Unicode.Scalar {
        guard let letter = next() else { throw error("a backslash at the end") }
        switch letter {
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "x": return try hexadecimal(2)
        case "u": return try hexadecimal(4)
        case "U": return try hexadecimal(8)
        default:
            guard letter.isASCII, !letter.properties.isAlphabetic,
                letter.properties.numericType == nil
            else {
                throw error("the escape \\\(letter) is not known")
            }
            return letter
        }
    }

    private mutating func hexadecimal(_ count: Int) throws(ConstraintError) -> Unicode.Scalar {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let scalar = next(), scalar.isASCII, let digit = Character(scalar).hexDigitValue
            else {
                throw error("expected \(count) hexadecimal digits")
            }
            guard value < 1 << 28 else { throw error("an escape that is no character") }
            value = value << 4 | UInt32(digit)
        }
        guard let scalar = Unicode.Scalar(value) else {
            throw error("an escape that is no character")
        }
        return scalar
    }
}
