/// What a client says in a session: objects in JSON with a `type`.

package import MartletJSON

/// One message of a client.
enum SessionMessage: Sendable {
    /// `session.update`: the fields of the requests to come, without what is being typed.
    case update(JSONObject)
    /// `input_text.set`: the whole of what is typed.
    case set(String)
    /// `input_text.append`: more of it.
    case append(String)
    /// `input_text.edit`: a part of it is replaced.
    case edit(start: Int, deleted: Int, inserted: String)
    /// `response.create`: it is finished, and is to be answered; with fields for this answer alone.
    case create(JSONObject)
    /// `response.cancel`: the answer is not needed any more.
    case cancel

    private static let types = [
        "session.update", "input_text.set", "input_text.append", "input_text.edit",
        "response.create", "response.cancel",
    ]

    init(_ bytes: [UInt8]) throws(WireError) {
        let fields = try Fields(body: bytes)
        guard let type = try fields.string("type") else {
            throw .missing("type", expected: Self.types.joined(separator: ", "))
        }
        func text(_ key: String) throws(WireError) -> String {
            guard let text = try fields.string(key) else {
                throw .missing(key, expected: "a string")
            }
            return text
        }
        switch type {
        case "session.update":
            guard let session = try fields.whole("session") else {
                throw .missing(
                    "session", expected: "an object with the fields of a chat completion")
            }
            self = .update(session)
        case "input_text.set": self = .set(try text("text"))
        case "input_text.append": self = .append(try text("text"))
        case "input_text.edit":
            self = .edit(
                start: try fields.integer("start", in: 0...1 << 30) ?? 0,
                deleted: try fields.integer("delete", in: 0...1 << 30) ?? 0,
                inserted: try fields.string("insert") ?? "")
        case "response.create": self = .create(try fields.whole("response") ?? JSONObject())
        case "response.cancel": self = .cancel
        default:
            throw .field(
                "type", got: "'\(type.prefix(40))'", expected: Self.types.joined(separator: ", "))
        }
    }
}

/// Where messages to a client go.
package protocol MessageLine: Sendable {
    /// Sends a message, and waits while many are unsent. Throws `clientGone`.
    func send(_ message: JSONValue) async throws(WireError)
}
