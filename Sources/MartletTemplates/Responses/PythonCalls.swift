/// Calls as Python writes them: `[f(a=1, b="x")]`.

import MartletJSON

enum PythonCalls {
    /// A list of calls; `tellsOf` says of which names the beginning may be told.
    static func list(
        _ cursor: inout CallCursor, tellsOf: (String) -> Bool = { _ in true }
    ) throws(CallCursor.Stop) -> [ReadCall] {
        try cursor.expect("[")
        var found: [ReadCall] = []
        while true {
            cursor.skipSpace()
            if !found.isEmpty, try cursor.skip("]") { return found }
            found.append(try call(&cursor, tellsOf: tellsOf))
            cursor.skipSpace()
            if try cursor.skip(",") { continue }
            try cursor.expect("]")
            return found
        }
    }

    /// One call.
    static func call(
        _ cursor: inout CallCursor, tellsOf: (String) -> Bool = { _ in true }
    ) throws(CallCursor.Stop) -> ReadCall {
        let name = try cursor.identifier()
        try cursor.expect("(")
        let isTold = tellsOf(name)
        if isTold { cursor.progress.begin(name) }
        var members = CallMembers()
        while true {
            cursor.skipSpace()
            if try cursor.skip(")") { break }
            let key = try cursor.identifier()
            cursor.skipSpace()
            try cursor.expect("=")
            let found: JSONValue
            do throws(CallCursor.Stop) { found = try value(&cursor, depth: 0) } catch {
                if isTold { cursor.progress.addPartialText(key) }
                throw error
            }
            guard !members.contains(key) else { throw .malformed }
            members.set(key, found)
            if isTold { cursor.progress.add(key, found) }
            cursor.skipSpace()
            if try cursor.skip(",") { continue }
            try cursor.expect(")")
            break
        }
        return ReadCall(id: nil, name: name, arguments: members.object)
    }

    /// A literal of Python or of JSON.
    private static func value(
        _ cursor: inout CallCursor, depth: Int
    ) throws(CallCursor.Stop) -> JSONValue {
        guard depth < 64 else { throw .malformed }
        cursor.skipSpace()
        guard let first = cursor.byte else { throw cursor.isFinal ? .malformed : .incomplete }
        switch first {
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            return .string(try string(&cursor, isTold: depth == 0))
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
            var members = CallMembers()
            while true {
                cursor.skipSpace()
                if try cursor.skip("}") { return .object(members.object) }
                let key = try value(&cursor, depth: depth + 1)
                cursor.skipSpace()
                try cursor.expect(":")
                let text = key.stringValue ?? String(decoding: key.serialized(), as: UTF8.self)
                members.set(text, try value(&cursor, depth: depth + 1))
                cursor.skipSpace()
                if try cursor.skip(",") { continue }
                try cursor.expect("}")
                return .object(members.object)
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

    /// A text in quotes. `isTold` says whether its beginning is worth telling.
    private static func string(
        _ cursor: inout CallCursor, isTold: Bool
    ) throws(CallCursor.Stop) -> String {
        let quote = cursor.byte == UInt8(ascii: "'") ? "'" : "\""
        try cursor.expect(quote)
        var result = ""
        do throws(CallCursor.Stop) {
            while true {
                do throws(CallCursor.Stop) {
                    result += try cursor.text(until: [quote, "\\"], consumesMark: false)
                } catch {
                    // Every mark is a single byte: what is there is text.
                    result += cursor.text(before: quote)
                    throw error
                }
                if try cursor.skip(quote) { return result }
                result += try escape(&cursor)
            }
        } catch {
            if isTold { cursor.progress.partialText = result }
            throw error
        }
    }

    /// What an escape stands for.
    private static func escape(_ cursor: inout CallCursor) throws(CallCursor.Stop) -> String {
        try cursor.expect("\\")
        guard let sign = cursor.byte else { throw cursor.isFinal ? .malformed : .incomplete }
        switch sign {
        case UInt8(ascii: "u"):
            _ = try cursor.skip("u")
            let digits = try cursor.take(4)
            guard let code = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(code) else {
                throw .malformed
            }
            return String(Character(scalar))
        case UInt8(ascii: "n"), UInt8(ascii: "t"), UInt8(ascii: "r"), UInt8(ascii: "\\"),
            UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "/"):
            let letter = try cursor.take(1)
            return ["n": "\n", "t": "\t", "r": "\r"][letter] ?? letter
        // What is no escape stays as it is.
        default: return "\\"
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
        var members = CallMembers()
        while true {
            cursor.skipSpace()
            if try cursor.skip("}") { return members.object }
            let key: String
            if try cursor.skip(quote) {
                key = try cursor.text(until: [quote])
                try cursor.expect(":")
            } else {
                key = try cursor.text(until: [":"], limit: 512).trimmedSpace
            }
            guard !key.isEmpty else { throw .malformed }
            let found: JSONValue
            do throws(CallCursor.Stop) {
                found = try value(&cursor, quote: quote, depth: depth)
            } catch {
                if depth == 0 { cursor.progress.addPartialText(key) }
                throw error
            }
            if depth == 0 { cursor.progress.add(key, found) }
            members.set(key, found)
            cursor.skipSpace()
            if try cursor.skip(",") { continue }
            try cursor.expect("}")
            return members.object
        }
    }

    private static func value(
        _ cursor: inout CallCursor, quote: String, depth: Int
    ) throws(CallCursor.Stop) -> JSONValue {
        guard depth < 64 else { throw .malformed }
        cursor.skipSpace()
        if try cursor.skip(quote) {
            do throws(CallCursor.Stop) { return .string(try cursor.text(until: [quote])) } catch {
                if depth == 0 { cursor.progress.partialText = cursor.text(before: quote) }
                throw error
            }
        }
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
