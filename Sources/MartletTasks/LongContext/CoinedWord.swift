/// Words that no language has, by number; knows how they are spelt, not what they are used for.

/// Pronounceable words of five letters: consonant, vowel, consonant, vowel, consonant (`mivon`).
///
/// All have the same length, so that none is part of another: answers may be looked for in a text. The letters
/// are few on purpose; with more of them real words, rude ones among them, would come up.
enum CoinedWord {
    private static let onsets = Array("bdklmnprtvwz".utf8)
    private static let vowels = Array("aeiou".utf8)
    private static let codas = Array("bdklmnrx".utf8)

    static let length = 5

    /// How many there are; 28,800.
    static let count = onsets.count * vowels.count * onsets.count * vowels.count * codas.count

    /// The word of `0..<count`. Neighbours differ in their first letters.
    static func bytes(_ number: Int) -> [UInt8] {
        var rest = number
        return [onsets, vowels, onsets, vowels, codas].map { letters in
            defer { rest /= letters.count }
            return letters[rest % letters.count]
        }
    }

    static func text(_ number: Int) -> String { String(decoding: bytes(number), as: UTF8.self) }
}
