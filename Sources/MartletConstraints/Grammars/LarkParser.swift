/// Grammars in a part of Lark's notation.

/// Reads rules such as `start: "a" NUMBER ("," NUMBER)*` and terminals such as `NUMBER: /[0-9]+/`.
///
/// What changes how a text is cut into terminals (`%ignore`, `%import`, …) is refused by name.
struct LarkParser {
    private var scanner: GrammarScanner

    static func parse(_ text: String) throws(ConstraintError) -> Grammar {
        var parser = LarkParser(scanner: GrammarScanner(text))
        return try parser.grammar()
    }

    private mutating func grammar() throws(ConstraintError) -> Grammar {
        var grammar = Grammar()
        skipSpace(lines: true)
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
            skipSpace(lines: false)
            guard scanner.take(":") else { throw scanner.error("expected : after \(name)") }
            skipSpace(lines: false)
            try grammar.add(name, try choice(isGroup: false))
            skipSpace(lines: true)
        }
        return grammar
    }

    private mutating func skipSpace(lines: Bool) {
        while let scalar = scanner.peek() {
            if scalar == "/", scanner.peek(1) == "/" {
                while let next = scanner.peek(), next != "\n" { _ = scanner.next(); _ = next }
            } else if scalar == " " || scalar == "\t" || lines && (scalar == "\n" || scalar == "\r")
            {
                _ = scanner.next()
            } else {
                return
            }
        }
    }

    /// Whether the next line goes on with the rule; if so, the place is after its |.
    private mutating func takeBar(isGroup: Bool) -> Bool {
        let before = scanner
        skipSpace(lines: true)
        if scanner.take("|") { return true }
        if !isGroup { scanner = before }
        return false
    }

    private mutating func choice(isGroup: Bool) throws(ConstraintError) -> GrammarPart {
        try scanner.enter()
        defer { scanner.leave() }
        var parts = [try sequence(isGroup: isGroup)]
        while takeBar(isGroup: isGroup) {
            skipSpace(lines: isGroup)
            parts.append(try sequence(isGroup: isGroup))
        }
        return parts.count == 1 ? parts[0] : .choice(parts)
    }

    private mutating func sequence(isGroup: Bool) throws(ConstraintError) -> GrammarPart {
        var parts: [GrammarPart] = []
        while let next = scanner.peek(), !"|)]".unicodeScalars.contains(next) {
            if next == "\n" || next == "\r" {
                guard isGroup else { break }
                skipSpace(lines: true)
                continue
            }
            if scanner.take("->") {
                skipSpace(lines: false)
                _ = scanner.name("_")
            } else {
                parts.append(try repeated(try atom()))
            }
            skipSpace(lines: isGroup)
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func repeated(_ atom: GrammarPart) throws(ConstraintError) -> GrammarPart {
        if scanner.take("*") { return .repetition(atom, least: 0, most: nil) }
        if scanner.take("+") { return .repetition(atom, least: 1, most: nil) }
        if scanner.take("?") { return .repetition(atom, least: 0, most: 1) }
        skipSpace(lines: false)
        guard scanner.take("~") else { return atom }
        skipSpace(lines: false)
        guard let least = try scanner.number() else {
            throw scanner.error("expected a number after ~")
        }
        skipSpace(lines: false)
        guard scanner.take("..") else { return .repetition(atom, least: least, most: least) }
        skipSpace(lines: false)
        guard let most = try scanner.number(), most >= least else {
            throw scanner.error("expected a number from \(least) on after ..")
        }
        return .repetition(atom, least: least, most: most)
    }

    private mutating func atom() throws(ConstraintError) -> GrammarPart {
        switch scanner.peek() {
        case "\"":
            let text = try text()
            skipSpace(lines: false)
            guard scanner.peek() == ".", scanner.peek(1) == "." else { return text.part }
            _ = scanner.take("..")
            skipSpace(lines: false)
            let last = try self.text()
            guard text.scalars.count == 1, last.scalars.count == 1,
                text.scalars[0].value <= last.scalars[0].value
            else { throw scanner.error("a range needs two characters in order") }
            return .scalars(ScalarSet([text.scalars[0].value...last.scalars[0].value]))
        case "/": return try expression()
        case "(":
            _ = scanner.next()
            skipSpace(lines: true)
            let inner = try choice(isGroup: true)
            guard scanner.take(")") else { throw scanner.error("a group without its )") }
            return inner
        case "[":
            _ = scanner.next()
            skipSpace(lines: true)
            let inner = try choice(isGroup: true)
            guard scanner.take("]") else { throw scanner.error("an optional part without its ]") }
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
        var scalars: [Unicode.Scalar] = []
        while true {
            guard let scalar = scanner.next() else {
                throw scanner.error("a text without its closing quote")
            }
            if scalar == "\"" { break }
            scalars.append(scalar == "\\" ? try scanner.escape() : scalar)
        }
        guard scanner.take("i") else {
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars)
            return (.literal(Array(String(view).utf8)), scalars)
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
