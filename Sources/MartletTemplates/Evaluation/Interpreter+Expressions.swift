/// Expressions.

extension Interpreter {
    /// The value of an expression.
    func evaluate(
        _ expression: TemplateExpression, in scope: TemplateScope
    ) throws(TemplateFault) -> TemplateValue {
        try step(at: expression.position)
        switch expression.kind {
        case .constant(let constant): return Self.value(of: constant)
        case .name(let name): return lookUp(name, in: scope)
        default: break
        }
        try enter()
        defer { leave() }
        return try evaluateInner(expression, in: scope)
    }

    private static func value(of constant: TemplateExpression.Constant) -> TemplateValue {
        switch constant {
        case .none: .none
        case .bool(let value): .bool(value)
        case .integer(let value): .integer(value)
        case .number(let value): .number(value)
        case .string(let text): .string(text)
        }
    }

    private func lookUp(_ name: String, in scope: TemplateScope) -> TemplateValue {
        if let value = scope[name] { return value }
        if let function = GlobalFunction(rawValue: name) { return .function(function) }
        return .undefined(UndefinedValue("'\(name)' is undefined"))
    }

    private func evaluateInner(
        _ expression: TemplateExpression, in scope: TemplateScope
    ) throws(TemplateFault) -> TemplateValue {
        switch expression.kind {
        case .constant, .name: return try evaluate(expression, in: scope)
        case .list(let items): return try charge(.list(try evaluate(items, in: scope)))
        case .tuple(let items): return try charge(.tuple(try evaluate(items, in: scope)))
        case .dictionary(let items): return try dictionary(items, in: scope)
        case .attribute(let base, let name):
            let base = try evaluate(base, in: scope)
            try step(at: expression.position)
            return try base.attribute(name)
        case .subscripted(let base, let key):
            let base = try evaluate(base, in: scope)
            let key = try evaluate(key, in: scope)
            try step(at: expression.position)
            return try base.item(key)
        case .slice(let base, let start, let end, let step):
            return try slice(base, start, end, step, expression.position, in: scope)
        case .call(let callee, let arguments):
            let callee = try evaluate(callee, in: scope)
            let arguments = try evaluate(arguments, in: scope)
            try step(at: expression.position)
            return try charge(try call(callee, arguments))
        case .filter(let base, let name, let arguments):
            let base = try evaluate(base, in: scope)
            let arguments = try evaluate(arguments, in: scope)
            try step(at: expression.position)
            return try charge(try filter(name, base, arguments))
        case .test(let base, let name, let arguments):
            let base = try evaluate(base, in: scope)
            let arguments = try evaluate(arguments, in: scope)
            try step(at: expression.position)
            return .bool(try test(name, base, arguments))
        case .not(let operand): return .bool(!(try evaluate(operand, in: scope).isTrue))
        case .negative(let operand):
            let value = try evaluate(operand, in: scope)
            try step(at: expression.position)
            return try negated(value)
        case .positive(let operand): return try evaluate(operand, in: scope)
        case .binary(let sign, let left, let right):
            let left = try evaluate(left, in: scope)
            let right = try evaluate(right, in: scope)
            try step(at: expression.position)
            return try charge(try binary(sign, left, right))
        case .comparison(let left, let rest):
            return try comparison(left, rest, in: scope)
        case .concatenation(let parts):
            var text = TemplateText()
            for part in parts {
                let value = try evaluate(part, in: scope)
                if case .undefined(let value) = value, value.isWithheld { throw value.fault }
                text.append(value.printed)
                try check(bytes: text.count)
            }
            return try charge(.text(text))
        case .and(let left, let right):
            let value = try evaluate(left, in: scope)
            return value.isTrue ? try evaluate(right, in: scope) : value
        case .or(let left, let right):
            let value = try evaluate(left, in: scope)
            return value.isTrue ? value : try evaluate(right, in: scope)
        case .conditional(let test, let then, let otherwise):
            if try evaluate(test, in: scope).isTrue { return try evaluate(then, in: scope) }
            if let otherwise { return try evaluate(otherwise, in: scope) }
            return .undefined(
                UndefinedValue("the inline if-expression was false and has no else"))
        }
    }

    private func evaluate(
        _ expressions: [TemplateExpression], in scope: TemplateScope
    ) throws(TemplateFault) -> [TemplateValue] {
        var values: [TemplateValue] = []
        for expression in expressions { values.append(try evaluate(expression, in: scope)) }
        return values
    }

    private func dictionary(
        _ items: [(key: TemplateExpression, value: TemplateExpression)], in scope: TemplateScope
    ) throws(TemplateFault) -> TemplateValue {
        var dictionary = DictionaryValue()
        for item in items {
            let key = try evaluate(item.key, in: scope)
            guard dictionary.set(key, try evaluate(item.value, in: scope)) else {
                throw TemplateFault(.type, "unhashable type: '\(key.typeName)'")
            }
        }
        return try charge(.dictionary(dictionary))
    }

    private func comparison(
        _ first: TemplateExpression, _ rest: [(ComparisonOperator, TemplateExpression)],
        in scope: TemplateScope
    ) throws(TemplateFault) -> TemplateValue {
        var left = try evaluate(first, in: scope)
        for (sign, operand) in rest {
            let right = try evaluate(operand, in: scope)
            guard try compare(left, sign, right) else { return .bool(false) }
            left = right
        }
        return .bool(true)
    }

    func compare(
        _ left: TemplateValue, _ sign: ComparisonOperator, _ right: TemplateValue
    ) throws(TemplateFault) -> Bool {
        switch sign {
        case .isIn, .isNotIn:
            try charge(bytes: right.length ?? 0)
            return try right.contains(left) == (sign == .isIn)
        case .equal: return left.equals(right)
        case .notEqual: return !left.equals(right)
        case .less: return try left.precedes(right, "<")
        case .greater: return try right.precedes(left, ">")
        case .lessOrEqual: return left.equals(right) ? true : try left.precedes(right, "<=")
        case .greaterOrEqual: return left.equals(right) ? true : try right.precedes(left, ">=")
        }
    }

    /// The values of a call's arguments.
    func evaluate(
        _ arguments: TemplateArguments, in scope: TemplateScope
    ) throws(TemplateFault) -> CallArguments {
        var values = CallArguments(try evaluate(arguments.positional, in: scope))
        for argument in arguments.named {
            values.named.append((argument.name, try evaluate(argument.value, in: scope)))
        }
        if let unpacked = arguments.unpacked {
            values.positional += try evaluate(unpacked, in: scope).elements()
        }
        if let unpacked = arguments.unpackedNames {
            guard case .dictionary(let names) = try evaluate(unpacked, in: scope) else {
                throw TemplateFault(.type, "argument after ** must be a mapping")
            }
            for entry in names.entries {
                guard let name = entry.key.textValue else {
                    throw TemplateFault(.type, "keywords must be strings")
                }
                values.named.append((name.string, entry.value))
            }
        }
        return values
    }
}
