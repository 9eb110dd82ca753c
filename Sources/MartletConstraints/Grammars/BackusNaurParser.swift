/// Grammars as llama.cpp writes them (GBNF).

/// Reads rules such as `root ::= "a" [0-9]+ (other | "b"){2,3}`.
struct BackusNaurParser {
    private var scanner: GrammarScanner

    static func parse(_ text: String) throws(ConstraintError) -> Grammar {
        var parser = BackusNaurParser(scanner: GrammarScanner(text))
        return try parser.grammar()
    }

    private mutating func grammar() throws(ConstraintError) -> Grammar {
        var grammar = Grammar()
        skipSpace(lines: true)
        while scanner.peek() != nil {
            let name = scanner.name("-_")
            guard !name.isEmpty else { throw scanner.error("expected the name of a rule") }
            skipSpace(lines: false)
            guard scanner.take("::=") else { throw scanner.error("expected ::= after \(name)") }
            skipSpace(lines: true)
            try grammar.add(name, try choice(isGroup: false))
            skipSpace(lines: true)
        }
        return grammar
    }

    private mutating func skipSpace(lines: Bool) {
        while let scalar = scanner.peek() {
            if scalar == "#" {
                while let next = scanner.peek(), next != "\n" { _ = scanner.next(); _ = next }
            } else if scalar == " " || scalar == "\t" || lines && (scalar == "\n" || scalar == "\r")
            {
                _ = scanner.next()
            } else {
                return
            }
        }
    }

    private mutating func choice(isGroup: Bool) throws(ConstraintError) -> GrammarPart {
        try scanner.enter()
        defer { scanner.leave() }
        var parts = [try sequence(isGroup: isGroup)]
        while scanner.take("|") {
            skipSpace(lines: true)
            parts.append(try sequence(isGroup: isGroup))
        }
        return parts.count == 1 ? parts[0] : .choice(parts)
    }

    private mutating func sequence(isGroup: Bool) throws(ConstraintError) -> GrammarPart {
        var parts: [GrammarPart] = []
        while let next = scanner.peek(), next != "|", next != ")" {
            if next == "\n" || next == "\r" {
                guard isGroup else { break }
                skipSpace(lines: true)
                continue
            }
            parts.append(try repeated(try atom()))
            skipSpace(lines: isGroup)
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

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
                skipSpace(lines: false)
                let least = try scanner.number() ?? 0
                var most: Int? = least
                skipSpace(lines: false)
                if scanner.take(",") {
                    skipSpace(lines: false)
                    most = try scanner.number()
                    skipSpace(lines: false)
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
            var text = String.UnicodeScalarView()
            while let scalar = scanner.next(), scalar != "\"" {
                text.append(scalar == "\\" ? try scanner.escape() : scalar)
                guard scanner.peek() != nil else {
                    throw scanner.error("a text without its closing quote")
                }
            }
            return .literal(Array(String(text).utf8))
        case "[":
            _ = scanner.next()
            return .scalars(try set())
        case ".":
            _ = scanner.next()
            return .scalars(.all)
        case "(":
            _ = scanner.next()
            skipSpace(lines: true)
            let inner = try choice(isGroup: true)
            guard scanner.take(")") else { throw scanner.error("a group without its )") }
            return inner
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
