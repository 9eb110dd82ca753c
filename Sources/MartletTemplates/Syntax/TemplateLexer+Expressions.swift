/// What stands inside tags: names, numbers, strings and operators.

extension TemplateLexer {
    /// Reads tokens up to a tag's end, and stays before its signs.
    mutating func expression(endingWith end: String) throws(PlacedFault) {
        var brackets: [UInt8] = []
        let start = offset
        while true {
            skipSpace()
            guard offset < source.count else {
                offset = start
                throw fault("a tag has no end, expected '\(end)'")
            }
            if brackets.isEmpty, isEnd(end) { return }
            let byte = source[offset]
            let place = place(at: offset)
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): try number(place)
            case UInt8(ascii: "\""), UInt8(ascii: "'"): try string(place)
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "_"), 0x80...:
                try name(place)
            default:
                let symbol = try symbol()
                switch byte {
                case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
                    brackets.append(byte)
                case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
                    let opening: UInt8 =
                        switch byte {
                        case UInt8(ascii: ")"): UInt8(ascii: "(")
                        case UInt8(ascii: "]"): UInt8(ascii: "[")
                        default: UInt8(ascii: "{")
                        }
                    guard brackets.popLast() == opening else {
                        throw fault("unexpected '\(symbol)'")
                    }
                default: break
                }
                tokens.append(TemplateToken(kind: .symbol(symbol), position: place))
                offset += symbol.utf8.count
            }
        }
    }

    private func isEnd(_ end: String) -> Bool {
        if source[offset...].starts(with: end.utf8) { return true }
        let sign = source[offset]
        // `{{ x +}}` is no end of a variable: only blocks and comments know the sign.
        guard sign == UInt8(ascii: "-") || (sign == UInt8(ascii: "+") && end == "%}") else {
            return false
        }
        return source[(offset + 1)...].starts(with: end.utf8)
    }

    private static let symbols = [
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{",
        "}", ">", "<", "=", ".", ":", "|", ",", ";",
    ]

    private mutating func symbol() throws(PlacedFault) -> String {
        for symbol in Self.symbols where source[offset...].starts(with: symbol.utf8) {
            return symbol
        }
        let sign = String(decoding: source[offset...].prefix(1), as: UTF8.self)
        throw fault("unexpected character '\(sign)'")
    }

    private mutating func name(_ place: SourcePosition) throws(PlacedFault) {
        let text = String(decoding: source[offset...].prefix(4096), as: UTF8.self)
        var name = ""
        for scalar in text.unicodeScalars {
            let isPart =
                name.isEmpty
                ? scalar == "_" || scalar.properties.isXIDStart
                : scalar.properties.isXIDContinue
            guard isPart else { break }
            name.unicodeScalars.append(scalar)
        }
        guard !name.isEmpty else {
            throw fault("unexpected character '\(text.unicodeScalars.first ?? " ")'")
        }
        offset += name.utf8.count
        tokens.append(TemplateToken(kind: .name(name), position: place))
    }

    private mutating func number(_ place: SourcePosition) throws(PlacedFault) {
        if source[offset] == UInt8(ascii: "0"), offset + 1 < source.count {
            let radix: Int? =
                switch source[offset + 1] | 0x20 {
                case UInt8(ascii: "x"): 16
                case UInt8(ascii: "o"): 8
                case UInt8(ascii: "b"): 2
                default: nil
                }
            if let radix {
                let digits = run(from: offset + 2) { Self.isHexadecimal($0) }
                guard let value = Int(digits.text, radix: radix) else {
                    throw fault("a number is out of range")
                }
                offset = digits.end
                tokens.append(TemplateToken(kind: .integer(value), position: place))
                return
            }
        }
        var (text, end) = run(from: offset, Self.isDigit)
        var isFraction = false
        // `1.x` is an attribute and `a.0.1` two subscripts: a fraction has digits on both sides and no dot before.
        let afterDot = offset > 0 && source[offset - 1] == UInt8(ascii: ".")
        if !afterDot, end + 1 < source.count, source[end] == UInt8(ascii: "."),
            Self.isDigit(source[end + 1])
        {
            let fraction = run(from: end + 1, Self.isDigit)
            text += "." + fraction.text
            end = fraction.end
            isFraction = true
        }
        if !afterDot, end < source.count, source[end] | 0x20 == UInt8(ascii: "e") {
            var at = end + 1
            var sign = ""
            if at < source.count, source[at] == UInt8(ascii: "+") || source[at] == UInt8(ascii: "-")
            {
                sign = source[at] == UInt8(ascii: "-") ? "-" : ""
                at += 1
            }
            if at < source.count, Self.isDigit(source[at]) {
                let exponent = run(from: at, Self.isDigit)
                text += "e" + sign + exponent.text
                end = exponent.end
                isFraction = true
            }
        }
        let kind: TemplateToken.Kind? =
            isFraction ? Double(text).map { .number($0) } : Int(text).map { .integer($0) }
        guard let kind else { throw fault("the number \(text) is out of range") }
        offset = end
        tokens.append(TemplateToken(kind: kind, position: place))
    }

    /// Digits from a place on, without the underscores between them.
    private func run(
        from start: Int, _ isDigit: (UInt8) -> Bool
    ) -> (text: String, end: Int) {
        var text: [UInt8] = []
        var end = start
        while end < source.count {
            if isDigit(source[end]) {
                text.append(source[end])
            } else if source[end] == UInt8(ascii: "_"), end + 1 < source.count,
                isDigit(source[end + 1])
            {
            } else {
                break
            }
            end += 1
        }
        return (String(decoding: text, as: UTF8.self), end)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }

    private mutating func string(_ place: SourcePosition) throws(PlacedFault) {
        let quote = source[offset]
        var end = offset + 1
        while end < source.count, source[end] != quote {
            end += source[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard end < source.count else { throw fault("a string has no end") }
        let text = try unescaped(Array(source[(offset + 1)..<end]))
        tokens.append(TemplateToken(kind: .string(text), position: place))
        offset = end + 1
    }

    /// A string's text, with escapes as Python has them.
    private mutating func unescaped(_ bytes: [UInt8]) throws(PlacedFault) -> String {
        guard bytes.contains(UInt8(ascii: "\\")) else {
            return String(decoding: bytes, as: UTF8.self)
        }
        var output: [UInt8] = []
        var at = 0
        while at < bytes.count {
            guard bytes[at] == UInt8(ascii: "\\"), at + 1 < bytes.count else {
                output.append(bytes[at])
                at += 1
                continue
            }
            let sign = bytes[at + 1]
            at += 2
            switch sign {
            case UInt8(ascii: "n"): output.append(0x0A)
            case UInt8(ascii: "t"): output.append(0x09)
            case UInt8(ascii: "r"): output.append(0x0D)
            case UInt8(ascii: "a"): output.append(0x07)
            case UInt8(ascii: "b"): output.append(0x08)
            case UInt8(ascii: "f"): output.append(0x0C)
            case UInt8(ascii: "v"): output.append(0x0B)
            case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): output.append(sign)
            case 0x0A: break
            case UInt8(ascii: "x"):
                at = try code(bytes, at: at, count: 2...2, radix: 16, into: &output)
            case UInt8(ascii: "u"):
                at = try code(bytes, at: at, count: 4...4, radix: 16, into: &output)
            case UInt8(ascii: "U"):
                at = try code(bytes, at: at, count: 8...8, radix: 16, into: &output)
            case UInt8(ascii: "0")...UInt8(ascii: "7"):
                at = try code(bytes, at: at - 1, count: 1...3, radix: 8, into: &output)
            default: output += [UInt8(ascii: "\\"), sign]
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private mutating func code(
        _ bytes: [UInt8], at start: Int, count: ClosedRange<Int>, radix: Int,
        into output: inout [UInt8]
    ) throws(PlacedFault) -> Int {
        var value: UInt32 = 0
        var read = 0
        while read < count.upperBound, start + read < bytes.count,
            let digit = Character(Unicode.Scalar(bytes[start + read])).hexDigitValue, digit < radix
        {
            value = value << (radix == 16 ? 4 : 3) | UInt32(digit)
            read += 1
        }
        guard read >= count.lowerBound, let scalar = Unicode.Scalar(value) else {
            throw fault("a string has an escape that names no character")
        }
        output += String(Character(scalar)).utf8
        return start + read
    }
}
