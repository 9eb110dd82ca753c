/// The JSON that `tojson` writes: Python's `json.dumps`, character for character.

/// Writes a value as JSON text.
struct JSONText {
    var indentation: TemplateText?
    var itemSeparator = TemplateText(", ")
    var keySeparator = TemplateText(": ")
    var escapesNonASCII = false
    var sortsKeys = false

    private var output = TemplateText()

    init() {}

    /// The text of a value.
    static func text(
        of value: TemplateValue, _ settings: JSONText = JSONText()
    ) throws(TemplateFault) -> TemplateText {
        var writer = settings
        try writer.write(value, level: 0)
        return writer.output
    }

    private mutating func write(_ value: TemplateValue, level: Int) throws(TemplateFault) {
        switch value {
        case .none: output.append("null".utf8)
        case .bool(let value): output.append((value ? "true" : "false").utf8)
        case .integer(let value): output.append("\(value)".utf8)
        case .number(let value): output.append(Self.number(value).utf8)
        case .text(let text): write(text)
        case .list(let list):
            try write(list.elements.map { (nil, $0) }, between: "[", "]", level: level)
        case .dictionary(let dictionary):
            var members: [(TemplateText?, TemplateValue)] = []
            var keys: [(key: TemplateText, value: TemplateValue)] = []
            for entry in dictionary.entries { keys.append((try Self.key(entry.key), entry.value)) }
            if sortsKeys {
                keys.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            }
            for entry in keys { members.append((entry.key, entry.value)) }
            try write(members, between: "{", "}", level: level)
        default:
            throw TemplateFault(
                .type, "Object of type \(value.typeName) is not JSON serializable")
        }
    }

    private mutating func write(
        _ members: [(TemplateText?, TemplateValue)], between open: String, _ close: String,
        level: Int
    ) throws(TemplateFault) {
        output.append(open.utf8)
        for (position, member) in members.enumerated() {
            if position > 0 { output.append(itemSeparator) }
            breakLine(level: level + 1)
            if let key = member.0 {
                write(key)
                output.append(keySeparator)
            }
            try write(member.1, level: level + 1)
        }
        if !members.isEmpty { breakLine(level: level) }
        output.append(close.utf8)
    }

    private mutating func breakLine(level: Int) {
        guard let indentation else { return }
        output.append("\n".utf8)
        for _ in 0..<level { output.append(indentation) }
    }

    static func number(_ value: Double) -> String {
        guard value.isFinite else {
            return value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
        }
        return PythonText.number(value)
    }

    private static func key(_ value: TemplateValue) throws(TemplateFault) -> TemplateText {
        switch value {
        case .text(let text): return text
        case .none: return TemplateText("null")
        case .bool(let value): return TemplateText(value ? "true" : "false")
        case .integer(let value): return TemplateText("\(value)")
        case .number(let value): return TemplateText(number(value))
        default:
            throw TemplateFault(
                .type,
                "keys must be str, int, float, bool or None, not \(value.typeName)")
        }
    }

    private mutating func write(_ text: TemplateText) {
        output.append("\"".utf8)
        for piece in text.pieces {
            var written: [UInt8] = []
            if escapesNonASCII {
                let part = String(decoding: text.utf8[piece.range], as: UTF8.self)
                for unit in part.utf16 {
                    if unit < 0x80 {
                        Self.write(UInt8(unit), to: &written)
                    } else {
                        written += ("\\u" + PythonText.hexadecimal(UInt32(unit), 4)).utf8
                    }
                }
            } else {
                for byte in text.utf8[piece.range] { Self.write(byte, to: &written) }
            }
            output.append(TemplateText(written, fromInput: piece.fromInput))
        }
        output.append("\"".utf8)
    }

    private static func write(_ byte: UInt8, to output: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""): output += "\\\"".utf8
        case UInt8(ascii: "\\"): output += "\\\\".utf8
        case 0x0A: output += "\\n".utf8
        case 0x0D: output += "\\r".utf8
        case 0x09: output += "\\t".utf8
        case 0x08: output += "\\b".utf8
        case 0x0C: output += "\\f".utf8
        case 0..<0x20: output += ("\\u" + PythonText.hexadecimal(UInt32(byte), 4)).utf8
        default: output.append(byte)
        }
    }
}
