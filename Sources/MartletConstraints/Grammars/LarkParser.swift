/// Grammars in a part of Lark's notation.

/// Reads rules such as `start: "a" NUMBER ("," NUMBER)*` and terminals such as `NUMBER: /[0-9]+/`.
///
/// What changes how a text is cut into terminals (`%ignore`, `%import`, …) is refused by name.
struct LarkParser: GrammarParser {
    var scanner: GrammarScanner
    static let ends = "|)]"

    static func parse(_ text: String) throws(ConstraintError) -> Grammar {
        var parser = LarkParser(scanner: GrammarScanner(text, comment: "//"))
        return try parser.grammar()
    }

    private mutating func grammar() throws(ConstraintError) -> Grammar {
        var grammar = Grammar()
        scanner.skipSpace(lines: true)
        while let first = scanner.peek() {
            if first == "%" {
                _ = scanner.next()
                throw scanner.error(
                    "%\(scanner.name("")) is not supported; write out what it stands for")
            }
            _ = scanner.take("?") || scanner.take("!")
            let name = scanner.name("_")
            guard !name.isEmpty else { throw scanner.error("expected the name of a rule") }
            if scanner.take(".") { _ = try scanner.number() }
            scanner.skipSpace(lines: false)
            guard scanner.take(":") else { throw scanner.error("expected : after \(name)") }
            scanner.skipSpace(lines: false)
            try grammar.add(name, try choice(isGroup: false))
            scanner.skipSpace(lines: true)
        }
        return grammar
    }

    /// Whether the next line goes on with the rule; if so, the place is after its |.
    mutating func takeBar(isGroup: Bool) -> Bool {
        let before = scanner
        scanner.skipSpace(lines: true)
        if scanner.take("|") {
            scanner.skipSpace(lines: isGroup)
            return true
        }
        if !isGroup { scanner = before }
        return false
    }

    mutating func part() throws(ConstraintError) -> GrammarPart? {
        guard scanner.take("->") else { return try repeated(try atom()) }
        // The name of an alternative is for trees.
        scanner.skipSpace(lines: false)
        _ = scanner.name("_")
        return nil
    }

    private mutating func repeated(_ atom: GrammarPart) throws(ConstraintError) -> GrammarPart {
        if scanner.take("*") { return .repetition(atom, least: 0, most: nil) }
        if scanner.take("+") { return .repetition(atom, least: 1, most: nil) }
        if scanner.take("?") { return .repetition(atom, least: 0, most: 1) }
        scanner.skipSpace(lines: false)
        guard scanner.take("~") else { return atom }
        scanner.skipSpace(lines: false)
        guard let least = try scanner.number() else {
            throw scanner.error("expected a number after ~")
        }
        scanner.skipSpace(lines: false)
        guard scanner.take("..") else { return .repetition(atom, least: least, most: least) }
        scanner.skipSpace(lines: false)
        guard let most = try scanner.number(), most >= least else {
            throw scanner.error("expected a number from \(least) on after ..")
        }
        return .repetition(atom, least: least, most: most)
    }

    private mutating func atom() throws(ConstraintError) -> GrammarPart {
        switch scanner.peek() {
        case "\"":
            let text = try text()
            scanner.skipSpace(lines: false)
            guard scanner.peek() == ".", scanner.peek(1) == "." else { return text.part }
            _ = scanner.take("..")
            scanner.skipSpace(lines: false)
            let last = try self.text()
            guard text.scalars.count == 1, last.scalars.count == 1,
                text.scalars[0].value <= last.scalars[0].value
            else { throw scanner.error("a range needs two characters in order") }
            return .scalars(ScalarSet([text.scalars[0].value...last.scalars[0].value]))
        case "/": return try expression()
        case "(":
            _ = scanner.next()
            return try group(closing: ")", "a group")
        case "[":
            _ = scanner.next()
            let inner = try group(closing: "]", "an optional part")
            return .repetition(inner, least: 0, most: 1)
        default:
            let name = scanner.name("_")
            guard !name.isEmpty else {
                throw scanner.error("expected a text, an expression, a group or a rule")
            }
            guard scanner.peek() != "{" else {
                throw scanner.error("templates are not supported; write the rule out")
            }
            return .rule(name)
        }
    }

    private mutating func text() throws(ConstraintError) -> (
        part: GrammarPart, scalars: [Unicode.Scalar]
    ) {
        guard scanner.take("\"") else { throw scanner.error("expected a text in quotes") }
        let text = try scanner.quoted()
        let scalars = Array(String(decoding: text, as: UTF8.self).unicodeScalars)
        guard scanner.take("i") else {
            return (.literal(text), scalars)
        }
        let parts = scalars.map { scalar in
            let character = Character(scalar)
            return GrammarPart.scalars(
                ScalarSet.characters(character.lowercased() + character.uppercased()))
        }
        return (.sequence(parts), scalars)
    }

    private mutating func expression() throws(ConstraintError) -> GrammarPart {
        _ = scanner.next()
        var text = String.UnicodeScalarView()
        while true {
            guard let scalar = scanner.next(), scalar != "\n" else {
                throw scanner.error("an expression without its closing /")
            }
            if scalar == "/" { break }
            text.append(scalar)
            if scalar == "\\", let escaped = scanner.next() { text.append(escaped) }
        }
        guard scanner.name("").isEmpty else {
            throw scanner.error("flags of expressions are not supported; write both cases")
        }
        return .pattern(try PatternParser.parse(String(text), place: scanner.error("").place))
    }
}
