/// Calls as objects of JSON.

import MartletJSON

enum JSONCalls {
    private static let nameKeys = ["name", "tool_name", "function"]
    private static let argumentKeys = ["arguments", "parameters"]
    private static let identifierKeys = ["id", "tool_call_id"]

    /// The calls that a value of JSON tells of.
    static func read(_ value: JSONValue) throws(CallCursor.Stop) -> [ReadCall] {
        if let elements = value.arrayValue {
            var found: [ReadCall] = []
            for element in elements { found += try read(element) }
            return found
        }
        guard var object = value.objectValue else { throw .malformed }
        if let inner = object["function"]?.objectValue { object = inner }
        guard let name = nameKeys.lazy.compactMap({ object[$0]?.stringValue }).first, !name.isEmpty
        else { throw .malformed }
        let given = argumentKeys.lazy.compactMap { object[$0] }.first
        // What has another name would be lost: arguments must not be.
        let isOdd = object.keys.contains {
            !(nameKeys + identifierKeys + ["type", "index"]).contains($0)
        }
        guard given != nil || !isOdd else { throw .malformed }
        let id =
            identifierKeys.lazy.compactMap { value.objectValue?[$0]?.stringValue }.first
        return [ReadCall(id: id, name: name, arguments: try arguments(given))]
    }

    private static func arguments(_ value: JSONValue?) throws(CallCursor.Stop) -> JSONObject {
        switch value {
        case nil, .null: return JSONObject()
        case .object(let object): return object
        case .string(let text):
            guard let object = (try? JSONValue.parse(Array(text.utf8)))?.objectValue else {
                throw .malformed
            }
            return object
        default: throw .malformed
        }
    }

    // MARK: Beginnings

    /// The calls that the beginning of a call, or of an array of calls, tells of.
    static func begun(_ bytes: ArraySlice<UInt8>) -> [CallProgress.Call] {
        var found: [CallProgress.Call] = []
        var rest = bytes.drop(while: isSpace)
        guard rest.first == UInt8(ascii: "[") else { return call(rest).map { [$0] } ?? [] }
        rest = rest.dropFirst()
        while true {
            rest = rest.drop { isSpace($0) || $0 == UInt8(ascii: ",") }
            guard rest.first == UInt8(ascii: "{"), let call = call(rest) else { return found }
            found.append(call)
            guard let end = JSONPrefix.end(of: rest) else { return found }
            rest = rest[end...]
        }
    }

    /// The call that an object's beginning tells of, once its name is known.
    private static func call(_ object: ArraySlice<UInt8>) -> CallProgress.Call? {
        guard object.first == UInt8(ascii: "{") else { return nil }
        var rest = object.dropFirst()
        var name: String?
        var arguments: [UInt8]?
        while true {
            rest = rest.drop { isSpace($0) || $0 == UInt8(ascii: ",") }
            if rest.first == UInt8(ascii: "}") {
                return name.map {
                    CallProgress.Call(name: $0, arguments: arguments ?? Array("{}".utf8))
                }
            }
            guard rest.first == UInt8(ascii: "\""), let keyEnd = JSONPrefix.end(of: rest),
                let key = text(rest[..<keyEnd])
            else { break }
            rest = rest[keyEnd...].drop(while: isSpace)
            guard rest.first == UInt8(ascii: ":") else { break }
            rest = rest.dropFirst().drop(while: isSpace)
            if key == "function", rest.first == UInt8(ascii: "{") { return call(rest) }
            let valueEnd = JSONPrefix.end(of: rest)
            if argumentKeys.contains(key) {
                // A text with JSON in it is read when it is complete.
                arguments = rest.first == UInt8(ascii: "{") ? JSONPrefix.written(rest) : []
            }
            guard let valueEnd else { break }
            if name == nil, nameKeys.contains(key) { name = text(rest[..<valueEnd]) }
            rest = rest[valueEnd...]
        }
        return name.map { CallProgress.Call(name: $0, arguments: arguments ?? []) }
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String? {
        (try? JSONValue.parse(Array(bytes)))?.stringValue
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }
}

extension CallCursor {
    /// The arguments of a call whose name is known.
    mutating func arguments() throws(Stop) -> JSONObject {
        do throws(Stop) {
            guard let arguments = try json().objectValue else { throw .malformed }
            progress.add(JSONValue.object(arguments).serialized())
            return arguments
        } catch {
            if error == .incomplete { progress.add(JSONPrefix.written(bytes[offset...])) }
            throw error
        }
    }

    /// Calls as values of JSON; `tellsOf` says of which names the beginning may be told.
    mutating func calls(tellsOf: (String) -> Bool = { _ in true }) throws(Stop) -> [ReadCall] {
        do throws(Stop) {
            let found = try JSONCalls.read(try json())
            progress.add(found)
            return found
        } catch {
            if error == .incomplete {
                let begun = JSONCalls.begun(bytes[offset...])
                if begun.allSatisfy({ tellsOf($0.name) }) { progress.add(begun) }
            }
            throw error
        }
    }
}
