/// Values written into a text: `%` and `format`.

/// Python's two ways of formatting, as far as templates use them.
enum TextFormat {
    /// `format % arguments`.
    static func percent(
        _ format: TemplateText, _ arguments: [TemplateValue], named: TemplateValue
    ) throws(TemplateFault) -> TemplateText {
        var result = TemplateText()
        var next = 0
        var at = 0
        let bytes = format.utf8
        while at < bytes.count {
            try TextMethods.bounded(result.count)
            guard bytes[at] == UInt8(ascii: "%") else {
                let start = at
                while at < bytes.count, bytes[at] != UInt8(ascii: "%") { at += 1 }
                result.append(format[start..<at])
                continue
            }
            at += 1
            var value: TemplateValue?
            if at < bytes.count, bytes[at] == UInt8(ascii: "(") {
                guard let end = bytes[at...].firstIndex(of: UInt8(ascii: ")")),
                    case .dictionary(let dictionary) = named
                else { throw TemplateFault(.type, "format requires a mapping") }
                let name = String(decoding: bytes[(at + 1)..<end], as: UTF8.self)
                guard let found = dictionary.value(name) else {
                    throw TemplateFault(.value, "'\(name)'")
                }
                value = found
                at = end + 1
            }
            var layout = Layout()
            at = try layout.readFlags(bytes, from: at)
            guard at < bytes.count else { throw TemplateFault(.value, "incomplete format") }
            let sign = bytes[at]
            at += 1
            if sign == UInt8(ascii: "%") {
                result.append("%".utf8)
                continue
            }
            if value == nil {
                guard next < arguments.count else {
                    throw TemplateFault(.type, "not enough arguments for format string")
                }
                value = arguments[next]
                next += 1
            }
            result.append(
                try layout.text(of: value ?? .none, as: Unicode.Scalar(sign), percent: true))
        }
        if case .dictionary = named { return result }
        guard next == arguments.count else {
            throw TemplateFault(
                .type, "not all arguments converted during string formatting")
        }
        return result
    }

    /// `text.format(…)`.
    static func braces(
        _ format: TemplateText, _ arguments: CallArguments
    ) throws(TemplateFault) -> TemplateText {
        var result = TemplateText()
        var next = 0
        var at = 0
        let bytes = format.utf8
        while at < bytes.count {
            try TextMethods.bounded(result.count)
            let byte = bytes[at]
            let isDoubled = at + 1 < bytes.count && bytes[at + 1] == byte
            guard byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}") else {
                let start = at
                while at < bytes.count, bytes[at] != UInt8(ascii: "{"),
                    bytes[at] != UInt8(ascii: "}")
                {
                    at += 1
                }
                result.append(format[start..<at])
                continue
            }
            if isDoubled {
                result.append([byte])
                at += 2
                continue
            }
            guard byte == UInt8(ascii: "{"),
                let end = bytes[at...].firstIndex(of: UInt8(ascii: "}"))
            else {
                throw TemplateFault(
                    .value, "Single '\(Unicode.Scalar(byte))' encountered in format string")
            }
            let field = String(decoding: bytes[(at + 1)..<end], as: UTF8.self)
            at = end + 1
            let parts = field.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            let value: TemplateValue?
            if name.isEmpty {
                value = next < arguments.positional.count ? arguments.positional[next] : nil
                next += 1
            } else if let index = Int(name) {
                value =
                    arguments.positional.indices.contains(index) ? arguments.positional[index] : nil
            } else {
                value = arguments.named.first { $0.name == name }?.value
            }
            guard let value else {
                throw TemplateFault(.value, "format: no argument for the field '\(name)'")
            }
            let specification = Array((parts.count > 1 ? String(parts[1]) : "").utf8)
            var layout = Layout()
            let read = try layout.readFlags(specification, from: 0)
            let sign: Unicode.Scalar =
                read < specification.count ? Unicode.Scalar(specification[read]) : "s"
            result.append(try layout.text(of: value, as: sign, percent: false))
        }
        return result
    }

    /// Width, precision and flags of one value.
    private struct Layout {
        var isLeft = false
        var isRight = false
        var isCentered = false
        var hasZeros = false
        var showsPlus = false
        var width = 0
        var precision: Int?

        mutating func readFlags(_ bytes: [UInt8], from start: Int) throws(TemplateFault) -> Int {
            var at = start
            flags: while at < bytes.count {
                switch bytes[at] {
                case UInt8(ascii: "-"), UInt8(ascii: "<"): isLeft = true
                case UInt8(ascii: ">"): isRight = true
                case UInt8(ascii: "^"): isCentered = true
                case UInt8(ascii: "0"): hasZeros = true
                case UInt8(ascii: "+"): showsPlus = true
                case UInt8(ascii: " "), UInt8(ascii: "#"): break
                default: break flags
                }
                at += 1
            }
            (width, at) = try Self.number(bytes, from: at) ?? (0, at)
            if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
                let read = try Self.number(bytes, from: at + 1) ?? (0, at + 1)
                precision = read.0
                at = read.1
            }
            return at
        }

        private static func number(
            _ bytes: [UInt8], from start: Int
        ) throws(TemplateFault) -> (Int, Int)? {
            var (value, at) = (0, start)
            while at < bytes.count,
                let digit = Character(Unicode.Scalar(bytes[at])).wholeNumberValue
            {
                value = value * 10 + digit
                guard value < 1 << 16 else {
                    throw TemplateFault(.limit, "a format asks for more than \(1 << 16) signs")
                }
                at += 1
            }
            return at > start ? (value, at) : nil
        }

        func text(
            of value: TemplateValue, as sign: Unicode.Scalar, percent: Bool
        ) throws(TemplateFault) -> TemplateText {
            if case .undefined(let value) = value, value.isWithheld { throw value.fault }
            var text: TemplateText
            var isNumber = true
            switch sign {
            case "s":
                text = value.printed
                isNumber = !percent && value.numberValue != nil && value.integerValue != nil
                if let precision {
                    let offsets = text.characterOffsets
                    text = text[0..<offsets[min(precision, offsets.count - 1)]]
                }
            case "r":
                text = value.representation
                isNumber = false
            case "d", "i", "u":
                guard
                    let number = value.integerValue ?? value.numberValue.flatMap(Int.init(exactly:))
                else {
                    throw TemplateFault(
                        .type,
                        "%d format: a real number is required, not \(value.typeName)")
                }
                text = TemplateText(String(number))
            case "x", "X", "o", "b":
                guard let number = value.integerValue else {
                    throw TemplateFault(
                        .type, "%\(sign) format: an integer is required, not \(value.typeName)")
                }
                let radix = sign == "o" ? 8 : sign == "b" ? 2 : 16
                text = TemplateText(String(number, radix: radix, uppercase: sign == "X"))
            case "f", "F":
                guard let number = value.numberValue else {
                    throw TemplateFault(.type, "must be real number, not \(value.typeName)")
                }
                text = TemplateText(TextFormat.fixed(number, precision ?? 6))
            default:
                throw TemplateFault(.value, "unsupported format character '\(sign)'")
            }
            if isNumber, showsPlus, text.utf8.first != UInt8(ascii: "-") {
                text = TemplateText("+") + text
            }
            return padded(text, alignsRight: isRight || (isNumber || percent) && !isLeft, isNumber)
        }

        private func padded(
            _ text: TemplateText, alignsRight: Bool, _ isNumber: Bool
        ) -> TemplateText {
            let room = width - text.characterCount
            guard room > 0 else { return text }
            if isCentered { return TextMethods.centered(text, width: width) }
            var result = TemplateText()
            if !alignsRight {
                result.append(text)
                result.append(repeatElement(0x20, count: room))
            } else if hasZeros, isNumber {
                let hasSign = text.utf8.first.map { $0 == 0x2D || $0 == 0x2B } ?? false
                result.append(text[0..<(hasSign ? 1 : 0)])
                result.append(repeatElement(UInt8(ascii: "0"), count: room))
                result.append(text[(hasSign ? 1 : 0)..<text.count])
            } else {
                result.append(repeatElement(0x20, count: room))
                result.append(text)
            }
            return result
        }
    }

    /// A number with some digits after the point, from the shortest text that reads back as it.
    static func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return PythonText.number(value) }
        let digits = min(digits, 17)
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = (abs(value) * scale).rounded(.toNearestOrEven)
        guard scaled < 9e18 else { return PythonText.number(value) }
        var text = String(Int(scaled))
        if text.count <= digits {
            text = String(repeating: "0", count: digits + 1 - text.count) + text
        }
        let sign = value < 0 ? "-" : ""
        guard digits > 0 else { return sign + text }
        return sign + text.dropLast(digits) + "." + text.suffix(digits)
    }
}
