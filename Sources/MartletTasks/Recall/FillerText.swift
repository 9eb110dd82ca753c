/// Words that mean nothing, in any amount; knows nothing of what is hidden between them.

/// Filler has letters, blanks and full stops only, so that nothing in it looks like `key=value`.
enum FillerText {
    static let words: [[UInt8]] =
        ("the a old river ran past stone walls and no one saw it go by day or night while small "
        + "birds sang in tall trees near some quiet town where people sold bread fruit wool salt "
        + "from far away hills under grey sky until rain came down on every roof then stopped")
        .split(separator: " ").map { Array($0.utf8) }

    static let longestWord = words.map(\.count).max() ?? 1

    /// Appends exactly `count` bytes, the last of them a blank; the last word may be cut.
    static func append(bytes count: Int, to text: inout [UInt8], _ random: inout TaskRandom) {
        guard count > 0 else { return }
        let end = text.count + count
        while text.count < end {
            text += words[random.below(words.count)]
            if random.below(8) == 0 { text.append(UInt8(ascii: ".")) }
            text.append(UInt8(ascii: " "))
        }
        text.removeLast(text.count - end)
        text[end - 1] = UInt8(ascii: " ")
    }

    /// Appends `count` words, a blank after each.
    static func append(words count: Int, to text: inout [UInt8], _ random: inout TaskRandom) {
        for _ in 0..<count {
            text += words[random.below(words.count)]
            text.append(UInt8(ascii: " "))
        }
    }
}
