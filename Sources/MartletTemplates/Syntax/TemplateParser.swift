/// Statements of a template.

/// Reads tokens into statements.
struct TemplateParser {
    private let tokens: [TemplateToken]
    private var index = 0
    /// How many parts that are being read stand around what is read next.
    private var nesting = 0
    private var loops = 0
    /// Names that occur, so that a macro can tell which it is to be given.
    private(set) var names: Set<String> = []

    /// Levels of brackets, operators and blocks, which all cost stack when they are evaluated.
    static let maximumDepth = 100

    /// The statements of a template.
    static func parse(_ source: String) throws(PlacedFault) -> [TemplateStatement] {
        var parser = TemplateParser(tokens: try TemplateLexer.tokens(of: source))
        let body = try parser.statements(until: [])
        guard parser.current.kind == .end else { throw parser.unexpected() }
        return body
    }

    private init(tokens: [TemplateToken]) { self.tokens = tokens }

    // MARK: Tokens

    var current: TemplateToken { tokens[index] }
    var following: TemplateToken { tokens[min(index + 1, tokens.count - 1)] }

    mutating func advance() { index = min(index + 1, tokens.count - 1) }

    func isSymbol(_ symbol: String) -> Bool { current.kind == .symbol(symbol) }
    func isName(_ name: String) -> Bool { current.kind == .name(name) }

    mutating func skipSymbol(_ symbol: String) -> Bool {
        guard isSymbol(symbol) else { return false }
        advance()
        return true
    }

    mutating func skipName(_ name: String) -> Bool {
        guard isName(name) else { return false }
        advance()
        return true
    }

    mutating func expectSymbol(_ symbol: String) throws(PlacedFault) {
        guard skipSymbol(symbol) else { throw unexpected("'\(symbol)'") }
    }

    mutating func expectName() throws(PlacedFault) -> String {
        guard case .name(let name) = current.kind else { throw unexpected("a name") }
        advance()
        return name
    }

    mutating func noteName(_ name: String) { names.insert(name) }

    func unexpected(_ expected: String? = nil) -> PlacedFault {
        fault("unexpected \(current.description)" + (expected.map { ", expected \($0)" } ?? ""))
    }

    func fault(_ message: String) -> PlacedFault {
        PlacedFault(fault: TemplateFault(.syntax, message), position: current.position)
    }

    mutating func enter() throws(PlacedFault) {
        nesting += 1
        guard nesting <= Self.maximumDepth else { throw tooDeep() }
    }

    mutating func leave() { nesting -= 1 }

    func tooDeep() -> PlacedFault {
        fault("the template nests deeper than \(Self.maximumDepth) levels")
    }

    // MARK: Statements

    /// Statements up to a tag that begins with one of some names, which is left at its name.
    private mutating func statements(
        until ends: Set<String>
    ) throws(PlacedFault) -> [TemplateStatement] {
        try enter()
        defer { leave() }
        var body: [TemplateStatement] = []
        while true {
            let position = current.position
            switch current.kind {
            case .data(let text):
                advance()
                body.append(
                    TemplateStatement(kind: .text(TemplateText(text)), position: position))
            case .variableBegin:
                advance()
                let value = try tupleOrExpression()
                guard current.kind == .variableEnd else { throw unexpected("'}}'") }
                advance()
                body.append(TemplateStatement(kind: .output(value), position: position))
            case .blockBegin:
                advance()
                guard case .name(let name) = current.kind else { throw unexpected("a tag's name") }
                if ends.contains(name) { return body }
                let kind = try statement(name)
                guard current.kind == .blockEnd else { throw unexpected("'%}'") }
                advance()
                body.append(TemplateStatement(kind: kind, position: position))
            case .end:
                guard ends.isEmpty else {
                    throw unexpected(
                        ends.sorted().map { "'{% \($0) %}'" }.joined(separator: " or "))
                }
                return body
            default: throw unexpected()
            }
        }
    }

    /// The body of a tag, from behind its opening part to the `%}` of its end.
    private mutating func body(until end: String) throws(PlacedFault) -> [TemplateStatement] {
        try closeTag()
        let body = try statements(until: [end])
        advance()
        return body
    }

    private mutating func closeTag() throws(PlacedFault) {
        guard current.kind == .blockEnd else { throw unexpected("'%}'") }
        advance()
    }

    private mutating func statement(_ name: String) throws(PlacedFault) -> TemplateStatement.Kind {
        let known = current
        advance()
        switch name {
        case "if": return try conditional()
        case "for": return try loop()
        case "set": return try assignment()
        case "macro": return try macro()
        case "call": return try callBlock()
        case "filter":
            let filters = try blockFilters(first: try expectName())
            return .filter(filters, body: try body(until: "endfilter"))
        case "with": return try with()
        case "generation": return .group(try body(until: "endgeneration"))
        case "break", "continue":
            guard loops > 0 else { throw fault("'\(name)' stands outside of a loop") }
            return name == "break" ? .breakLoop : .continueLoop
        case "include", "import", "from", "extends", "block":
            throw PlacedFault(
                fault: TemplateFault(
                    .syntax, "the tag '\(name)' needs other templates, which a chat template lacks"),
                position: known.position)
        default:
            throw PlacedFault(
                fault: TemplateFault(.syntax, "unknown tag '\(name)'"), position: known.position)
        }
    }

    private mutating func conditional() throws(PlacedFault) -> TemplateStatement.Kind {
        var branches: [(test: TemplateExpression, body: [TemplateStatement])] = []
        var otherwise: [TemplateStatement] = []
        var test = try tupleOrExpression(allowsConditional: false)
        while true {
            try closeTag()
            let body = try statements(until: ["elif", "else", "endif"])
            branches.append((test, body))
            if skipName("elif") {
                test = try tupleOrExpression(allowsConditional: false)
                continue
            }
            if skipName("else") {
                otherwise = try self.body(until: "endif")
            } else {
                advance()
            }
            return .conditional(branches, otherwise: otherwise)
        }
    }

    private mutating func loop() throws(PlacedFault) -> TemplateStatement.Kind {
        let target = try assignmentTarget(allowsAttribute: false)
        guard skipName("in") else { throw unexpected("'in'") }
        let sequence = try tupleOrExpression(allowsConditional: false)
        let condition = skipName("if") ? try expression() : nil
        let isRecursive = skipName("recursive")
        try closeTag()
        loops += 1
        let body = try statements(until: ["endfor", "else"])
        loops -= 1
        var otherwise: [TemplateStatement] = []
        if skipName("else") {
            otherwise = try self.body(until: "endfor")
        } else {
            advance()
        }
        return .loop(
            LoopStatement(
                target: target, sequence: sequence, condition: condition, isRecursive: isRecursive,
                body: body, otherwise: otherwise))
    }

    private mutating func assignment() throws(PlacedFault) -> TemplateStatement.Kind {
        let target = try assignmentTarget(allowsAttribute: true)
        if skipSymbol("=") { return .set(target, try tupleOrExpression()) }
        let filters = skipSymbol("|") ? try blockFilters(first: try expectName()) : []
        return .setBlock(target, filters: filters, body: try body(until: "endset"))
    }

    private mutating func assignmentTarget(
        allowsAttribute: Bool
    ) throws(PlacedFault) -> AssignmentTarget {
        try enter()
        defer { leave() }
        var targets: [AssignmentTarget] = []
        var isTuple = false
        while true {
            if skipSymbol("(") {
                targets.append(try assignmentTarget(allowsAttribute: allowsAttribute))
                try expectSymbol(")")
            } else {
                let name = try expectName()
                if ["true", "false", "none", "True", "False", "None", "not", "and", "or"]
                    .contains(name)
                {
                    throw fault("'\(name)' cannot be assigned to")
                }
                if allowsAttribute, skipSymbol(".") {
                    noteName(name)
                    targets.append(.attribute(namespace: name, name: try expectName()))
                } else {
                    targets.append(.name(name))
                }
            }
            guard skipSymbol(",") else { break }
            isTuple = true
            if isSymbol("=") || isName("in") || isSymbol(")") { break }
        }
        return targets.count == 1 && !isTuple ? targets[0] : .tuple(targets)
    }

    private mutating func blockFilters(first: String) throws(PlacedFault) -> [NamedFilter] {
        var filters: [NamedFilter] = []
        var name = first
        while true {
            let position = current.position
            let arguments = isSymbol("(") ? try self.arguments() : .none
            filters.append(NamedFilter(name: name, arguments: arguments, position: position))
            guard skipSymbol("|") else { return filters }
            name = try expectName()
        }
    }

    private mutating func with() throws(PlacedFault) -> TemplateStatement.Kind {
        var bindings: [(AssignmentTarget, TemplateExpression)] = []
        while current.kind != .blockEnd {
            if !bindings.isEmpty { try expectSymbol(",") }
            let name = try expectName()
            try expectSymbol("=")
            bindings.append((.name(name), try expression()))
        }
        return .with(bindings, body: try body(until: "endwith"))
    }

    private mutating func macro() throws(PlacedFault) -> TemplateStatement.Kind {
        let name = try expectName()
        return .macro(try definition(name, parameters: try parameters(), until: "endmacro"))
    }

    private mutating func callBlock() throws(PlacedFault) -> TemplateStatement.Kind {
        let parameters = isSymbol("(") ? try self.parameters() : []
        let call = try expression()
        guard case .call = call.kind else { throw unexpected("a call") }
        let caller = try definition("caller", parameters: parameters, until: "endcall")
        return .call(call, caller)
    }

    private mutating func parameters() throws(PlacedFault) -> [(
        name: String, defaultValue: TemplateExpression?
    )] {
        var parameters: [(name: String, defaultValue: TemplateExpression?)] = []
        try expectSymbol("(")
        while !skipSymbol(")") {
            if !parameters.isEmpty { try expectSymbol(",") }
            let name = try expectName()
            parameters.append((name, skipSymbol("=") ? try expression() : nil))
        }
        return parameters
    }

    private mutating func definition(
        _ name: String, parameters: [(name: String, defaultValue: TemplateExpression?)],
        until end: String
    ) throws(PlacedFault) -> MacroDefinition {
        let (outer, outerLoops) = (names, loops)
        names = []
        loops = 0
        let body = try body(until: end)
        defer {
            names.formUnion(outer)
            loops = outerLoops
        }
        return MacroDefinition(
            name: name, parameters: parameters, body: body,
            usesExtraArguments: names.contains("varargs"),
            usesExtraNames: names.contains("kwargs"), usesCaller: names.contains("caller"))
    }
}
