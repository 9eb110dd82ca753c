/// Random strings that stand for nothing; knows their form only.

/// What keys and values look like.
enum Identifier: Sendable {
    /// Four groups of eight of the characters a-z and 0-9: `x07ab31k-…`.
    case groups
    /// Two coined words: `mivon-tadel`.
    case words
    /// Seven digits.
    case number
    /// 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.
    case uuid

    /// The characters of every one of them.
    var length: Int {
        switch self {
        case .groups: 35
        case .words: 2 * CoinedWord.length + 1
        case .number: 7
        case .uuid: 36
        }
    }

    /// One that is not yet taken.
    func draw(unlike taken: inout Set<String>, _ random: inout TaskRandom) -> String {
        while true {
            let text = draw(&random)
            if taken.insert(text).inserted { return text }
        }
    }

    private func draw(_ random: inout TaskRandom) -> String {
        switch self {
        case .groups: return Self.grouped([8, 8, 8, 8], base: 36, &random)
        case .uuid: return Self.grouped([8, 4, 4, 4, 12], base: 16, &random)
        case .number: return "\(random.between(1_000_000, 9_999_999))"
        case .words:
            let first = CoinedWord.text(random.below(CoinedWord.count))
            return "\(first)-\(CoinedWord.text(random.below(CoinedWord.count)))"
        }
    }

    private static let digits = Array("0123456789abcdefghijklmnopqrstuvwxyz".utf8)

    private static func grouped(
        _ groups: [Int], base: Int, _ random: inout TaskRandom
    ) -> String {
        var text: [UInt8] = []
        for count in groups {
            if !text.isEmpty { text.append(UInt8(ascii: "-")) }
            for _ in 0..<count { text.append(digits[random.below(base)]) }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
