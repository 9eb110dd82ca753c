/// Objects of answers, written as they are read.

import MartletJSON

extension JSONObject {
    /// An object of the members that have a value, in this order.
    init(present members: KeyValuePairs<String, JSONValue?>) {
        self.init(
            members.compactMap { key, value in value.map { Member(key: key, value: $0) } })
    }

    /// The object with the members of another at its end.
    func adding(_ other: JSONObject) -> JSONObject {
        other.members.reduce(self) { $0.setting($1.key, to: $1.value) }
    }
}

extension JSONValue {
    /// An object of the members that have a value, in this order.
    static func present(_ members: KeyValuePairs<String, JSONValue?>) -> JSONValue {
        .object(JSONObject(present: members))
    }

    /// A text, or null.
    static func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    /// A finite number; a log-probability of minus infinity is written as the −9999 that clients know.
    static func finite(_ number: Double) -> JSONValue {
        .number(number.isFinite ? number : (number < 0 ? -9999 : 0))
    }

    /// Seconds as milliseconds.
    static func milliseconds(_ duration: Duration) -> JSONValue {
        .number(duration / .milliseconds(1))
    }
}
