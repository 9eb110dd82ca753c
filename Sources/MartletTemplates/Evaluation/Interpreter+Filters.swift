/// What stands behind `|`: the table of filters, and those of single values.

extension Interpreter {
    typealias Filter =
        @Sendable (Interpreter, TemplateValue, CallArguments) throws(TemplateFault) -> TemplateValue

    /// Every filter by its name.
    static let filters: [String: Filter] =
        valueFilters.merging(textFilters) { $1 }.merging(sequenceFilters) { $1 }

    /// The value of a filter.
    func filter(
        _ name: String, _ value: TemplateValue, _ arguments: CallArguments
    ) throws(TemplateFault) -> TemplateValue {
        guard let filter = Self.filters[name] else {
            throw TemplateFault(.runtime, "No filter named '\(name)' found.")
        }
        return try filter(self, value, arguments)
    }

    private static let valueFilters: [String: Filter] = [
        "default": defaultValue,
        "d": defaultValue,
        "string": { (_, value, _) throws(TemplateFault) in .text(value.printed) },
        "tojson": { (interpreter, value, arguments) throws(TemplateFault) in
            try interpreter.json(value, arguments)
        },
        "int": { (_, value, arguments) throws(TemplateFault) in
            let values = try arguments.bound("int", ["default", "base"])
            return integer(value, base: values[1]?.integerValue ?? 10) ?? values[0] ?? .integer(0)
        },
        "float": { (_, value, arguments) throws(TemplateFault) in
            let values = try arguments.bound("float", ["default"])
            if case .undefined(let value) = value { throw value.fault }
            return number(value).map { .number($0) } ?? values[0] ?? .number(0)
        },
        "abs": { (interpreter, value, _) throws(TemplateFault) in
            if case .undefined(let value) = value { throw value.fault }
            guard let number = value.numberValue else {
                throw TemplateFault(.type, "bad operand type for abs(): '\(value.typeName)'")
            }
            if number >= 0 { return value.integerValue.map { .integer($0) } ?? value }
            return try interpreter.negated(value)
        },
        "round": { (_, value, arguments) throws(TemplateFault) in
            let values = try arguments.bound("round", ["precision", "method"])
            guard let number = value.numberValue else {
                throw TemplateFault(
                    .type, "type \(value.typeName) doesn't define __round__ method")
            }
            var scale = 1.0
            for _ in 0..<min(17, max(0, values[0]?.integerValue ?? 0)) { scale *= 10 }
            let rule: FloatingPointRoundingRule =
                switch values[1]?.textValue?.string ?? "common" {
                case "ceil": .up
                case "floor": .down
                default: .toNearestOrEven
                }
            return .number((number * scale).rounded(rule) / scale)
        },
        "attr": { (_, value, arguments) throws(TemplateFault) in
            let name = try arguments.bound("attr", ["name"], required: 1)[0] ?? .none
            if case .undefined(let value) = value { throw value.fault }
            if case .dictionary = value {
                let found = try value.attribute(name.printed.string)
                if case .method = found { return found }
                return .undefined(
                    UndefinedValue("'dict object' has no attribute '\(name.printed.string)'"))
            }
            return try value.attribute(name.printed.string)
        },
        "items": { (_, value, _) throws(TemplateFault) in
            if value.isUndefined { return .generator(GeneratorValue([])) }
            guard case .dictionary(let dictionary) = value else {
                throw TemplateFault(.type, "Can only get item pairs from a mapping.")
            }
            return .generator(GeneratorValue(dictionary.items))
        },
    ]

    private static let defaultValue: Filter = { (_, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound("default", ["default_value", "boolean"])
        let replaces = value.isUndefined || (values[1]?.isTrue ?? false && !value.isTrue)
        return replaces ? values[0] ?? .string("") : value
    }

    private func json(
        _ value: TemplateValue, _ arguments: CallArguments
    ) throws(TemplateFault) -> TemplateValue {
        let values = try arguments.bound(
            "tojson", ["ensure_ascii", "indent", "separators", "sort_keys"])
        var settings = JSONText()
        settings.escapesNonASCII = values[0]?.isTrue ?? false
        settings.sortsKeys = values[3]?.isTrue ?? false
        if let indent = values[1] {
            if let width = indent.integerValue {
                guard width <= 64 else {
                    throw TemplateFault(
                        .limit, "tojson: an indent of \(width), expected at most 64")
                }
                settings.indentation = TemplateText(String(repeating: " ", count: max(0, width)))
            } else if let text = indent.textValue {
                settings.indentation = try Self.short(text)
            }
            if settings.indentation != nil { settings.itemSeparator = TemplateText(",") }
        }
        if let separators = values[2], case .list(let list) = separators {
            guard list.elements.count == 2, let item = list.elements[0].textValue,
                let key = list.elements[1].textValue
            else { throw TemplateFault(.value, "tojson: separators must be two texts") }
            settings.itemSeparator = try Self.short(item)
            settings.keySeparator = try Self.short(key)
        }
        return .text(try JSONText.text(of: value, settings))
    }

    /// A text that is written between others, again and again.
    private static func short(_ text: TemplateText) throws(TemplateFault) -> TemplateText {
        guard text.count <= 64 else {
            throw TemplateFault(.limit, "tojson: a separator of more than 64 bytes")
        }
        return text
    }

    private static func integer(_ value: TemplateValue, base: Int) -> TemplateValue? {
        if let integer = value.integerValue { return .integer(integer) }
        if let text = value.textValue {
            let digits = text.trimmed(nil).string.replacing("_", with: "")
            if (2...36).contains(base), let integer = Int(digits, radix: base) {
                return .integer(integer)
            }
        }
        return number(value).flatMap { Int(exactly: $0.rounded(.towardZero)) }.map { .integer($0) }
    }

    private static func number(_ value: TemplateValue) -> Double? {
        if let number = value.numberValue { return number }
        guard let text = value.textValue else { return nil }
        let digits = text.trimmed(nil).string
        // Swift reads hexadecimal floats, Python does not.
        return digits.utf8.contains(where: { $0 | 0x20 == UInt8(ascii: "x") })
            ? nil : Double(digits)
    }
}
