/// The methods of texts.

/// The methods of Python's `str` that templates use, by name.
enum TextMethods {
    typealias Method =
        @Sendable (TemplateText, CallArguments) throws(TemplateFault) -> TemplateValue

    static let table: [String: Method] = [
        "strip": { (text, arguments) throws(TemplateFault) in
            .text(text.trimmed(try characters(arguments)))
        },
        "lstrip": { (text, arguments) throws(TemplateFault) in
            .text(text.trimmed(try characters(arguments), right: false))
        },
        "rstrip": { (text, arguments) throws(TemplateFault) in
            .text(text.trimmed(try characters(arguments), left: false))
        },
        "upper": { (text, _) throws(TemplateFault) in .text(text.mapped { $0.uppercased() }) },
        "lower": { (text, _) throws(TemplateFault) in .text(text.mapped { $0.lowercased() }) },
        "casefold": { (text, _) throws(TemplateFault) in .text(text.mapped { $0.lowercased() }) },
        "title": { (text, _) throws(TemplateFault) in .text(titled(text)) },
        "capitalize": { (text, _) throws(TemplateFault) in .text(capitalized(text)) },
        "split": { (text, arguments) throws(TemplateFault) in try split(text, arguments) },
        "rsplit": { (text, arguments) throws(TemplateFault) in
            try split(text, arguments, fromEnd: true)
        },
        "splitlines": { (text, _) throws(TemplateFault) in
            .list(lines(text).map { .text($0) })
        },
        "partition": { (text, arguments) throws(TemplateFault) in
            let separator = try argument(arguments, "partition", "sep")
            guard let place = text.firstRange(of: separator.utf8) else {
                return .tuple([.text(text), .string(""), .string("")])
            }
            return parts(of: text, around: place)
        },
        "rpartition": { (text, arguments) throws(TemplateFault) in
            let separator = try argument(arguments, "rpartition", "sep")
            guard let place = text.lastRange(of: separator.utf8, before: text.count) else {
                return .tuple([.string(""), .string(""), .text(text)])
            }
            return parts(of: text, around: place)
        },
        "startswith": { (text, arguments) throws(TemplateFault) in
            .bool(try affixes(arguments, "startswith").contains { text.utf8.starts(with: $0) })
        },
        "endswith": { (text, arguments) throws(TemplateFault) in
            .bool(
                try affixes(arguments, "endswith").contains {
                    text.utf8.suffix($0.count) == $0[...]
                }
            )
        },
        "removeprefix": { (text, arguments) throws(TemplateFault) in
            let affix = try argument(arguments, "removeprefix", "prefix")
            let has = text.utf8.starts(with: affix.utf8)
            return .text(has ? text[affix.count..<text.count] : text)
        },
        "removesuffix": { (text, arguments) throws(TemplateFault) in
            let affix = try argument(arguments, "removesuffix", "suffix")
            let has = text.utf8.suffix(affix.count) == affix.utf8[...]
            return .text(has ? text[0..<text.count - affix.count] : text)
        },
        "replace": { (text, arguments) throws(TemplateFault) in
            let values = try arguments.bound("replace", ["old", "new", "count"], required: 2)
            return .text(
                try replaced(
                    text, try argument(values[0], "replace"), try argument(values[1], "replace"),
                    count: values[2]?.integerValue ?? -1))
        },
        "find": { (text, arguments) throws(TemplateFault) in
            .integer(place(text.firstRange(of: try argument(arguments, "find", "sub").utf8), text))
        },
        "rfind": { (text, arguments) throws(TemplateFault) in
            let part = try argument(arguments, "rfind", "sub")
            return .integer(place(text.lastRange(of: part.utf8, before: text.count), text))
        },
        "index": { (text, arguments) throws(TemplateFault) in
            let part = try argument(arguments, "index", "sub")
            guard let range = text.firstRange(of: part.utf8) else {
                throw TemplateFault(.value, "substring not found")
            }
            return .integer(place(range, text))
        },
        "count": { (text, arguments) throws(TemplateFault) in
            let part = try argument(arguments, "count", "sub")
            guard !part.isEmpty else { return .integer(text.characterCount + 1) }
            var (count, at) = (0, 0)
            while let found = text.firstRange(of: part.utf8, from: at) {
                count += 1
                at = found.upperBound
            }
            return .integer(count)
        },
        "join": { (text, arguments) throws(TemplateFault) in
            let values = try arguments.bound("join", ["iterable"], required: 1)
            var result = TemplateText()
            for (position, value) in try (values[0] ?? .none).elements().enumerated() {
                guard let part = value.textValue else {
                    throw TemplateFault(
                        .type,
                        "sequence item \(position): expected str instance, \(value.typeName) found")
                }
                if position > 0 { result.append(text) }
                result.append(part)
                try bounded(result.count)
            }
            return .text(result)
        },
        "format": { (text, arguments) throws(TemplateFault) in
            .text(try TextFormat.braces(text, arguments))
        },
        "zfill": { (text, arguments) throws(TemplateFault) in
            let size = try width(arguments, "zfill")
            let hasSign =
                text.utf8.first == UInt8(ascii: "-") || text.utf8.first == UInt8(ascii: "+")
            var result = text[0..<(hasSign ? 1 : 0)]
            result.append(
                repeatElement(UInt8(ascii: "0"), count: max(0, size - text.characterCount)))
            result.append(text[(hasSign ? 1 : 0)..<text.count])
            return .text(result)
        },
        "ljust": { (text, arguments) throws(TemplateFault) in
            .text(padded(text, left: 0, right: try padding(text, arguments, "ljust")))
        },
        "rjust": { (text, arguments) throws(TemplateFault) in
            .text(padded(text, left: try padding(text, arguments, "rjust"), right: 0))
        },
        "center": { (text, arguments) throws(TemplateFault) in
            .text(centered(text, width: try width(arguments, "center")))
        },
        "isdigit": { (text, _) throws(TemplateFault) in
            .bool(
                all(text) {
                    $0.properties.numericType == .decimal || $0.properties.numericType == .digit
                })
        },
        "isnumeric": { (text, _) throws(TemplateFault) in
            .bool(all(text) { $0.properties.numericType != nil })
        },
        "isdecimal": { (text, _) throws(TemplateFault) in
            .bool(all(text) { $0.properties.numericType == .decimal })
        },
        "isalpha": { (text, _) throws(TemplateFault) in .bool(all(text, isLetter)) },
        "isalnum": { (text, _) throws(TemplateFault) in
            .bool(all(text) { isLetter($0) || $0.properties.numericType != nil })
        },
        "isspace": { (text, _) throws(TemplateFault) in
            .bool(!text.isEmpty && text.trimmed(nil).isEmpty)
        },
        "isupper": { (text, _) throws(TemplateFault) in
            .bool(isCased(text) && text.mapped { $0.uppercased() } == text)
        },
        "islower": { (text, _) throws(TemplateFault) in
            .bool(isCased(text) && text.mapped { $0.lowercased() } == text)
        },
    ]

    // MARK: Arguments

    static func argument(_ value: TemplateValue?, _ method: String) throws(TemplateFault)
        -> TemplateText
    {
        guard let text = value?.textValue else {
            if case .undefined(let value)? = value { throw value.fault }
            throw TemplateFault(
                .type, "\(method)() argument must be str, not \((value ?? .none).typeName)")
        }
        return text
    }

    private static func argument(
        _ arguments: CallArguments, _ method: String, _ parameter: String
    ) throws(TemplateFault) -> TemplateText {
        try argument(try arguments.bound(method, [parameter], required: 1)[0], method)
    }

    private static func characters(
        _ arguments: CallArguments
    ) throws(TemplateFault) -> TemplateText? {
        let value = try arguments.bound("strip", ["chars"])[0] ?? .none
        if case .none = value { return nil }
        let characters = try argument(value, "strip")
        guard characters.count <= 4096 else {
            throw TemplateFault(.limit, "strip: more than 4096 bytes of characters")
        }
        return characters
    }

    private static func affixes(
        _ arguments: CallArguments, _ method: String
    ) throws(TemplateFault) -> [[UInt8]] {
        let value = try arguments.bound(method, ["affix"], required: 1)[0] ?? .none
        guard case .list(let list) = value, list.isTuple else {
            guard let text = value.textValue else {
                if case .undefined(let value) = value { throw value.fault }
                throw TemplateFault(
                    .type,
                    "\(method) first arg must be str or a tuple of str, not \(value.typeName)")
            }
            return [text.utf8]
        }
        var texts: [[UInt8]] = []
        for element in list.elements { texts.append(try argument(element, method).utf8) }
        return texts
    }

    private static func width(
        _ arguments: CallArguments, _ method: String
    ) throws(TemplateFault) -> Int {
        let width = try arguments.bound(method, ["width"], required: 1)[0]?.integerValue
        guard let width, width < 1 << 20 else {
            throw TemplateFault(.type, "\(method)() needs an integer below \(1 << 20)")
        }
        return width
    }

    private static func padding(
        _ text: TemplateText, _ arguments: CallArguments, _ method: String
    ) throws(TemplateFault) -> Int {
        max(0, try width(arguments, method) - text.characterCount)
    }

    // MARK: Parts

    private static func parts(
        of text: TemplateText, around place: Range<Int>
    ) -> TemplateValue {
        .tuple([
            .text(text[0..<place.lowerBound]), .text(text[place]),
            .text(text[place.upperBound..<text.count]),
        ])
    }

    private static func place(_ range: Range<Int>?, _ text: TemplateText) -> Int {
        range.map { text[0..<$0.lowerBound].characterCount } ?? -1
    }

    private static func split(
        _ text: TemplateText, _ arguments: CallArguments, fromEnd: Bool = false
    ) throws(TemplateFault) -> TemplateValue {
        let values = try arguments.bound("split", ["sep", "maxsplit"])
        let limit = values[1]?.integerValue ?? -1
        let most = limit < 0 ? Int.max : limit
        if let separator = values[0] {
            if case .none = separator {
            } else {
                let separator = try argument(separator, "split")
                guard !separator.isEmpty else { throw TemplateFault(.value, "empty separator") }
                return .list(try split(text, by: separator.utf8, most, fromEnd: fromEnd))
            }
        }
        return .list(try words(of: text, most, fromEnd: fromEnd).map { .text($0) })
    }

    private static func split(
        _ text: TemplateText, by separator: [UInt8], _ most: Int, fromEnd: Bool
    ) throws(TemplateFault) -> [TemplateValue] {
        var parts: [TemplateValue] = []
        func add(_ range: Range<Int>) throws(TemplateFault) {
            parts.append(.text(text[range]))
            try boundedParts(parts.count)
        }
        if fromEnd {
            var end = text.count
            while parts.count < most, let found = text.lastRange(of: separator, before: end) {
                try add(found.upperBound..<end)
                end = found.lowerBound
            }
            parts.append(.text(text[0..<end]))
            return parts.reversed()
        }
        var at = 0
        while parts.count < most, let found = text.firstRange(of: separator, from: at) {
            try add(at..<found.lowerBound)
            at = found.upperBound
        }
        parts.append(.text(text[at..<text.count]))
        return parts
    }

    private static func words(
        of text: TemplateText, _ most: Int, fromEnd: Bool
    ) throws(TemplateFault) -> [TemplateText] {
        var words: [TemplateText] = []
        var rest = text.trimmed(nil, left: !fromEnd, right: fromEnd)
        while !rest.isEmpty {
            try boundedParts(words.count)
            guard words.count < most else {
                words.append(rest.trimmed(nil, left: fromEnd, right: !fromEnd))
                break
            }
            var (start, end) = (0, rest.count)
            if fromEnd {
                start = end
                while start > 0, PythonSpace.width(in: rest.utf8[...], endingAt: start) == nil {
                    start -= 1
                }
                words.append(rest[start..<end])
                rest = rest[0..<start].trimmed(nil, left: false)
            } else {
                end = 0
                while end < rest.count, PythonSpace.width(in: rest.utf8[...], at: end) == nil {
                    end += 1
                }
                words.append(rest[start..<end])
                rest = rest[end..<rest.count].trimmed(nil, right: false)
            }
        }
        return fromEnd ? words.reversed() : words
    }

    private static func boundedParts(_ count: Int) throws(TemplateFault) {
        guard count <= TemplateText.maximumParts else {
            throw TemplateFault(
                .limit, "a text falls into more than \(TemplateText.maximumParts) parts")
        }
    }

    /// Its lines, without their ends.
    static func lines(_ text: TemplateText) -> [TemplateText] {
        var lines: [TemplateText] = []
        var (start, at) = (0, 0)
        let bytes = text.utf8
        while at < bytes.count {
            var width = 0
            switch bytes[at] {
            case 0x0D: width = at + 1 < bytes.count && bytes[at + 1] == 0x0A ? 2 : 1
            case 0x0A, 0x0B, 0x0C, 0x1C, 0x1D, 0x1E: width = 1
            case 0xC2 where at + 1 < bytes.count && bytes[at + 1] == 0x85: width = 2
            case 0xE2
            where at + 2 < bytes.count && bytes[at + 1] == 0x80
                && (bytes[at + 2] == 0xA8 || bytes[at + 2] == 0xA9):
                width = 3
            default: break
            }
            if width > 0 {
                lines.append(text[start..<at])
                start = at + width
            }
            at += max(1, width)
        }
        if start < bytes.count { lines.append(text[start..<bytes.count]) }
        return lines
    }

    // MARK: Changes

    /// Refuses a text that grows past what any rendering may make.
    static func bounded(_ bytes: Int) throws(TemplateFault) {
        guard bytes <= RenderLimits().bytes else {
            throw TemplateFault(.limit, "a text is longer than \(RenderLimits().bytes) bytes")
        }
    }

    /// One text in place of another, the first `count` times, or each time when that is negative.
    static func replaced(
        _ text: TemplateText, _ old: TemplateText, _ new: TemplateText, count: Int
    ) throws(TemplateFault) -> TemplateText {
        let most = count < 0 ? Int.max : count
        var result = TemplateText()
        var (at, done) = (0, 0)
        func grow() throws(TemplateFault) {
            done += 1
            try bounded(result.count)
        }
        if old.isEmpty {
            for character in try text.takenApart() {
                if done < most {
                    result.append(new)
                    try grow()
                }
                result.append(character)
            }
            if done < most { result.append(new) }
            return result
        }
        while done < most, let found = text.firstRange(of: old.utf8, from: at) {
            result.append(text[at..<found.lowerBound])
            result.append(new)
            at = found.upperBound
            try grow()
        }
        result.append(text[at..<text.count])
        result.isMarkup = text.isMarkup
        return result
    }

    /// The first character in upper case and the others in lower case.
    static func capitalized(_ text: TemplateText) -> TemplateText {
        var isFirst = true
        return text.mapped { piece in
            guard isFirst, let first = piece.first else { return piece.lowercased() }
            isFirst = false
            return first.uppercased() + piece.dropFirst().lowercased()
        }
    }

    private static func titled(_ text: TemplateText) -> TemplateText {
        var afterLetter = false
        return text.mapped { piece in
            var result = ""
            for scalar in piece.unicodeScalars {
                let letter = String(Character(scalar))
                result += afterLetter ? letter.lowercased() : letter.uppercased()
                afterLetter = scalar.properties.isCased
            }
            return result
        }
    }

    private static func padded(_ text: TemplateText, left: Int, right: Int) -> TemplateText {
        var result = TemplateText()
        result.append(repeatElement(0x20, count: left))
        result.append(text)
        result.append(repeatElement(0x20, count: right))
        return result
    }

    /// The text in the middle of a width.
    static func centered(_ text: TemplateText, width: Int) -> TemplateText {
        let room = max(0, width - text.characterCount)
        let left = room / 2 + (room & width & 1)
        return padded(text, left: left, right: room - left)
    }

    private static func all(_ text: TemplateText, _ holds: (Unicode.Scalar) -> Bool) -> Bool {
        !text.isEmpty && text.string.unicodeScalars.allSatisfy(holds)
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            true
        default: false
        }
    }

    private static func isCased(_ text: TemplateText) -> Bool {
        text.string.unicodeScalars.contains { $0.properties.isCased }
    }
}
