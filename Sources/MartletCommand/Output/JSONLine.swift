/// One JSON object on one line: what `--json` prints.

import Martlet
import MartletFormats

/// The members of an object, in order.
struct JSONLine {
    private var members: [JSONObject.Member] = []

    /// Adds a member.
    mutating func set(_ key: String, _ value: JSONValue) {
        members.append(JSONObject.Member(key: key, value: value))
    }

    /// Adds a text.
    mutating func set(_ key: String, _ value: String) { set(key, .string(value)) }
    /// Adds a whole number.
    mutating func set(_ key: String, _ value: Int) { set(key, .integer(value)) }
    /// Adds a truth value.
    mutating func set(_ key: String, _ value: Bool) { set(key, .bool(value)) }
    /// Adds a number; null when there is none or it is not finite.
    mutating func set(_ key: String, _ value: Double?) { set(key, .finite(value)) }
    /// Adds tokens.
    mutating func set(_ key: String, _ tokens: [Int32]) {
        set(key, .array(tokens.map { .integer(Int($0)) }))
    }

    /// The object.
    var value: JSONValue { .object(JSONObject(members)) }

    /// Prints the object on standard output.
    func print() { StandardStreams.write(value.serialized() + [UInt8(ascii: "\n")]) }
}

extension JSONValue {
    /// A number; null when there is none or it is not finite, which JSON cannot say.
    static func finite(_ value: Double?) -> JSONValue {
        guard let value, value.isFinite else { return .null }
        return .number(value)
    }

    /// A log-probability with the digits that a float has.
    static func logprob(_ value: Float?) -> JSONValue { finite(value.flatMap { Double("\($0)") }) }

    /// For each place the likeliest tokens.
    static func top(_ places: [[TokenLogprob]]) -> JSONValue {
        .array(
            places.map { place in
                .array(
                    place.map { entry in
                        var line = JSONLine()
                        line.set("token", Int(entry.token))
                        line.set("logprob", JSONValue.logprob(entry.logprob))
                        return line.value
                    })
            })
    }
}
