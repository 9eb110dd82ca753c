/// Calls: macros, methods, functions that every template has.

extension Interpreter {
    /// Calls a value.
    func call(
        _ callee: TemplateValue, _ arguments: CallArguments, caller: TemplateValue? = nil
    ) throws(TemplateFault) -> TemplateValue {
        switch callee {
        case .undefined(let value): throw value.fault
        case .macro(let macro):
            var arguments = arguments
            if let caller { arguments.named.append(("caller", caller)) }
            return try call(macro, arguments)
        case .function(let function): return try call(function, arguments)
        case .method(let method): return try call(method, arguments)
        case .loop(let loop):
            guard let recursion = loop.recursion else {
                throw TemplateFault(
                    .type,
                    "The loop must have the 'recursive' marker to be called recursively.")
            }
            let sequence = try arguments.bound("loop", ["iterable"], required: 1)[0] ?? .none
            return try calling { () throws(TemplateFault) in
                .text(
                    try collect { () throws(TemplateFault) in
                        try run(
                            recursion.statement, over: sequence, in: recursion.scope,
                            depth: loop.depth + 1)
                    })
            }
        default:
            throw TemplateFault(.type, "'\(callee.typeName)' object is not callable")
        }
    }

    private func call(
        _ macro: MacroValue, _ arguments: CallArguments
    ) throws(TemplateFault) -> TemplateValue {
        let definition = macro.definition
        let scope = TemplateScope(in: macro.scope)
        var named: [(name: String, value: TemplateValue)] = []
        var given: Set<String> = []
        let names = definition.parameters.map(\.name)
        for (name, value) in zip(names, arguments.positional) {
            scope.values[name] = value
            given.insert(name)
        }
        let extra = Array(arguments.positional.dropFirst(names.count))
        if !extra.isEmpty, !definition.usesExtraArguments {
            throw TemplateFault(
                .type,
                "macro '\(definition.name)' takes not more than \(names.count) argument(s)")
        }
        for argument in arguments.named {
            if names.contains(argument.name) {
                guard given.insert(argument.name).inserted else {
                    throw TemplateFault(
                        .type,
                        "macro '\(definition.name)' got multiple values for argument '\(argument.name)'"
                    )
                }
                scope.values[argument.name] = argument.value
            } else if argument.name == "caller", definition.usesCaller {
                scope.values["caller"] = argument.value
            } else {
                named.append(argument)
            }
        }
        if !named.isEmpty, !definition.usesExtraNames {
            throw TemplateFault(
                .type,
                "macro '\(definition.name)' takes no keyword argument '\(named[0].name)'")
        }
        if definition.usesExtraArguments { scope.values["varargs"] = .tuple(extra) }
        if definition.usesExtraNames {
            scope.values["kwargs"] = .dictionary(
                DictionaryValue(named.map { (.string($0.name), $0.value) }))
        }
        if definition.usesCaller, scope.values["caller"] == nil {
            scope.values["caller"] = .undefined(UndefinedValue("No caller defined"))
        }
        return try calling { () throws(TemplateFault) in
            for parameter in definition.parameters where !given.contains(parameter.name) {
                if let expression = parameter.defaultValue {
                    scope.values[parameter.name] = try evaluate(expression, in: scope)
                } else {
                    scope.values[parameter.name] = .undefined(
                        UndefinedValue("parameter '\(parameter.name)' was not provided"))
                }
            }
            return .text(
                try collect { () throws(TemplateFault) in
                    try execute(definition.body, in: scope)
                })
        }
    }

    // MARK: Functions

    private func call(
        _ function: GlobalFunction, _ arguments: CallArguments
    ) throws(TemplateFault) -> TemplateValue {
        switch function {
        case .range: return try range(arguments)
        case .dict, .namespace:
            var dictionary = DictionaryValue()
            guard arguments.positional.count <= 1 else {
                throw TemplateFault(.type, "\(function.rawValue) expected at most 1 argument")
            }
            if let first = arguments.positional.first {
                if case .dictionary(let given) = first {
                    dictionary = given
                } else {
                    for pair in try first.elements() {
                        let parts = try pair.elements()
                        guard parts.count == 2, dictionary.set(parts[0], parts[1]) else {
                            throw TemplateFault(.type, "expected pairs of a key and a value")
                        }
                    }
                }
            }
            for argument in arguments.named {
                dictionary.set(.string(argument.name), argument.value)
            }
            guard function == .namespace else { return .dictionary(dictionary) }
            var values: [String: TemplateValue] = [:]
            for entry in dictionary.entries {
                if let name = entry.key.textValue { values[name.string] = entry.value }
            }
            return makeNamespace(values)
        case .raiseException:
            let message = try arguments.bound("raise_exception", ["message"], required: 1)[0]
            throw TemplateFault(.raised, (message ?? .none).printed.string)
        case .strftimeNow:
            let format = try arguments.bound("strftime_now", ["format"], required: 1)[0]
            guard let format = format?.textValue else {
                throw TemplateFault(.type, "strftime_now() argument 1 must be str")
            }
            return .string(clock.now().formatted(format.string))
        }
    }

    private func range(_ arguments: CallArguments) throws(TemplateFault) -> TemplateValue {
        var bounds: [Int] = []
        for value in arguments.positional {
            guard let bound = value.integerValue else {
                if case .undefined(let value) = value { throw value.fault }
                throw TemplateFault(
                    .type, "'\(value.typeName)' object cannot be interpreted as an integer")
            }
            bounds.append(bound)
        }
        guard (1...3).contains(bounds.count), arguments.named.isEmpty else {
            throw TemplateFault(.type, "range expected 1 to 3 arguments, got \(bounds.count)")
        }
        let (start, end) = bounds.count == 1 ? (0, bounds[0]) : (bounds[0], bounds[1])
        let stride = bounds.count == 3 ? bounds[2] : 1
        guard stride != 0 else { throw TemplateFault(.value, "range() arg 3 must not be zero") }
        let span = end.subtractingReportingOverflow(start)
        guard !span.overflow, abs(span.partialValue / stride) <= 100_000 else {
            throw TemplateFault(
                .limit, "Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).")
        }
        return .view(
            ViewValue(.range, Swift.stride(from: start, to: end, by: stride).map { .integer($0) }))
    }

    // MARK: Methods

    private func call(
        _ method: MethodValue, _ arguments: CallArguments
    ) throws(TemplateFault) -> TemplateValue {
        switch method.receiver {
        case .text(let text):
            guard let body = TextMethods.table[method.name] else { break }
            try charge(bytes: text.count)
            return try body(text, arguments)
        case .dictionary(let dictionary): return try call(method.name, of: dictionary, arguments)
        case .list(let list):
            if method.name == "copy" { return method.receiver }
            let wanted = try arguments.bound(method.name, ["value"], required: 1)[0] ?? .none
            if method.name == "count" {
                return .integer(list.elements.count { $0.equals(wanted) })
            }
            guard let place = list.elements.firstIndex(where: { $0.equals(wanted) }) else {
                throw TemplateFault(
                    .value, "\(wanted.representation.string) is not in list")
            }
            return .integer(place)
        case .loop(let loop):
            if method.name == "cycle" {
                guard !arguments.positional.isEmpty else {
                    throw TemplateFault(.type, "no items for cycling given")
                }
                return arguments.positional[loop.index % arguments.positional.count]
            }
            let isSame =
                loop.lastChanged.map { last in
                    TemplateValue.list(last).equals(.list(arguments.positional))
                } ?? false
            loop.lastChanged = arguments.positional
            return .bool(!isSame)
        default: break
        }
        throw TemplateFault(.type, "'\(method.name)' cannot be called")
    }

    private func call(
        _ name: String, of dictionary: DictionaryValue, _ arguments: CallArguments
    ) throws(TemplateFault) -> TemplateValue {
        switch name {
        case "get":
            let values = try arguments.bound("get", ["key", "default"], required: 1)
            guard let key = values[0], let found = DictionaryKey(key) else {
                throw TemplateFault(
                    .type, "unhashable type: '\((values[0] ?? .none).typeName)'")
            }
            return dictionary.value(found) ?? values[1] ?? .none
        case "items": return .view(ViewValue(.items, dictionary.items))
        case "keys": return .view(ViewValue(.keys, dictionary.keys))
        case "values": return .view(ViewValue(.values, dictionary.values))
        default: return .dictionary(dictionary)
        }
    }
}
