/// Grammars as llama.cpp writes them (GBNF).

/// Reads rules such as `root ::= "a" [0-9]+ (other | "b"){2,3}`.
struct BackusNaurParser: GrammarParser {
    var scanner: GrammarScanner
    static let ends = "|)"

    static func parse(_ text: String) throws(ConstraintError) -> Grammar {
        var parser = BackusNaurParser(scanner: GrammarScanner(text, comment: "#"))
        return try parser.grammar()
    }

    private mutating func grammar() throws(ConstraintError) -> Grammar {
        var grammar = Grammar()
        scanner.skipSpace(lines: true)
        while scanner.peek() != nil {
            let name = scanner.name("-_")
            guard !name.isEmpty else { throw scanner.error("expected the name of a rule") }
            scanner.skipSpace(lines: false)
            guard scanner.take("::=") else { throw scanner.error("expected ::= after \(name)") }
            scanner.skipSpace(lines: true)
            try grammar.add(name, try choice(isGroup: false))
            scanner.skipSpace(lines: true)
        }
        return grammar
    }

    mutating func takeBar(isGroup: Bool) -> Bool {
        guard scanner.take("|") else { return false }
        scanner.skipSpace(lines: true)
        return true
    }

    mutating func part() throws(ConstraintError) -> GrammarPart? { try repeated(try atom()) }

    /// The most repetitions of one part that cannot be written as one.
    private static let maximumRepetitions = 4

    private mutating func repeated(_ atom: GrammarPart) throws(ConstraintError) -> GrammarPart {
        var part = atom
        var count = 0
        func add(_ least: Int, _ most: Int?) {
            if case .repetition(let inner, let least0, let most0) = part, count > 0,
                max(least, least0, most ?? 1, most0 ?? 1) <= 1, min(most ?? 1, most0 ?? 1) == 1
            {
                // At most once, or any number of times, of the same: that is one repetition.
                let most = most == nil || most0 == nil ? nil : 1
                part = .repetition(inner, least: min(least, least0), most: most)
            } else {
                part = .repetition(part, least: least, most: most)
                count += 1
            }
        }
        while true {
            guard count <= Self.maximumRepetitions else {
                throw scanner.error(
                    "a part is repeated more than \(Self.maximumRepetitions) times over; use rules")
            }
            if scanner.take("*") {
                add(0, nil)
            } else if scanner.take("+") {
                add(1, nil)
            } else if scanner.take("?") {
                add(0, 1)
            } else if scanner.take("{") {
                scanner.skipSpace(lines: false)
                let least = try scanner.number() ?? 0
                var most: Int? = least
                scanner.skipSpace(lines: false)
                if scanner.take(",") {
                    scanner.skipSpace(lines: false)
                    most = try scanner.number()
                    scanner.skipSpace(lines: false)
                }
                guard scanner.take("}") else {
                    throw scanner.error("expected } after a repetition")
                }
                if let most, most < least {
                    throw scanner.error("a repetition from \(least) to \(most)")
                }
                add(least, most)
            } else {
                return part
            }
        }
    }

    private mutating func atom() throws(ConstraintError) -> GrammarPart {
        switch scanner.peek() {
        case "\"":
            _ = scanner.next()
            return .literal(try scanner.quoted())
        case "[":
            _ = scanner.next()
            return .scalars(try set())
        case ".":
            _ = scanner.next()
            return .scalars(.all)
        case "(":
            _ = scanner.next()
            return try group(closing: ")", "a group")
        case "<", "!": throw scanner.error("tokens in grammars are not supported; write their text")
        default:
            let name = scanner.name("-_")
            guard !name.isEmpty else {
                throw scanner.error("expected a text, a set, a group or a rule")
            }
            return .rule(name)
        }
    }

    private mutating func set() throws(ConstraintError) -> ScalarSet {
        let isInverted = scanner.take("^")
        var ranges: [ClosedRange<UInt32>] = []
        while !scanner.take("]") {
            let low = try member()
            var high = low
            if scanner.peek() == "-", scanner.peek(1) != "]" {
                _ = scanner.next()
                high = try member()
            }
            guard low.value <= high.value else {
                throw scanner.error("a range that runs backwards")
            }
            ranges.append(low.value...high.value)
        }
        let set = ScalarSet(ranges).intersection(.all)
        return isInverted ? set.inverted : set
    }

    private mutating func member() throws(ConstraintError) -> Unicode.Scalar {
        guard let scalar = scanner.next() else { throw scanner.error("a set without its ]") }
        return scalar == "\\" ? try scanner.escape() : scalar
    }
}
