/// A numbered list of words, some of which are common; knows nothing of what is asked about them.

/// The setting of a list.
struct WordListShape {
    let common: Int
    let frequency: Int
    let rareFrequency: Int

    /// The longest entry of a list of a million characters: a number of five digits, `. `, the word and what
    /// separates it from the next.
    private static let longestEntry = 5 + 2 + CoinedWord.length + 1
    private static let shortestEntry = 1 + 2 + CoinedWord.length + 1

    /// The length of the shortest list, that of the common words and one rare one.
    var leastLength: Int { Self.length(entries: common * frequency + rareFrequency) }

    /// What a list may leave of its room: less than another rare word.
    var unit: Int { rareFrequency * Self.longestEntry }

    /// The most rare words that fit into `room` characters.
    func rareCount(room: Int) -> Int {
        // Searched by halving, since later entries have longer numbers.
        var (lower, upper) = (0, max(0, room) / (rareFrequency * Self.shortestEntry) + 1)
        while upper - lower > 1 {
            let middle = (lower + upper) / 2
            if Self.length(entries: common * frequency + middle * rareFrequency) <= room {
                lower = middle
            } else {
                upper = middle
            }
        }
        return lower
    }

    /// The characters of a list, a separator after each entry.
    static func length(entries: Int) -> Int {
        var length = entries * (2 + CoinedWord.length + 1)
        // Every entry has a first digit; those from 10 on a second, and so on.
        var first = 1
        while first <= entries {
            length += entries - first + 1
            first *= 10
        }
        return length
    }
}

/// What is drawn for a list before its length decides the rest.
struct WordListProblem {
    let length: Int
    let shape: WordListShape
    /// The common words' numbers.
    let words: [Int]

    init(
        length: TaskRange, common: TaskRange, frequency: TaskRange, rareFrequency: TaskRange,
        _ random: inout TaskRandom
    ) {
        self.length = random.draw(length)
        shape = WordListShape(
            common: random.draw(common), frequency: random.draw(frequency),
            rareFrequency: random.draw(rareFrequency))
        words = random.distinct(shape.common, below: CoinedWord.count)
    }

    /// What decides the split.
    var content: String { words.map(CoinedWord.text).sorted().joined(separator: ",") }
}

enum WordList {
    /// The numbered list: `common` as often as the shape says, and `rare` other words. Also the common words
    /// as they first come, an order that a reader can know.
    static func text(
        common: [Int], shape: WordListShape, rare: Int, separator: Unicode.Scalar,
        _ random: inout TaskRandom
    ) -> (text: [UInt8], common: [Int]) {
        var used = [Bool](repeating: false, count: CoinedWord.count)
        for word in common { used[word] = true }
        var words = common.flatMap { [Int](repeating: $0, count: shape.frequency) }
        words += random.distinct(rare, unlike: &used).flatMap {
            [Int](repeating: $0, count: shape.rareFrequency)
        }
        random.shuffle(&words)
        var unseen = Set(common)
        var seen: [Int] = []
        var text: [UInt8] = []
        text.reserveCapacity(WordListShape.length(entries: words.count))
        for (place, word) in words.enumerated() {
            if place > 0 { text.append(UInt8(ascii: separator)) }
            text += Array("\(place + 1). ".utf8)
            text += CoinedWord.bytes(word)
            if unseen.remove(word) != nil { seen.append(word) }
        }
        return (text, seen)
    }
}
