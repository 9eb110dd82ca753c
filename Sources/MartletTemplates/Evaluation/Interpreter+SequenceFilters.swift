/// Filters of lists and of what else can be walked over.

extension Interpreter {
    static let sequenceFilters: [String: Filter] = [
        "length": length,
        "count": length,
        "list": { (_, value, _) throws(TemplateFault) in .list(try value.elements()) },
        "first": { (_, value, _) throws(TemplateFault) in
            if case .generator(let generator) = value, let next = generator.next() { return next }
            return try value.elements().first
                ?? .undefined(UndefinedValue("No first item, sequence was empty."))
        },
        "last": { (_, value, _) throws(TemplateFault) in
            guard value.length != nil else {
                throw TemplateFault(.type, "'\(value.typeName)' object is not reversible")
            }
            return try value.elements().last
                ?? .undefined(UndefinedValue("No last item, sequence was empty."))
        },
        "reverse": { (_, value, _) throws(TemplateFault) in
            if let text = value.textValue {
                var result = TemplateText()
                for character in try text.takenApart().reversed() { result.append(character) }
                return .text(result)
            }
            return .generator(GeneratorValue(try value.elements().reversed()))
        },
        "map": { (interpreter, value, arguments) throws(TemplateFault) in
            try interpreter.mapped(value, arguments)
        },
        "select": { (interpreter, value, arguments) throws(TemplateFault) in
            try interpreter.selected(value, arguments, keeps: true)
        },
        "reject": { (interpreter, value, arguments) throws(TemplateFault) in
            try interpreter.selected(value, arguments, keeps: false)
        },
        "selectattr": { (interpreter, value, arguments) throws(TemplateFault) in
            try interpreter.selected(value, arguments, keeps: true, byAttribute: true)
        },
        "rejectattr": { (interpreter, value, arguments) throws(TemplateFault) in
            try interpreter.selected(value, arguments, keeps: false, byAttribute: true)
        },
        "dictsort": { (_, value, arguments) throws(TemplateFault) in
            let values = try arguments.bound("dictsort", ["case_sensitive", "by", "reverse"])
            guard case .dictionary(let dictionary) = value else {
                if case .undefined(let value) = value { throw value.fault }
                throw TemplateFault(
                    .undefined, "'\(value.typeName) object' has no attribute 'items'")
            }
            let byValue = values[1]?.textValue?.string == "value"
            let keepsCase = values[0]?.isTrue ?? false
            return .list(
                try sorted(dictionary.items, reversed: values[2]?.isTrue ?? false) {
                    (item) throws(TemplateFault) in
                    key(try item.elements()[byValue ? 1 : 0], keepsCase: keepsCase)
                })
        },
        "sort": { (_, value, arguments) throws(TemplateFault) in
            let values = try arguments.bound("sort", ["reverse", "case_sensitive", "attribute"])
            let keepsCase = values[1]?.isTrue ?? false
            let paths = values[2]?.textValue?.string.split(separator: ",").map(String.init)
            return .list(
                try sorted(try value.elements(), reversed: values[0]?.isTrue ?? false) {
                    (item) throws(TemplateFault) in
                    guard let paths else {
                        let path = values[2] ?? .none
                        if case .none = path { return key(item, keepsCase: keepsCase) }
                        return key(try attribute(path, of: item), keepsCase: keepsCase)
                    }
                    var keys: [TemplateValue] = []
                    for path in paths {
                        keys.append(
                            key(try attribute(.string(path), of: item), keepsCase: keepsCase))
                    }
                    return .list(keys)
                })
        },
        "unique": { (_, value, arguments) throws(TemplateFault) in
            let values = try arguments.bound("unique", ["case_sensitive", "attribute"])
            var seen: Set<DictionaryKey> = []
            var kept: [TemplateValue] = []
            for element in try value.elements() {
                let part = try values[1].map { (path) throws(TemplateFault) in
                    try attribute(path, of: element)
                }
                let key = key(part ?? element, keepsCase: values[0]?.isTrue ?? false)
                guard let found = DictionaryKey(key) else {
                    throw TemplateFault(.type, "unhashable type: '\(key.typeName)'")
                }
                if seen.insert(found).inserted { kept.append(element) }
            }
            return .generator(GeneratorValue(kept))
        },
        "min": { (_, value, arguments) throws(TemplateFault) in
            try extreme(value, arguments, "min", reversed: false)
        },
        "max": { (_, value, arguments) throws(TemplateFault) in
            try extreme(value, arguments, "max", reversed: true)
        },
        "sum": { (interpreter, value, arguments) throws(TemplateFault) in
            let values = try arguments.bound("sum", ["attribute", "start"])
            var total = values[1] ?? .integer(0)
            for element in try value.elements() {
                let part = try values[0].map { (path) throws(TemplateFault) in
                    try attribute(path, of: element)
                }
                total = try interpreter.charge(
                    try interpreter.binary(.add, total, part ?? element))
            }
            return total
        },
        "batch": { (_, value, arguments) throws(TemplateFault) in
            let values = try arguments.bound("batch", ["linecount", "fill_with"], required: 1)
            let size = max(1, values[0]?.integerValue ?? 1)
            var batches: [[TemplateValue]] = []
            for (position, element) in try value.elements().enumerated() {
                if position % size == 0 { batches.append([]) }
                batches[batches.count - 1].append(element)
            }
            if let fill = values[1], let last = batches.last, size <= 100_000 {
                batches[batches.count - 1] += repeatElement(fill, count: size - last.count)
            }
            return .generator(GeneratorValue(batches.map { .list($0) }))
        },
        "groupby": { (_, value, arguments) throws(TemplateFault) in
            let values = try arguments.bound("groupby", ["attribute", "default"], required: 1)
            let path = values[0] ?? .none
            func group(_ item: TemplateValue) throws(TemplateFault) -> TemplateValue {
                let found = try attribute(path, of: item)
                return found.isUndefined ? values[1] ?? found : found
            }
            let items = try sorted(try value.elements(), reversed: false) {
                (item) throws(TemplateFault) in key(try group(item), keepsCase: false)
            }
            var groups: [(key: TemplateValue, items: [TemplateValue])] = []
            for item in items {
                let own = try group(item)
                if let last = groups.last,
                    key(last.key, keepsCase: false).equals(key(own, keepsCase: false))
                {
                    groups[groups.count - 1].items.append(item)
                } else {
                    groups.append((own, [item]))
                }
            }
            return .list(groups.map { .tuple([$0.key, .list($0.items)]) })
        },
    ]

    private static let length: Filter = { (_, value, _) throws(TemplateFault) in
        if case .undefined(let value) = value, value.isWithheld { throw value.fault }
        guard let length = value.length else {
            throw TemplateFault(.type, "object of type '\(value.typeName)' has no len()")
        }
        return .integer(length)
    }

    // MARK: Attributes

    /// What a path such as `function.name` leads to.
    static func attribute(
        _ path: TemplateValue, of value: TemplateValue
    ) throws(TemplateFault) -> TemplateValue {
        guard let text = path.textValue else { return try value.item(path) }
        var value = value
        for part in text.string.split(separator: ".", omittingEmptySubsequences: false) {
            let key: TemplateValue = Int(part).map { .integer($0) } ?? .string(String(part))
            value = try value.item(key)
        }
        return value
    }

    // MARK: Choosing

    /// Jinja asks whether there is anything before it walks: a none has no elements here.
    private static func someElements(
        of value: TemplateValue
    ) throws(TemplateFault) -> [TemplateValue] {
        value.isTrue || value.isUndefined ? try value.elements() : []
    }

    private func mapped(
        _ value: TemplateValue, _ arguments: CallArguments
    ) throws(TemplateFault) -> TemplateValue {
        var results: [TemplateValue] = []
        if arguments.positional.isEmpty {
            let values = try arguments.bound("map", ["attribute", "default"], required: 1)
            for element in try Self.someElements(of: value) {
                try step()
                let found = try Self.attribute(values[0] ?? .none, of: element)
                results.append(found.isUndefined ? values[1] ?? found : found)
            }
            return .generator(GeneratorValue(results))
        }
        let (name, rest) = Self.named(arguments)
        for element in try Self.someElements(of: value) {
            try step()
            results.append(try charge(try filter(name, element, rest)))
        }
        return .generator(GeneratorValue(results))
    }

    /// The filter or test that the first argument names, and the arguments for it.
    private static func named(_ arguments: CallArguments) -> (String, CallArguments) {
        var rest = CallArguments(Array(arguments.positional.dropFirst()))
        rest.named = arguments.named
        return ((arguments.positional.first ?? .none).printed.string, rest)
    }

    private func selected(
        _ value: TemplateValue, _ arguments: CallArguments, keeps: Bool, byAttribute: Bool = false
    ) throws(TemplateFault) -> TemplateValue {
        var arguments = arguments
        var path: TemplateValue?
        if byAttribute {
            guard !arguments.positional.isEmpty else {
                throw TemplateFault(.type, "Missing parameter for attribute name")
            }
            path = arguments.positional.removeFirst()
        }
        let (name, rest) = Self.named(arguments)
        var kept: [TemplateValue] = []
        for element in try Self.someElements(of: value) {
            try step()
            let part = try path.map { (path) throws(TemplateFault) in
                try Self.attribute(path, of: element)
            }
            let subject = part ?? element
            let holds =
                arguments.positional.isEmpty ? subject.isTrue : try test(name, subject, rest)
            if holds == keeps { kept.append(element) }
        }
        return .generator(GeneratorValue(kept))
    }

    // MARK: Order

    /// What a value is ordered by: texts without regard to case, unless asked for.
    private static func key(_ value: TemplateValue, keepsCase: Bool) -> TemplateValue {
        guard !keepsCase, let text = value.textValue else { return value }
        return .text(text.mapped { $0.lowercased() })
    }

    /// A stable sort, whose comparison may fail.
    private static func sorted(
        _ values: [TemplateValue], reversed: Bool,
        by key: (TemplateValue) throws(TemplateFault) -> TemplateValue
    ) throws(TemplateFault) -> [TemplateValue] {
        var items: [(key: TemplateValue, value: TemplateValue)] = []
        for value in values { items.append((try key(value), value)) }
        var width = 1
        while width < items.count {
            var merged: [(key: TemplateValue, value: TemplateValue)] = []
            merged.reserveCapacity(items.count)
            for start in stride(from: 0, to: items.count, by: 2 * width) {
                let middle = min(start + width, items.count)
                let end = min(start + 2 * width, items.count)
                var (left, right) = (start, middle)
                while left < middle, right < end {
                    let takesRight =
                        reversed
                        ? try items[left].key.precedes(items[right].key)
                        : try items[right].key.precedes(items[left].key)
                    merged.append(items[takesRight ? right : left])
                    if takesRight { right += 1 } else { left += 1 }
                }
                merged += items[left..<middle]
                merged += items[right..<end]
            }
            items = merged
            width *= 2
        }
        return items.map(\.value)
    }

    private static func extreme(
        _ value: TemplateValue, _ arguments: CallArguments, _ name: String, reversed: Bool
    ) throws(TemplateFault) -> TemplateValue {
        let values = try arguments.bound(name, ["case_sensitive", "attribute"])
        let items = try sorted(try value.elements(), reversed: reversed) {
            (item) throws(TemplateFault) in
            let part = try values[1].map { (path) throws(TemplateFault) in
                try attribute(path, of: item)
            }
            return key(part ?? item, keepsCase: values[0]?.isTrue ?? false)
        }
        return items.first
            ?? .undefined(UndefinedValue("No aggregated item, sequence was empty."))
    }
}
