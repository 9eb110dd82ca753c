/// Equality, order and membership as Python has them.

extension TemplateValue {
    /// `==`.
    func equals(_ other: TemplateValue) -> Bool {
        switch (self, other) {
        case (.undefined, .undefined), (.none, .none): true
        case (.text(let a), .text(let b)): a == b
        case (.list(let a), .list(let b)):
            a.isTuple == b.isTuple && a.elements.count == b.elements.count
                && zip(a.elements, b.elements).allSatisfy { $0.equals($1) }
        case (.dictionary(let a), .dictionary(let b)):
            a.count == b.count
                && a.entries.allSatisfy { entry in
                    DictionaryKey(entry.key).flatMap(b.value)?.equals(entry.value) ?? false
                }
        case (.view(let a), .view(let b)):
            a.kind == b.kind && TemplateValue.list(a.list).equals(.list(b.list))
        case (.namespace(let a), .namespace(let b)): a === b
        case (.generator(let a), .generator(let b)): a === b
        case (.loop(let a), .loop(let b)): a === b
        case (.function(let a), .function(let b)): a == b
        default:
            if let a = integerValue, let b = other.integerValue {
                a == b
            } else if let a = numberValue, let b = other.numberValue {
                a == b
            } else {
                false
            }
        }
    }

    /// `<`, whose sign is named in the fault.
    func precedes(_ other: TemplateValue, _ sign: String = "<") throws(TemplateFault) -> Bool {
        switch (self, other) {
        case (.text(let a), .text(let b)):
            // The order of code points is that of their UTF-8.
            return a.utf8.lexicographicallyPrecedes(b.utf8)
        case (.list(let a), .list(let b)) where a.isTuple == b.isTuple:
            for (left, right) in zip(a.elements, b.elements) where !left.equals(right) {
                return try left.precedes(right, sign)
            }
            return a.elements.count < b.elements.count
        case (.undefined(let value), _), (_, .undefined(let value)): throw value.fault
        default: break
        }
        if let a = integerValue, let b = other.integerValue { return a < b }
        if let a = numberValue, let b = other.numberValue { return a < b }
        throw TemplateFault(
            .type,
            "'\(sign)' not supported between instances of '\(typeName)' and '\(other.typeName)'")
    }

    /// `value in self`.
    func contains(_ value: TemplateValue) throws(TemplateFault) -> Bool {
        switch self {
        case .text(let text):
            guard let part = value.textValue else {
                if case .undefined(let value) = value { throw value.fault }
                throw TemplateFault(
                    .type,
                    "'in <string>' requires string as left operand, not \(value.typeName)")
            }
            return text.firstRange(of: part.utf8) != nil
        case .dictionary(let dictionary):
            guard let key = DictionaryKey(value) else {
                if value.isUndefined { return false }
                throw TemplateFault(.type, "unhashable type: '\(value.typeName)'")
            }
            return dictionary.value(key) != nil
        default:
            return try elements("argument of type '\(typeName)' is not iterable")
                .contains { $0.equals(value) }
        }
    }

    /// What walking over it gives.
    func elements(
        _ refusal: @autoclosure () -> String? = nil
    ) throws(TemplateFault) -> [TemplateValue] {
        switch self {
        case .undefined(let value):
            if value.isWithheld { throw value.fault }
            return []
        case .text(let text): return try text.takenApart().map { .text($0) }
        case .list(let list): return list.elements
        case .dictionary(let dictionary): return dictionary.keys
        case .view(let view): return view.list.elements
        case .generator(let generator): return generator.take()
        case .loop(let loop): return loop.elements
        default:
            throw TemplateFault(.type, refusal() ?? "'\(typeName)' object is not iterable")
        }
    }

    /// How many elements it has; nil where Python knows no length.
    var length: Int? {
        switch self {
        case .undefined: 0
        case .text(let text): text.characterCount
        case .list(let list): list.elements.count
        case .dictionary(let dictionary): dictionary.count
        case .view(let view): view.list.elements.count
        case .loop(let loop): loop.elements.count
        default: nil
        }
    }
}

extension TemplateText {
    /// The most bytes of a text that is taken apart, since each part takes many.
    static let maximumParts = 1 << 20

    /// Its code points, each as a text.
    func takenApart() throws(TemplateFault) -> [TemplateText] {
        guard count <= Self.maximumParts else {
            throw TemplateFault(
                .limit, "a text of more than \(Self.maximumParts) bytes cannot be taken apart")
        }
        return characters
    }
}
