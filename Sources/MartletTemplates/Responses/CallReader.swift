/// Reads one region of calls in each syntax.

import MartletJSON

/// Reads calls in a family's syntax.
struct CallReader: Sendable {
    let calls: ResponseSyntax.Calls
    let tools: [ToolDefinition]

    /// What opens a call.
    var openings: [String] {
        switch calls {
        case .json(let open, _): open
        case .named(let marks): [marks.open]
        case .tagged(let marks): [marks.open]
        case .python(let open, _), .pythonLines(let open, _), .bareKeys(let open, _, _): [open]
        case .bareJSON, .barePython, .harmony: []
        }
    }

    /// The last byte of what ends a call; nil where several may.
    var lastByte: UInt8? {
        switch calls {
        case .named(let marks): marks.close.utf8.last
        case .tagged(let marks): marks.close.utf8.last
        case .python(_, let close), .pythonLines(_, let close), .bareKeys(_, let close, _):
            close.utf8.last
        default: nil
        }
    }

    /// The calls that begin at a cursor, which is then behind them.
    func read(_ cursor: inout CallCursor) throws(CallCursor.Stop) -> [ReadCall] {
        switch calls {
        case .json(let open, let close): return try json(&cursor, open, close)
        case .named(let marks):
            if marks.identifier != nil, let older = try olderCalls(&cursor, marks) { return older }
            return [try named(&cursor, marks)]
        case .tagged(let marks): return [try tagged(&cursor, marks)]
        case .python(let open, let close):
            try cursor.expect(open)
            cursor.skipSpace()
            let found = try PythonCalls.list(&cursor)
            cursor.skipSpace()
            if !cursor.isFinal || !cursor.isAtEnd { try cursor.expect(close) }
            return found
        case .pythonLines(let open, let close):
            try cursor.expect(open)
            var found: [ReadCall] = []
            while true {
                cursor.skipSpace()
                if try cursor.skip(close) { break }
                found.append(try PythonCalls.call(&cursor))
            }
            return found
        case .bareJSON: return try bareJSON(&cursor)
        case .barePython:
            let found = try PythonCalls.list(&cursor, tellsOf: isTool)
            guard found.allSatisfy({ isTool($0.name) }) else { throw .malformed }
            return found
        case .bareKeys(let open, let close, let quote):
            try cursor.expect(open)
            cursor.skipSpace()
            try cursor.expect("call:")
            let name = try cursor.name(until: ["{"], consumesMark: false)
            cursor.progress.begin(name)
            let arguments = try BareKeyObject.read(&cursor, quote: quote)
            cursor.skipSpace()
            try cursor.expect(close)
            return [ReadCall(id: nil, name: name, arguments: arguments)]
        case .harmony: throw .malformed
        }
    }

    func isTool(_ name: String) -> Bool { tools.contains { $0.name == name } }

    // MARK: JSON

    private func json(
        _ cursor: inout CallCursor, _ open: [String], _ close: [String]
    ) throws(CallCursor.Stop) -> [ReadCall] {
        guard try cursor.skip(anyOf: open) else { throw .malformed }
        cursor.skipSpace()
        var found = try cursor.calls()
        // Some write several objects one after another.
        guard !close.isEmpty else { return found }
        while true {
            let before = cursor
            cursor.skipSpace()
            if cursor.isAtEnd, !cursor.isFinal { throw .incomplete }
            if try cursor.skip(anyOf: close) { return found }
            if cursor.byte == UInt8(ascii: "{") {
                found += try cursor.calls()
                continue
            }
            // A mark that ends nothing is no loss: the JSON is whole.
            cursor = before
            return found
        }
    }

    private func bareJSON(_ cursor: inout CallCursor) throws(CallCursor.Stop) -> [ReadCall] {
        let isTagged = try cursor.skip("<|python_tag|>")
        cursor.skipSpace()
        if isTagged, cursor.byte != UInt8(ascii: "{") { return [try pythonTag(&cursor)] }
        let found = try cursor.calls(tellsOf: isTool)
        guard found.allSatisfy({ isTool($0.name) }) else { throw .malformed }
        return found
    }

    /// `name.call(key="value")`, or else a program for the tool that runs some.
    private func pythonTag(_ cursor: inout CallCursor) throws(CallCursor.Stop) -> ReadCall {
        guard cursor.isFinal else { throw .incomplete }
        var ahead = cursor
        if let call = try? PythonCalls.call(&ahead), call.name.hasSuffix(".call") {
            let name = String(call.name.dropLast(5))
            if isTool(name) {
                cursor = ahead
                return ReadCall(id: nil, name: name, arguments: call.arguments)
            }
        }
        let runners = ["ipython", "python", "code_interpreter"]
        guard let runner = runners.first(where: isTool) else { throw .malformed }
        let code = try cursor.rest()
        return ReadCall(
            id: nil, name: runner, arguments: JSONObject().setting("code", to: .string(code)))
    }

    // MARK: A name before JSON

    /// The array of JSON that models wrote behind the same mark before they wrote names.
    private func olderCalls(
        _ cursor: inout CallCursor, _ marks: NamedCallMarks
    ) throws(CallCursor.Stop) -> [ReadCall]? {
        var ahead = cursor
        try ahead.expect(marks.open)
        ahead.skipSpace()
        if ahead.isAtEnd, !ahead.isFinal { throw .incomplete }
        guard ahead.byte == UInt8(ascii: "[") else { return nil }
        cursor = ahead
        return try cursor.calls()
    }

    private func named(
        _ cursor: inout CallCursor, _ marks: NamedCallMarks
    ) throws(CallCursor.Stop) -> ReadCall {
        try cursor.expect(marks.open)
        if !marks.prefix.isEmpty { try cursor.expect(marks.prefix) }
        var name = try cursor.name(until: marks.nameEnd, consumesMark: marks.identifier == nil)
        var id: String?
        if let identifier = marks.identifier {
            if try cursor.skip(identifier.open) {
                id = try cursor.name(until: [identifier.close])
            } else {
                try cursor.expect(identifier.close)
            }
        }
        if !marks.namespace.isEmpty {
            // `functions.name:0` is the call's identifier, and its middle the name.
            id = name
            if name.hasPrefix(marks.namespace) { name.removeFirst(marks.namespace.count) }
            if let colon = name.lastIndex(of: ":") { name = String(name[..<colon]) }
            guard !name.isEmpty else { throw .malformed }
        }
        cursor.progress.begin(name)
        cursor.skipSpace()
        let before = marks.beforeArguments.trimmedSpace
        if !before.isEmpty { try cursor.expect(before) }
        cursor.skipSpace()
        let arguments = try cursor.arguments()
        cursor.skipSpace()
        let after = marks.afterArguments.trimmedSpace
        if !after.isEmpty, !(cursor.isFinal && cursor.isAtEnd) { try cursor.expect(after) }
        cursor.skipSpace()
        if !marks.close.isEmpty, !(cursor.isFinal && cursor.isAtEnd) {
            try cursor.expect(marks.close)
        }
        return ReadCall(id: id, name: name, arguments: arguments)
    }

    // MARK: Tags

    private func tagged(
        _ cursor: inout CallCursor, _ marks: TaggedCallMarks
    ) throws(CallCursor.Stop) -> ReadCall {
        try cursor.expect(marks.open)
        let name = try cursor.name(until: marks.nameEnd, consumesMark: !marks.keepsNameEnd)
        let tool = tools.first { $0.name == name }
        cursor.progress.begin(name)
        var members = CallMembers()
        while true {
            cursor.skipSpace()
            if try cursor.skip(marks.close) { break }
            try cursor.expect(marks.parameterOpen)
            let key = try cursor.text(until: [marks.keyEnd], limit: 512).trimmedSpace
            var isText: Bool?
            if let textEnd = marks.textKeyEnd, let jsonEnd = marks.jsonKeyEnd {
                if try cursor.skip(textEnd) {
                    isText = true
                } else {
                    isText = try cursor.skip(jsonEnd) ? false : nil
                    if isText == nil { try cursor.expect(">") }
                }
            }
            if !marks.valueOpen.isEmpty {
                cursor.skipSpace()
                try cursor.expect(marks.valueOpen)
            }
            let schema = tool?.schema(of: key)
            let text: String
            do throws(CallCursor.Stop) { text = try value(&cursor, marks) } catch {
                if Self.isText(isText, schema) { cursor.progress.addPartialText(key) }
                throw error
            }
            guard !key.isEmpty else { throw .malformed }
            let value = Self.value(text, isText: isText, schema: schema)
            cursor.progress.add(key, value)
            members.set(key, value)
        }
        return ReadCall(id: nil, name: name, arguments: members.object)
    }

    /// A value's text: it ends at a closing tag that the next parameter or the call's end follows, so that a value may
    /// speak of tags.
    private func value(
        _ cursor: inout CallCursor, _ marks: TaggedCallMarks
    ) throws(CallCursor.Stop) -> String {
        var text = ""
        while true {
            do throws(CallCursor.Stop) {
                text += try cursor.text(until: [marks.parameterClose])
            } catch {
                let more = cursor.text(before: marks.parameterClose)
                cursor.progress.partialText = Self.trimmed(text + more, marks)
                throw error
            }
            var ahead = cursor
            ahead.skipSpace()
            do throws(CallCursor.Stop) {
                if try ahead.stands(marks.parameterOpen) { break }
                if try ahead.stands(marks.close) { break }
            } catch {
                cursor.progress.partialText = Self.trimmed(text, marks)
                throw error
            }
            text += marks.parameterClose
        }
        return Self.trimmed(text, marks)
    }

    /// Without the line feeds that belong to the tags.
    private static func trimmed(_ text: String, _ marks: TaggedCallMarks) -> String {
        guard marks.valueOpen.isEmpty else { return text }
        var bytes = Array(text.utf8)[...]
        if bytes.first == 0x0A { bytes.removeFirst() }
        if bytes.last == 0x0A { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether a parameter's value is a text whatever it says.
    private static func isText(_ isText: Bool?, _ schema: JSONObject?) -> Bool {
        isText ?? (types(schema) == ["string"])
    }

    private static func types(_ schema: JSONObject?) -> [String]? {
        schema?["type"].map { type in
            type.arrayValue?.compactMap(\.stringValue) ?? [type.stringValue ?? ""]
        }
    }

    private static func value(
        _ text: String, isText: Bool?, schema: JSONObject?
    ) -> JSONValue {
        if isText == true { return .string(text) }
        let trimmed = text.trimmedSpace
        let parsed = (try? JSONValue.parse(Array(trimmed.utf8))) ?? Self.pythonConstant(trimmed)
        if isText == false { return parsed ?? .string(text) }
        let types = types(schema)
        if let types, types.contains("string") {
            return types.contains("null") && trimmed == "null" ? .null : .string(text)
        }
        guard let parsed else { return .string(text) }
        // A text in quotes stays as it was written where nothing says that it is JSON.
        if types == nil, parsed.stringValue != nil { return .string(text) }
        return parsed
    }

    private static func pythonConstant(_ text: String) -> JSONValue? {
        switch text {
        case "True": true
        case "False": false
        case "None": .null
        default: nil
        }
    }
}
