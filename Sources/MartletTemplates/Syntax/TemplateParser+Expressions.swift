/// Expressions of a template, from the loosest operator to the tightest.

extension TemplateParser {
    /// An expression, or several with commas between them, which are a tuple.
    mutating func tupleOrExpression(
        allowsConditional: Bool = true
    ) throws(PlacedFault) -> TemplateExpression {
        let position = current.position
        var items: [TemplateExpression] = []
        var isTuple = false
        while !endsTuple {
            items.append(allowsConditional ? try expression() : try disjunction())
            guard skipSymbol(",") else { break }
            isTuple = true
        }
        if items.count == 1, !isTuple { return items[0] }
        guard !items.isEmpty else { throw unexpected("an expression") }
        return try make(.tuple(items), position, items)
    }

    private var endsTuple: Bool {
        switch current.kind {
        case .variableEnd, .blockEnd, .end, .symbol(")"): true
        default: false
        }
    }

    /// One expression.
    mutating func expression() throws(PlacedFault) -> TemplateExpression {
        try enter()
        defer { leave() }
        let position = current.position
        var value = try disjunction()
        while skipName("if") {
            let test = try disjunction()
            let otherwise = skipName("else") ? try expression() : nil
            value = try make(
                .conditional(test: test, then: value, otherwise: otherwise), position,
                [test, value] + (otherwise.map { [$0] } ?? []))
        }
        return value
    }

    /// Puts a node together, and keeps what evaluation will take of the stack in bounds.
    private func make(
        _ kind: TemplateExpression.Kind, _ position: SourcePosition,
        _ parts: [TemplateExpression] = [], arguments: TemplateArguments = .none
    ) throws(PlacedFault) -> TemplateExpression {
        var depth = arguments.depth
        for part in parts { depth = max(depth, part.depth) }
        guard depth < Self.maximumDepth else { throw tooDeep() }
        return TemplateExpression(kind: kind, position: position, depth: depth + 1)
    }

    mutating func disjunction() throws(PlacedFault) -> TemplateExpression {
        let position = current.position
        var left = try conjunction()
        while skipName("or") {
            let right = try conjunction()
            left = try make(.or(left, right), position, [left, right])
        }
        return left
    }

    private mutating func conjunction() throws(PlacedFault) -> TemplateExpression {
        let position = current.position
        var left = try negation()
        while skipName("and") {
            let right = try negation()
            left = try make(.and(left, right), position, [left, right])
        }
        return left
    }

    private mutating func negation() throws(PlacedFault) -> TemplateExpression {
        guard isName("not"), following.kind != .name("in") else { return try comparison() }
        let position = current.position
        advance()
        try enter()
        defer { leave() }
        let operand = try negation()
        return try make(.not(operand), position, [operand])
    }

    private mutating func comparison() throws(PlacedFault) -> TemplateExpression {
        let position = current.position
        let left = try sum()
        var rest: [(ComparisonOperator, TemplateExpression)] = []
        while let comparison = comparisonOperator() { rest.append((comparison, try sum())) }
        guard !rest.isEmpty else { return left }
        return try make(.comparison(left, rest), position, [left] + rest.map(\.1))
    }

    private mutating func comparisonOperator() -> ComparisonOperator? {
        switch current.kind {
        case .symbol(let symbol):
            guard let comparison = ComparisonOperator(rawValue: symbol) else { return nil }
            advance()
            return comparison
        case .name("in"):
            advance()
            return .isIn
        case .name("not") where following.kind == .name("in"):
            advance()
            advance()
            return .isNotIn
        default: return nil
        }
    }

    /// The operator at hand, when it is one of some.
    private mutating func binaryOperator(_ wanted: Set<BinaryOperator>) -> BinaryOperator? {
        guard case .symbol(let symbol) = current.kind,
            let found = BinaryOperator(rawValue: symbol), wanted.contains(found)
        else { return nil }
        advance()
        return found
    }

    private mutating func sum() throws(PlacedFault) -> TemplateExpression {
        let position = current.position
        var left = try concatenation()
        while let sign = binaryOperator([.add, .subtract]) {
            let right = try concatenation()
            left = try make(.binary(sign, left, right), position, [left, right])
        }
        return left
    }

    private mutating func concatenation() throws(PlacedFault) -> TemplateExpression {
        let position = current.position
        var parts = [try product()]
        while skipSymbol("~") { parts.append(try product()) }
        return parts.count == 1 ? parts[0] : try make(.concatenation(parts), position, parts)
    }

    private mutating func product() throws(PlacedFault) -> TemplateExpression {
        let position = current.position
        var left = try power()
        while let sign = binaryOperator([.multiply, .divide, .floorDivide, .modulo]) {
            let right = try power()
            left = try make(.binary(sign, left, right), position, [left, right])
        }
        return left
    }

    private mutating func power() throws(PlacedFault) -> TemplateExpression {
        let position = current.position
        var left = try unary()
        while binaryOperator([.power]) != nil {
            let right = try unary()
            left = try make(.binary(.power, left, right), position, [left, right])
        }
        return left
    }

    private mutating func unary(
        takesFilters: Bool = true
    ) throws(PlacedFault) -> TemplateExpression {
        let position = current.position
        var value: TemplateExpression
        if isSymbol("-") || isSymbol("+") {
            let isNegative = isSymbol("-")
            advance()
            try enter()
            defer { leave() }
            let operand = try unary(takesFilters: false)
            value = try make(
                isNegative ? .negative(operand) : .positive(operand), position, [operand])
        } else {
            value = try primary()
        }
        value = try postfix(value)
        return takesFilters ? try filtered(value) : value
    }

    private mutating func primary() throws(PlacedFault) -> TemplateExpression {
        let position = current.position
        switch current.kind {
        case .name(let name):
            advance()
            switch name {
            case "true", "True": return try make(.constant(.bool(true)), position)
            case "false", "False": return try make(.constant(.bool(false)), position)
            case "none", "None": return try make(.constant(.none), position)
            default:
                noteName(name)
                return try make(.name(name), position)
            }
        case .string(var text):
            advance()
            while case .string(let more) = current.kind {
                text += more
                advance()
            }
            return try make(.constant(.string(text)), position)
        case .integer(let value):
            advance()
            return try make(.constant(.integer(value)), position)
        case .number(let value):
            advance()
            return try make(.constant(.number(value)), position)
        case .symbol("("):
            advance()
            if skipSymbol(")") { return try make(.tuple([]), position) }
            let value = try tupleOrExpression()
            try expectSymbol(")")
            return value
        case .symbol("["): return try list()
        case .symbol("{"): return try dictionary()
        default: throw unexpected("an expression")
        }
    }

    private mutating func list() throws(PlacedFault) -> TemplateExpression {
        let position = current.position
        try expectSymbol("[")
        var items: [TemplateExpression] = []
        while !skipSymbol("]") {
            if !items.isEmpty {
                try expectSymbol(",")
                if skipSymbol("]") { break }
            }
            items.append(try expression())
        }
        return try make(.list(items), position, items)
    }

    private mutating func dictionary() throws(PlacedFault) -> TemplateExpression {
        let position = current.position
        try expectSymbol("{")
        var items: [(key: TemplateExpression, value: TemplateExpression)] = []
        while !skipSymbol("}") {
            if !items.isEmpty {
                try expectSymbol(",")
                if skipSymbol("}") { break }
            }
            let key = try expression()
            try expectSymbol(":")
            items.append((key, try expression()))
        }
        return try make(.dictionary(items), position, items.flatMap { [$0.key, $0.value] })
    }

    private mutating func postfix(
        _ base: TemplateExpression
    ) throws(PlacedFault) -> TemplateExpression {
        var value = base
        while true {
            let position = current.position
            if skipSymbol(".") {
                switch current.kind {
                case .name(let name):
                    advance()
                    value = try make(.attribute(value, name), position, [value])
                case .integer(let index):
                    let place = current.position
                    advance()
                    let key = try make(.constant(.integer(index)), place)
                    value = try make(.subscripted(value, key), position, [value])
                default: throw unexpected("a name or a number")
                }
            } else if isSymbol("[") {
                value = try subscripted(value)
            } else if isSymbol("(") {
                let arguments = try arguments()
                value = try make(.call(value, arguments), position, [value], arguments: arguments)
            } else {
                return value
            }
        }
    }

    private mutating func subscripted(
        _ base: TemplateExpression
    ) throws(PlacedFault) -> TemplateExpression {
        let position = current.position
        try expectSymbol("[")
        var parts: [TemplateExpression?] = [nil]
        var isSlice = false
        while !skipSymbol("]") {
            if skipSymbol(":") {
                isSlice = true
                parts.append(nil)
                continue
            }
            guard parts[parts.count - 1] == nil else { throw unexpected("']'") }
            parts[parts.count - 1] = try expression()
        }
        guard isSlice else {
            guard let key = parts[0] else { throw unexpected("an expression") }
            return try make(.subscripted(base, key), position, [base, key])
        }
        guard parts.count <= 3 else { throw fault("a slice has more than three parts") }
        let step = parts.count > 2 ? parts[2] : nil
        return try make(
            .slice(base, start: parts[0], end: parts[1], step: step), position,
            [base] + parts.compactMap(\.self))
    }

    private mutating func filtered(
        _ base: TemplateExpression
    ) throws(PlacedFault) -> TemplateExpression {
        var value = base
        while true {
            let position = current.position
            if skipSymbol("|") {
                var name = try expectName()
                while skipSymbol(".") { name += "." + (try expectName()) }
                let arguments = isSymbol("(") ? try self.arguments() : .none
                value = try make(
                    .filter(value, name: name, arguments), position, [value], arguments: arguments)
            } else if skipName("is") {
                value = try test(value, position)
            } else if isSymbol("(") {
                let arguments = try arguments()
                value = try make(.call(value, arguments), position, [value], arguments: arguments)
            } else {
                return value
            }
        }
    }

    private mutating func test(
        _ base: TemplateExpression, _ position: SourcePosition
    ) throws(PlacedFault) -> TemplateExpression {
        let isNegated = skipName("not")
        var name = try expectName()
        while skipSymbol(".") { name += "." + (try expectName()) }
        var arguments = TemplateArguments.none
        switch current.kind {
        case .symbol("("): arguments = try self.arguments()
        case .name("else"), .name("or"), .name("and"), .name("if"), .name("in"), .name("not"),
            .name("recursive"):
            break
        case .name("is"): throw fault("tests cannot follow one another")
        case .name, .string, .integer, .number, .symbol("["), .symbol("{"):
            try enter()
            defer { leave() }
            arguments.positional = [try postfix(try primary())]
        default: break
        }
        let test = try make(
            .test(base, name: name, arguments), position, [base], arguments: arguments)
        return isNegated ? try make(.not(test), position, [test]) : test
    }

    /// What stands between the parentheses of a call.
    mutating func arguments() throws(PlacedFault) -> TemplateArguments {
        var arguments = TemplateArguments()
        try expectSymbol("(")
        var isFirst = true
        while !skipSymbol(")") {
            if !isFirst {
                try expectSymbol(",")
                if skipSymbol(")") { break }
            }
            isFirst = false
            if skipSymbol("**") {
                guard arguments.unpackedNames == nil else { throw unexpected("')'") }
                arguments.unpackedNames = try expression()
            } else if skipSymbol("*") {
                guard arguments.unpacked == nil, arguments.unpackedNames == nil else {
                    throw unexpected("')'")
                }
                arguments.unpacked = try expression()
            } else if case .name(let name) = current.kind, following.kind == .symbol("=") {
                guard !arguments.named.contains(where: { $0.name == name }) else {
                    throw fault("the argument '\(name)' is given twice")
                }
                advance()
                advance()
                arguments.named.append((name, try expression()))
            } else {
                guard arguments.named.isEmpty, arguments.unpackedNames == nil else {
                    throw fault("an argument without a name follows one with a name")
                }
                arguments.positional.append(try expression())
            }
        }
        return arguments
    }
}
