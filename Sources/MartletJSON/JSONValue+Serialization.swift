/// JSON text of a ``JSONValue``, compact for headers and indented for files that people read.

extension JSONValue {
    /// The value as JSON text in UTF-8, keys in their own order.
    ///
    /// Numbers must be finite (a programmer's mistake otherwise). Reading the text gives an equal
    /// value.
    /// - Parameter indentation: spaces of one level; nil writes the compact form on one line.
    public func serialized(indentation: Int? = nil) -> [UInt8] {
        var output: [UInt8] = []
        write(to: &output, indentation: indentation, level: 0)
        if indentation != nil { output.append(0x0A) }
        return output
    }

    private func write(to output: inout [UInt8], indentation: Int?, level: Int) {
        switch self {
        case .null: output += "null".utf8
        case .bool(let value): output += (value ? "true" : "false").utf8
        case .integer(let value): output += String(value).utf8
        case .number(let value):
            precondition(
                value.isFinite, "JSONValue.serialized: got \(value), expected a finite number")
            output += String(value).utf8
        case .string(let value): JSONValue.write(value, to: &output)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (position, element) in elements.enumerated() {
                if position > 0 { output.append(UInt8(ascii: ",")) }
                JSONValue.breakLine(&output, indentation: indentation, level: level + 1)
                element.write(to: &output, indentation: indentation, level: level + 1)
            }
            if !elements.isEmpty {
                JSONValue.breakLine(&output, indentation: indentation, level: level)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let object):
            output.append(UInt8(ascii: "{"))
            for (position, member) in object.members.enumerated() {
                if position > 0 { output.append(UInt8(ascii: ",")) }
                JSONValue.breakLine(&output, indentation: indentation, level: level + 1)
                JSONValue.write(member.key, to: &output)
                output.append(UInt8(ascii: ":"))
                if indentation != nil { output.append(0x20) }
                member.value.write(to: &output, indentation: indentation, level: level + 1)
            }
            if object.count > 0 {
                JSONValue.breakLine(&output, indentation: indentation, level: level)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    private static func breakLine(_ output: inout [UInt8], indentation: Int?, level: Int) {
        guard let indentation else { return }
        output.append(0x0A)
        output += repeatElement(0x20, count: indentation * level)
    }

    private static func write(_ text: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): output += "\\\"".utf8
            case UInt8(ascii: "\\"): output += "\\\\".utf8
            case 0x0A: output += "\\n".utf8
            case 0x0D: output += "\\r".utf8
            case 0x09: output += "\\t".utf8
            case 0..<0x20:
                output += (byte < 16 ? "\\u000" : "\\u00").utf8
                output += String(byte, radix: 16).utf8
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
