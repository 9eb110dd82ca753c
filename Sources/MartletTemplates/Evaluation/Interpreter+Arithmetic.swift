/// Operators as Python has them, on integers of 64 bits.

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension Interpreter {
    func negated(_ value: TemplateValue) throws(TemplateFault) -> TemplateValue {
        if case .undefined(let value) = value { throw value.fault }
        if let integer = value.integerValue {
            guard integer != .min else { throw Self.overflow }
            return .integer(-integer)
        }
        guard let number = value.numberValue else {
            throw TemplateFault(.type, "bad operand type for unary -: '\(value.typeName)'")
        }
        return .number(-number)
    }

    private static var overflow: TemplateFault {
        TemplateFault(.limit, "an integer leaves the range of 64 bits")
    }

    func binary(
        _ sign: BinaryOperator, _ left: TemplateValue, _ right: TemplateValue
    ) throws(TemplateFault) -> TemplateValue {
        if case .undefined(let value) = left { throw value.fault }
        if case .text(let format) = left, sign == .modulo {
            var arguments = [right]
            if case .list(let list) = right, list.isTuple { arguments = list.elements }
            return .text(try TextFormat.percent(format, arguments, named: right))
        }
        if case .undefined(let value) = right { throw value.fault }
        if let a = left.integerValue, let b = right.integerValue {
            return try integers(sign, a, b)
        }
        if let a = left.numberValue, let b = right.numberValue {
            return try numbers(sign, a, b)
        }
        switch (sign, left, right) {
        case (.add, .text(let a), .text(let b)): return .text(a + b)
        case (.add, .list(let a), .list(let b)) where a.isTuple == b.isTuple:
            return .list(ListValue(a.elements + b.elements, isTuple: a.isTuple))
        case (.add, .text, _), (.add, .list, _):
            throw TemplateFault(
                .type,
                "can only concatenate \(left.typeName) (not \"\(right.typeName)\") to \(left.typeName)"
            )
        case (.multiply, .text(let text), _):
            if let count = right.integerValue { return try repeated(text, count) }
        case (.multiply, _, .text(let text)):
            if let count = left.integerValue { return try repeated(text, count) }
        case (.multiply, .list(let list), _):
            if let count = right.integerValue { return try repeated(list, count) }
        case (.multiply, _, .list(let list)):
            if let count = left.integerValue { return try repeated(list, count) }
        default: break
        }
        let name = sign == .power ? "** or pow()" : sign.rawValue
        throw TemplateFault(
            .type,
            "unsupported operand type(s) for \(name): '\(left.typeName)' and '\(right.typeName)'")
    }

    private func repeated(_ text: TemplateText, _ count: Int) throws(TemplateFault) -> TemplateValue
    {
        let size = text.count.multipliedReportingOverflow(by: max(0, count))
        try charge(bytes: size.overflow ? .max : size.partialValue)
        var result = TemplateText()
        if !text.isEmpty { for _ in 0..<max(0, count) { result.append(text) } }
        result.isMarkup = text.isMarkup
        return .text(result)
    }

    private func repeated(_ list: ListValue, _ count: Int) throws(TemplateFault) -> TemplateValue {
        let size = (list.elements.count * 16).multipliedReportingOverflow(by: max(0, count))
        try charge(bytes: size.overflow ? .max : size.partialValue)
        var elements: [TemplateValue] = []
        if !list.elements.isEmpty { for _ in 0..<max(0, count) { elements += list.elements } }
        return .list(ListValue(elements, isTuple: list.isTuple))
    }

    private func integers(
        _ sign: BinaryOperator, _ a: Int, _ b: Int
    ) throws(TemplateFault) -> TemplateValue {
        let result: (partialValue: Int, overflow: Bool)
        switch sign {
        case .add: result = a.addingReportingOverflow(b)
        case .subtract: result = a.subtractingReportingOverflow(b)
        case .multiply: result = a.multipliedReportingOverflow(by: b)
        case .divide:
            guard b != 0 else { throw TemplateFault(.value, "division by zero") }
            return .number(Double(a) / Double(b))
        case .floorDivide, .modulo:
            guard b != 0 else { throw TemplateFault(.value, "integer division or modulo by zero") }
            guard b != -1 else {
                if sign == .modulo { return .integer(0) }
                return try negated(.integer(a))
            }
            let remainder = a % b
            let isBetween = remainder != 0 && (remainder < 0) != (b < 0)
            return .integer(
                sign == .modulo
                    ? (isBetween ? remainder + b : remainder) : (isBetween ? a / b - 1 : a / b))
        case .power:
            guard b >= 0 else { return .number(pow(Double(a), Double(b))) }
            var power = 1
            var base = a
            var exponent = b
            while exponent > 0 {
                if exponent & 1 == 1 {
                    let next = power.multipliedReportingOverflow(by: base)
                    guard !next.overflow else { throw Self.overflow }
                    power = next.partialValue
                }
                exponent >>= 1
                guard exponent > 0 else { break }
                let next = base.multipliedReportingOverflow(by: base)
                guard !next.overflow else { throw Self.overflow }
                base = next.partialValue
            }
            return .integer(power)
        }
        guard !result.overflow else { throw Self.overflow }
        return .integer(result.partialValue)
    }

    private func numbers(
        _ sign: BinaryOperator, _ a: Double, _ b: Double
    ) throws(TemplateFault) -> TemplateValue {
        switch sign {
        case .add: return .number(a + b)
        case .subtract: return .number(a - b)
        case .multiply: return .number(a * b)
        case .power: return .number(pow(a, b))
        case .divide, .floorDivide, .modulo:
            guard b != 0 else { throw TemplateFault(.value, "float division by zero") }
            if sign == .divide { return .number(a / b) }
            var remainder = a.truncatingRemainder(dividingBy: b)
            if remainder != 0, (remainder < 0) != (b < 0) { remainder += b }
            return .number(sign == .modulo ? remainder : ((a - remainder) / b).rounded())
        }
    }
}
