/// Pieces of text put into an order and joined; knows nothing of what they say.

enum ContextText {
    /// Pieces with one separator between them.
    static func joined(_ pieces: [[UInt8]], by separator: Unicode.Scalar) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(pieces.reduce(0) { $0 + $1.count + 1 })
        for piece in pieces {
            if !text.isEmpty { text.append(UInt8(ascii: separator)) }
            text += piece
        }
        return text
    }

    /// `inserts` at random places among `filler`, in the order given.
    static func scattered(
        _ inserts: [[UInt8]], among filler: [[UInt8]], _ random: inout TaskRandom
    ) -> [[UInt8]] {
        let places = inserts.map { _ in random.below(filler.count + 1) }.sorted()
        var result: [[UInt8]] = []
        result.reserveCapacity(inserts.count + filler.count)
        var written = 0
        for (place, insert) in zip(places, inserts) {
            result += filler[written..<place]
            result.append(insert)
            written = place
        }
        result += filler[written...]
        return result
    }

    /// Several sequences mixed at random, each in its own order.
    static func merged(_ sequences: [[[UInt8]]], _ random: inout TaskRandom) -> [[UInt8]] {
        let turns = sequences.indices.flatMap { place in sequences[place].map { _ in place } }
        var next = [Int](repeating: 0, count: sequences.count)
        return random.shuffled(turns).map { place in
            defer { next[place] += 1 }
            return sequences[place][next[place]]
        }
    }
}
