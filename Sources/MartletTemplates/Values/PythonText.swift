/// How Python writes values: `str`, `repr`, and the text of its JSON.

extension TemplateValue {
    /// As `{{ value }}` prints it.
    var printed: TemplateText {
        switch self {
        case .undefined: TemplateText()
        case .text(let text): text
        default: representation
        }
    }

    /// Python's `repr`.
    var representation: TemplateText {
        var output = TemplateText()
        write(to: &output)
        return output
    }

    private func write(to output: inout TemplateText) {
        switch self {
        case .undefined: output.append("Undefined".utf8)
        case .none: output.append("None".utf8)
        case .bool(let value): output.append((value ? "True" : "False").utf8)
        case .integer(let value): output.append("\(value)".utf8)
        case .number(let value): output.append(PythonText.number(value).utf8)
        case .text(let text): PythonText.quote(text, into: &output)
        case .list(let list):
            output.append((list.isTuple ? "(" : "[").utf8)
            Self.write(list.elements, to: &output)
            if list.isTuple, list.elements.count == 1 { output.append(",".utf8) }
            output.append((list.isTuple ? ")" : "]").utf8)
        case .dictionary(let dictionary):
            output.append("{".utf8)
            for (position, entry) in dictionary.entries.enumerated() {
                if position > 0 { output.append(", ".utf8) }
                entry.key.write(to: &output)
                output.append(": ".utf8)
                entry.value.write(to: &output)
            }
            output.append("}".utf8)
        case .view(let view) where view.kind == .range:
            let bounds = view.list.elements.compactMap(\.integerValue)
            let end = (bounds.last ?? -1) + 1
            output.append("range(\(bounds.first ?? 0), \(end))".utf8)
        case .view(let view):
            output.append((view.kind.rawValue + "([").utf8)
            Self.write(view.list.elements, to: &output)
            output.append("])".utf8)
        default: output.append("<\(typeName) object>".utf8)
        }
    }

    private static func write(_ elements: [TemplateValue], to output: inout TemplateText) {
        for (position, element) in elements.enumerated() {
            if position > 0 { output.append(", ".utf8) }
            element.write(to: &output)
        }
    }
}

enum PythonText {
    /// The shortest digits that read back as the same number, with an exponent where Python has one.
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        guard value != 0 else { return value.sign == .minus ? "-0.0" : "0.0" }
        var text = "\(abs(value))"
        var exponent = 0
        if let place = text.firstIndex(of: "e") {
            exponent = Int(text[text.index(after: place)...]) ?? 0
            text = String(text[..<place])
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let whole = String(parts[0])
        let fraction = parts.count > 1 ? String(parts[1]) : ""
        var digits = whole + fraction
        exponent += whole.count - 1
        while digits.count > 1, digits.first == "0" {
            digits.removeFirst()
            exponent -= 1
        }
        while digits.count > 1, digits.last == "0" { digits.removeLast() }
        let sign = value < 0 ? "-" : ""
        if exponent < -4 || exponent >= 16 {
            let rest = digits.dropFirst()
            let tail = rest.isEmpty ? "" : "." + rest
            let size = abs(exponent) < 10 ? "0\(abs(exponent))" : "\(abs(exponent))"
            return sign + digits.prefix(1) + tail + "e" + (exponent < 0 ? "-" : "+") + size
        }
        if exponent < 0 {
            return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits
        }
        if digits.count <= exponent + 1 {
            return sign + digits + String(repeating: "0", count: exponent + 1 - digits.count)
                + ".0"
        }
        return sign + digits.prefix(exponent + 1) + "." + digits.dropFirst(exponent + 1)
    }

    /// A text in quotes as Python's `repr` writes it.
    static func quote(_ text: TemplateText, into output: inout TemplateText) {
        let hasSingle = text.utf8.contains(UInt8(ascii: "'"))
        let quote: UInt8 =
            hasSingle && !text.utf8.contains(UInt8(ascii: "\""))
            ? UInt8(ascii: "\"") : UInt8(ascii: "'")
        output.append([quote])
        for piece in text.pieces {
            let part = String(decoding: text.utf8[piece.range], as: UTF8.self)
            var written = ""
            for scalar in part.unicodeScalars {
                switch scalar {
                case "\\": written += "\\\\"
                case "\n": written += "\\n"
                case "\r": written += "\\r"
                case "\t": written += "\\t"
                case _ where scalar.value == UInt32(quote): written += "\\" + String(scalar)
                case _ where isPrintable(scalar): written.unicodeScalars.append(scalar)
                default: written += escape(scalar)
                }
            }
            output.append(TemplateText(written, fromInput: piece.fromInput))
        }
        output.append([quote])
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x7F { return scalar.value >= 0x20 }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator, .spaceSeparator:
            return false
        default: return true
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar.value {
        case ..<0x100: "\\x" + hexadecimal(scalar.value, 2)
        case ..<0x10000: "\\u" + hexadecimal(scalar.value, 4)
        default: "\\U" + hexadecimal(scalar.value, 8)
        }
    }

    static func hexadecimal(_ value: UInt32, _ width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
