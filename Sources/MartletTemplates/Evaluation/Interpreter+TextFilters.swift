/// Filters of texts.

extension Interpreter {
    static let textFilters: [String: Filter] = [
        "trim": { (_, value, arguments) throws(TemplateFault) in
            let characters = try arguments.bound("trim", ["chars"])[0] ?? .none
            return .text(value.printed.trimmed(characters.textValue))
        },
        "upper": { (_, value, _) throws(TemplateFault) in
            .text(value.printed.mapped { $0.uppercased() })
        },
        "lower": { (_, value, _) throws(TemplateFault) in
            .text(value.printed.mapped { $0.lowercased() })
        },
        "capitalize": { (_, value, _) throws(TemplateFault) in
            .text(TextMethods.capitalized(value.printed))
        },
        "title": { (_, value, _) throws(TemplateFault) in .text(titled(value.printed)) },
        "replace": { (_, value, arguments) throws(TemplateFault) in
            let values = try arguments.bound("replace", ["old", "new", "count"], required: 2)
            var count = -1
            if let limit = values[2], let number = limit.integerValue { count = number }
            let (old, new) = ((values[0] ?? .none).printed, (values[1] ?? .none).printed)
            return .text(try TextMethods.replaced(value.printed, old, new, count: count))
        },
        "indent": { (interpreter, value, arguments) throws(TemplateFault) in
            try indented(value.printed, arguments, interpreter)
        },
        "join": { (interpreter, value, arguments) throws(TemplateFault) in
            let values = try arguments.bound("join", ["d", "attribute"])
            let separator = (values[0] ?? .string("")).printed
            var result = TemplateText()
            for (position, element) in try value.elements().enumerated() {
                if position > 0 { result.append(separator) }
                let part = try values[1].map { (path) throws(TemplateFault) in
                    try attribute(path, of: element)
                }
                result.append((part ?? element).printed)
                try interpreter.check(bytes: result.count)
            }
            return .text(result)
        },
        "format": { (_, value, arguments) throws(TemplateFault) in
            let named = TemplateValue.dictionary(
                DictionaryValue(arguments.named.map { (.string($0.name), $0.value) }))
            guard arguments.named.isEmpty || arguments.positional.isEmpty else {
                throw TemplateFault(
                    .type, "can't handle positional and keyword arguments at the same time")
            }
            return .text(
                try TextFormat.percent(
                    value.printed, arguments.positional,
                    named: arguments.named.isEmpty ? .none : named))
        },
        "safe": { (_, value, _) throws(TemplateFault) in
            var text = value.printed
            text.isMarkup = true
            return .text(text)
        },
        "escape": escape,
        "e": escape,
        "forceescape": { (_, value, _) throws(TemplateFault) in
            var text = value.printed
            text.isMarkup = false
            return .text(text.escaped)
        },
        "center": { (_, value, arguments) throws(TemplateFault) in
            let width = try arguments.bound("center", ["width"])[0]?.integerValue ?? 80
            return .text(TextMethods.centered(value.printed, width: min(width, 1 << 20)))
        },
        "wordcount": { (_, value, _) throws(TemplateFault) in
            guard let split = TextMethods.table["split"] else { return .integer(0) }
            return .integer(try split(value.printed, CallArguments()).length ?? 0)
        },
        "truncate": { (_, value, arguments) throws(TemplateFault) in
            try truncated(value.printed, arguments)
        },
    ]

    private static let escape: Filter = { (_, value, _) throws(TemplateFault) in
        .text(value.printed.escaped)
    }

    private static func titled(_ text: TemplateText) -> TemplateText {
        var beginsWord = true
        return text.mapped { piece in
            var result = ""
            for character in piece {
                result += beginsWord ? character.uppercased() : character.lowercased()
                beginsWord = character.isWhitespace || "-({[<".contains(character)
            }
            return result
        }
    }

    private static func indented(
        _ text: TemplateText, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateFault) -> TemplateValue {
        let values = try arguments.bound("indent", ["width", "first", "blank"])
        let width = values[0] ?? .integer(4)
        let count = min(width.integerValue ?? 0, 1024)
        let indentation =
            width.textValue ?? TemplateText(String(repeating: " ", count: max(0, count)))
        let (indentsFirst, indentsBlank) = (values[1]?.isTrue ?? false, values[2]?.isTrue ?? false)
        var result = indentsFirst ? indentation : TemplateText()
        var text = text
        text.append("\n".utf8)
        for (position, line) in TextMethods.lines(text).enumerated() {
            if position > 0 {
                result.append("\n".utf8)
                if indentsBlank || !line.isEmpty { result.append(indentation) }
            }
            result.append(line)
            try interpreter.check(bytes: result.count)
        }
        return .text(result)
    }

    private static func truncated(
        _ text: TemplateText, _ arguments: CallArguments
    ) throws(TemplateFault) -> TemplateValue {
        let values = try arguments.bound("truncate", ["length", "killwords", "end", "leeway"])
        let length = values[0]?.integerValue ?? 255
        let end = values[2]?.printed ?? TemplateText("...")
        let leeway = values[3]?.integerValue ?? 5
        let offsets = text.characterOffsets
        if offsets.count - 1 <= length + leeway { return .text(text) }
        let kept = max(0, length - end.characterCount)
        var head = text[0..<offsets[min(kept, offsets.count - 1)]]
        if !(values[1]?.isTrue ?? false), let space = head.lastRange(of: [0x20], before: head.count)
        {
            head = head[0..<space.lowerBound]
        }
        head.append(end)
        return .text(head)
    }
}
