/// What stands behind `is`.

extension Interpreter {
    private typealias Test =
        @Sendable (TemplateValue, TemplateValue) throws(TemplateFault) -> Bool

    /// Tests without arguments.
    private static let plainTests: [String: @Sendable (TemplateValue) -> Bool] = [
        "defined": { !$0.isUndefined },
        "undefined": { $0.isUndefined },
        "none": { if case .none = $0 { true } else { false } },
        "boolean": { if case .bool = $0 { true } else { false } },
        "true": { if case .bool(true) = $0 { true } else { false } },
        "false": { if case .bool(false) = $0 { true } else { false } },
        "integer": { if case .integer = $0 { true } else { false } },
        "float": { if case .number = $0 { true } else { false } },
        "number": { $0.numberValue != nil },
        "string": { $0.textValue != nil },
        "mapping": { if case .dictionary = $0 { true } else { false } },
        "escaped": { $0.textValue?.isMarkup ?? false },
        "callable": { value in
            switch value {
            case .macro, .function, .method, .undefined: true
            case .loop(let loop): loop.recursion != nil
            default: false
            }
        },
        "sequence": { value in
            switch value {
            case .text, .list, .dictionary, .undefined: true
            case .view(let view): view.kind == .range
            default: false
            }
        },
        "iterable": { value in
            switch value {
            case .text, .list, .dictionary, .view, .generator, .loop, .undefined: true
            default: false
            }
        },
        "lower": { value in value.printed.mapped { $0.lowercased() } == value.printed },
        "upper": { value in value.printed.mapped { $0.uppercased() } == value.printed },
    ]

    private static let comparisons: [String: ComparisonOperator] = [
        "eq": .equal, "equalto": .equal, "==": .equal, "ne": .notEqual, "!=": .notEqual,
        "lt": .less, "lessthan": .less, "<": .less, "le": .lessOrEqual, "<=": .lessOrEqual,
        "gt": .greater, "greaterthan": .greater, ">": .greater, "ge": .greaterOrEqual,
        ">=": .greaterOrEqual, "in": .isIn,
    ]

    static func isTest(_ name: String) -> Bool {
        plainTests[name] != nil || comparisons[name] != nil
            || ["odd", "even", "divisibleby", "sameas", "filter", "test"].contains(name)
    }

    /// Whether a test holds.
    func test(
        _ name: String, _ value: TemplateValue, _ arguments: CallArguments
    ) throws(TemplateFault) -> Bool {
        if let test = Self.plainTests[name] {
            _ = try arguments.bound(name, [])
            return test(value)
        }
        if let comparison = Self.comparisons[name] {
            let other = try arguments.bound(name, ["other"], required: 1)[0] ?? .none
            return try compare(value, comparison, other)
        }
        switch name {
        case "odd", "even":
            return try (remainder(value, 2) == 0) == (name == "even")
        case "divisibleby":
            let divisor = try arguments.bound(name, ["num"], required: 1)[0]?.integerValue ?? 0
            guard divisor != 0 else { throw TemplateFault(.value, "division by zero") }
            return try remainder(value, divisor) == 0
        case "sameas":
            let other = try arguments.bound(name, ["other"], required: 1)[0] ?? .none
            return value.typeName == other.typeName && value.equals(other)
        case "filter", "test":
            let text = value.printed.string
            return name == "filter" ? Self.filters[text] != nil : Self.isTest(text)
        default:
            throw TemplateFault(.runtime, "No test named '\(name)' found.")
        }
    }

    private func remainder(_ value: TemplateValue, _ divisor: Int) throws(TemplateFault) -> Int {
        if case .undefined(let value) = value { throw value.fault }
        guard let integer = value.integerValue else {
            throw TemplateFault(
                .type, "unsupported operand type(s) for %: '\(value.typeName)' and 'int'")
        }
        return divisor == -1 ? 0 : integer % divisor
    }
}
