/// What tells the calls of a conversation apart.

/// Identifiers of calls.
enum CallIdentifier {
    static let letters = Array(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8)
    static let shortLength = 9

    static func random() -> String {
        let letters = (0..<24).map { _ in Self.letters[Int.random(in: 0..<62)] }
        return "call_" + String(decoding: letters, as: UTF8.self)
    }
}
