/// Calls as Python writes them: `[f(a=1, b="x")]`.

import MartletJSON

enum PythonCalls {
    /// A list of calls.
    static func list(_ cursor: inout CallCursor) throws(CallCursor.Stop) -> [ReadCall] {
        try cursor.expect("[")
        var found: [ReadCall] = []
        while true {
            cursor.skipSpace()
            if !found.isEmpty, try cursor.skip("]") { return found }
            found.append(try call(&cursor))
            cursor.skipSpace()
            if try cursor.skip(",") { continue }
            try cursor.expect("]")
            return found
        }
    }

    /// One call.
    static func call(_ cursor: inout CallCursor) throws(CallCursor.Stop) -> ReadCall {
        let name = try cursor.identifier()
        try cursor.expect("(")
        var members: [JSONObject.Member] = []
        while true {
            cursor.skipSpace()
            if try cursor.skip(")") { break }
            let key = try cursor.identifier()
            cursor.skipSpace()
            try cursor.expect("=")
            let value = try value(&cursor, depth: 0)
            guard !members.contains(where: { $0.key == key }) else { throw .malformed }
            members.append(JSONObject.Member(key: key, value: value))
            cursor.skipSpace()
            if try cursor.skip(",") { continue }
            try cursor.expect(")")
            break
        }
        return ReadCall(id: nil, name: name, arguments: JSONObject(members))
    }

    /// A literal of Python or of JSON.
    private static func value(
        _ cursor: inout CallCursor, depth: Int
    ) throws(CallCursor.Stop) -> JSONValue {
        guard depth < 64 else { throw .malformed }
        cursor.skipSpace()
        guard let first = cursor.byte else { throw cursor.isFinal ? .malformed : .incomplete }
        switch first {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try string(&cursor))
        case UInt8(ascii: "["), UInt8(ascii: "("):
            let close = first == UInt8(ascii: "[") ? "]" : ")"
            _ = try cursor.skip(first == UInt8(ascii: "[") ? "[" : "(")
            var elements: [JSONValue] = []
            while true {
                cursor.skipSpace()
                if try cursor.skip(close) { return .array(elements) }
                elements.append(try value(&cursor, depth: depth + 1))
                cursor.skipSpace()
                if try cursor.skip(",") { continue }
                try cursor.expect(close)
                return .array(elements)
            }
        case UInt8(ascii: "{"):
            _ = try cursor.skip("{")
            var object = JSONObject()
            while true {
                cursor.skipSpace()
                if try cursor.skip("}") { return .object(object) }
                let key = try value(&cursor, depth: depth + 1)
                cursor.skipSpace()
                try cursor.expect(":")
                let text = key.stringValue ?? String(decoding: key.serialized(), as: UTF8.self)
                object = object.setting(text, to: try value(&cursor, depth: depth + 1))
                cursor.skipSpace()
                if try cursor.skip(",") { continue }
                try cursor.expect("}")
                return .object(object)
            }
        default:
            _ = try cursor.skip("+")
            let word = try cursor.identifier()
            switch word {
            case "True", "true": return true
            case "False", "false": return false
            case "None", "null": return .null
            default:
                guard let value = try? JSONValue.parse(Array(word.utf8)) else { throw .malformed }
                return value
            }
        }
    }

    private static func string(_ cursor: inout CallCursor) throws(CallCursor.Stop) -> String {
        let quote = cursor.byte == UInt8(ascii: "'") ? "'" : "\""
        try cursor.expect(quote)
        var result = ""
        while true {
            result += try cursor.text(until: [quote, "\\"], consumesMark: false)
            if try cursor.skip(quote) { return result }
            try cursor.expect("\\")
            guard let sign = cursor.byte else { throw cursor.isFinal ? .malformed : .incomplete }
            let text = String(decoding: [sign], as: UTF8.self)
            switch sign {
            case UInt8(ascii: "n"): result += "\n"
            case UInt8(ascii: "t"): result += "\t"
            case UInt8(ascii: "r"): result += "\r"
            case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "/"):
                result += text
            case UInt8(ascii: "u"):
                _ = try cursor.skip("u")
                let digits = try cursor.take(4)
                guard let code = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(code) else {
                    throw .malformed
                }
                result.unicodeScalars.append(scalar)
                continue
            default:
                result += "\\"
                continue
            }
            try cursor.expect(text)
        }
    }
}

/// Objects with bare keys and texts between marks: `{k:<|"|>text<|"|>,n:1}`.
enum BareKeyObject {
    static func read(
        _ cursor: inout CallCursor, quote: String, depth: Int = 0
    ) throws(CallCursor.Stop) -> JSONObject {
        guard depth < 64 else { throw .malformed }
        try cursor.expect("{")
        var object = JSONObject()
        while true {
            cursor.skipSpace()
            if try cursor.skip("}") { return object }
            let key: String
            if try cursor.skip(quote) {
                key = try cursor.text(until: [quote])
                try cursor.expect(":")
            } else {
                key = try cursor.text(until: [":"], limit: 512).trimmedSpace
            }
            guard !key.isEmpty else { throw .malformed }
            object = object.setting(key, to: try value(&cursor, quote: quote, depth: depth))
            cursor.skipSpace()
            if try cursor.skip(",") { continue }
            try cursor.expect("}")
            return object
        }
    }

    private static func value(
        _ cursor: inout CallCursor, quote: String, depth: Int
    ) throws(CallCursor.Stop) -> JSONValue {
        guard depth < 64 else { throw .malformed }
        cursor.skipSpace()
        if try cursor.skip(quote) { return .string(try cursor.text(until: [quote])) }
        switch cursor.byte {
        case nil: throw cursor.isFinal ? .malformed : .incomplete
        case UInt8(ascii: "{"):
            return .object(try read(&cursor, quote: quote, depth: depth + 1))
        case UInt8(ascii: "["):
            try cursor.expect("[")
            var elements: [JSONValue] = []
            while true {
                cursor.skipSpace()
                if try cursor.skip("]") { return .array(elements) }
                elements.append(try value(&cursor, quote: quote, depth: depth + 1))
                cursor.skipSpace()
                if try cursor.skip(",") { continue }
                try cursor.expect("]")
                return .array(elements)
            }
        default:
            let word = try cursor.text(until: [",", "}", "]"], consumesMark: false).trimmedSpace
            return (try? JSONValue.parse(Array(word.utf8))) ?? .string(word)
        }
    }
}
