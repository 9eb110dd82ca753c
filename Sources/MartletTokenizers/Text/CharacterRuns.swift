// Expressions that match runs of characters of one set: read from their text, linear whatever they say.

/// A set of characters: classes and single ranges, or all but these.
struct CharacterSet: Sendable, Equatable {
    private(set) var classes: CharacterClass.Bits = 0
    private var ranges: [ClosedRange<UInt32>] = []
    private(set) var scalars = ScalarSet([])
    var isInverted = false
    /// Which of the first 128 characters are in the set, `isInverted` included; made by `finish`.
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    init(classes: CharacterClass.Bits = 0, isInverted: Bool = false) {
        self.classes = classes
        self.isInverted = isInverted
        finish()
    }

    mutating func insert(_ bits: CharacterClass.Bits) { classes |= bits }
    mutating func insert(_ range: ClosedRange<UInt32>) { ranges.append(range) }
    mutating func insert(_ other: CharacterSet) {
        classes |= other.classes
        ranges += other.ranges
    }

    mutating func finish() {
        scalars = ScalarSet(ranges)
        (low, high) = (0, 0)
        for code in UInt32(0)..<128 {
            let bits = CharacterClasses.shared.table[Int(code)]
            guard (bits & classes != 0 || scalars.contains(code)) != isInverted else { continue }
            if code < 64 { low |= 1 << UInt64(code) } else { high |= 1 << UInt64(code - 64) }
        }
    }

    /// Whether two sets hold the same, in whatever order it was put in.
    static func == (left: CharacterSet, right: CharacterSet) -> Bool {
        left.classes == right.classes && left.scalars == right.scalars
            && left.isInverted == right.isInverted
    }

    func containsASCII(_ code: UInt32) -> Bool {
        (code < 64 ? low >> UInt64(code) : high >> UInt64(code &- 64)) & 1 != 0
    }

    /// The length of the character at `position` where it is in the set, else 0.
    @inline(__always)
    func match(_ text: some ScannedText, _ position: Int) -> Int {
        let (code, length) = text.scalar(at: position)
        if code < 128 { return containsASCII(code) ? length : 0 }
        let (bits, _) = text.character(at: position)
        let found =
            bits & classes != 0 || !scalars.ranges.isEmpty && scalars.contains(code)
        return found != isInverted ? length : 0
    }
}

/// Alternatives, each a run of characters of one set, with at most one character of another before it.
struct CharacterRuns: Sendable, Equatable {
    struct Run: Sendable, Equatable {
        var prefix: CharacterSet?
        var set: CharacterSet
        var minimum = 1
        var maximum = Int.max
    }

    var runs: [Run]

    /// The end of what matches at `start`, or `start` where nothing does.
    func endOfMatch(_ text: some ScannedText, from start: Int, to end: Int) -> Int {
        for run in runs {
            if let prefix = run.prefix {
                let length = prefix.match(text, start)
                if length > 0 {
                    let found = CharacterRuns.end(of: run, text, from: start + length, to: end)
                    if found > start + length { return found }
                }
            }
            let found = CharacterRuns.end(of: run, text, from: start, to: end)
            if found > start { return found }
        }
        return start
    }

    private static func end(of run: Run, _ text: some ScannedText, from start: Int, to end: Int)
        -> Int
    {
        var position = start
        var count = 0
        while count < run.maximum, position < end {
            let length = run.set.match(text, position)
            if length == 0 { break }
            position &+= length
            count &+= 1
        }
        return count >= run.minimum ? position : start
    }

    /// Whether a space can stand anywhere but at the start of a match.
    var reachesOverSpaces: Bool { runs.contains { $0.set.containsASCII(0x20) } }
}

extension CharacterRuns {
    /// One character of these classes.
    static func one(_ classes: CharacterClass.Bits) -> CharacterRuns {
        CharacterRuns(runs: [Run(set: CharacterSet(classes: classes), maximum: 1)])
    }

    /// All characters of these classes in a row, or of none of them.
    static func many(_ classes: CharacterClass.Bits, isInverted: Bool = false) -> CharacterRuns {
        CharacterRuns(
            runs: [Run(set: CharacterSet(classes: classes, isInverted: isInverted))])
    }

    /// Reads an expression of this form; nil for any other.
    init?(expression: String) {
        var parser = CharacterRunsParser(Array(expression.unicodeScalars.map(\.value)))
        guard let runs = parser.alternatives() else { return nil }
        self.init(runs: runs)
    }
}

/// Reads `\s?\p{L}+`, `[0-9]{1,3}`, `[^\n]+|[\n]+` and the like.
private struct CharacterRunsParser {
    private let text: [UInt32]
    private var position = 0

    /// Longer expressions are not of this form, nor are those that could read a text many times over.
    private static let limit = 4096
    private static let mostAlternatives = 16
    private static let mostRepeated = 16

    init(_ text: [UInt32]) { self.text = text }

    private static func code(_ character: Unicode.Scalar) -> UInt32 { character.value }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < text.count, text[position] == character.value else { return false }
        position += 1
        return true
    }

    mutating func alternatives() -> [CharacterRuns.Run]? {
        guard !text.isEmpty, text.count <= Self.limit else { return nil }
        var runs: [CharacterRuns.Run] = []
        repeat {
            guard let run = run() else { return nil }
            runs.append(run)
        } while take("|")
        return position == text.count && runs.count <= Self.mostAlternatives ? runs : nil
    }

    private mutating func run() -> CharacterRuns.Run? {
        guard var set = set() else { return nil }
        var prefix: CharacterSet?
        if take("?") {
            _ = take("+")
            prefix = set
            guard let next = self.set() else { return nil }
            set = next
        }
        var run = CharacterRuns.Run(prefix: prefix, set: set)
        if take("+") {
            _ = take("+")
        } else if take("{") {
            guard let minimum = number(), (1...Self.mostRepeated).contains(minimum) else {
                return nil
            }
            run.minimum = minimum
            run.maximum = minimum
            if take(",") {
                run.maximum = number() ?? Int.max
                guard run.maximum >= minimum else { return nil }
            }
            guard take("}") else { return nil }
            if take("+") {
                // A repetition of the whole, as in Oniguruma.
                guard minimum == 1 else { return nil }
                run.maximum = Int.max
            }
        } else {
            // The same set again and again is a count.
            var count = 1
            while position < text.count, text[position] != Self.code("|") {
                guard let next = self.set(), next == set else { return nil }
                count += 1
            }
            guard count <= Self.mostRepeated else { return nil }
            run.minimum = count
            run.maximum = count
        }
        return run
    }

    private mutating func number() -> Int? {
        var value: Int?
        while position < text.count, 48...57 ~= text[position], value ?? 0 < 1000 {
            value = (value ?? 0) * 10 + Int(text[position] - 48)
            position += 1
        }
        return value
    }

    /// A class in brackets, an escape, or a character that stands for itself.
    private mutating func set() -> CharacterSet? {
        var set = CharacterSet()
        if take("[") {
            guard brackets(into: &set, depth: 0) else { return nil }
        } else if position < text.count, text[position] == Self.code("\\") {
            guard escape(into: &set) != nil else { return nil }
        } else {
            guard position < text.count,
                !"().?*+{}|^$".unicodeScalars.contains(where: { $0.value == text[position] })
            else { return nil }
            set.insert(text[position]...text[position])
            position += 1
        }
        set.finish()
        return set
    }

    private mutating func brackets(into set: inout CharacterSet, depth: Int) -> Bool {
        if take("^") {
            guard depth == 0 else { return false }
            set.isInverted = true
        }
        while position < text.count, !take("]") {
            if take("[") {
                guard depth < 2 else { return false }
                var inner = CharacterSet()
                guard brackets(into: &inner, depth: depth + 1) else { return false }
                set.insert(inner)
                continue
            }
            if text[position] == Self.code("&") { return false }
            var first: UInt32
            if text[position] == Self.code("\\") {
                guard let literal = escape(into: &set) else { return false }
                if literal == Self.isClass { continue }
                first = literal
            } else {
                first = text[position]
                position += 1
            }
            var last = first
            if position + 1 < text.count, text[position] == Self.code("-"),
                text[position + 1] != Self.code("]")
            {
                position += 1
                if text[position] == Self.code("\\") {
                    guard let literal = escape(into: &set), literal != Self.isClass else {
                        return false
                    }
                    last = literal
                } else {
                    last = text[position]
                    position += 1
                }
            }
            guard last >= first else { return false }
            set.insert(first...last)
        }
        return position <= text.count && text[position - 1] == Self.code("]")
    }

    /// What `escape` returns for a class, which it has inserted.
    private static let isClass = UInt32.max

    /// The character that an escape stands for, or `isClass`; a character is inserted too.
    private mutating func escape(into set: inout CharacterSet) -> UInt32? {
        guard take("\\"), position < text.count, let scalar = Unicode.Scalar(text[position]) else {
            return nil
        }
        position += 1
        var bits: CharacterClass.Bits = 0
        var literal = scalar.value
        switch scalar {
        case "s": bits = CharacterClass.space
        case "d": bits = CharacterClass.digit
        case "w": bits = CharacterClass.word
        case "p":
            guard take("{"), let close = text[position...].firstIndex(of: Self.code("}")) else {
                return nil
            }
            let name = String(
                String.UnicodeScalarView(text[position..<close].compactMap(Unicode.Scalar.init)))
            position = close + 1
            guard let found = Self.classes[name] else { return nil }
            bits = found
        case "r": literal = 13
        case "n": literal = 10
        case "t": literal = 9
        case "a"..."z", "A"..."Z", "0"..."9": return nil
        default: break
        }
        guard bits == 0 else {
            set.insert(bits)
            return Self.isClass
        }
        set.insert(literal...literal)
        return literal
    }

    private static let classes: [String: CharacterClass.Bits] = [
        "L": CharacterClass.letter, "M": CharacterClass.mark, "N": CharacterClass.number,
        "P": CharacterClass.punctuation, "S": CharacterClass.symbol, "Ll": CharacterClass.lower,
        "Nd": CharacterClass.digit, "Han": CharacterClass.han,
    ]
}
