/// Names of things that a server makes.

import Martlet

/// Names that are not guessed, and not the same twice.
enum Identifier {
    private static let letters = Array(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8)

    /// 24 letters and digits from the system's source of randomness.
    static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        return String(
            decoding: (0..<24).map { _ in
                letters[Int.random(in: 0..<letters.count, using: &generator)]
            }, as: UTF8.self)
    }

    /// What tells the program that answered: its version.
    static let fingerprint = "b-martlet-" + MartletVersion.current
}
