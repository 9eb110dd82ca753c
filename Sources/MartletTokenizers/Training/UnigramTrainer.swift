// Unigram pieces from texts: many candidates, whose probabilities are fitted and the least useful of which go.

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Learns pieces and their scores from words and how often each occurs (Kudo 2018, arXiv:1804.10959).
///
/// Expectation and maximisation as in SentencePiece: two rounds, with the digamma function for the sparse prior, then
/// the pieces whose loss would cost the texts' likelihood least go, a quarter each time.
struct UnigramTrainer {
    /// Longer candidates are not considered, in characters.
    static let longestPiece = 16
    /// What stays at each pruning.
    static let kept = 0.75
    static let rounds = 2

    struct Piece {
        var text: [UInt8]
        var score: Double
    }

    private let words: [(text: [UInt8], count: Int)]

    init(words: [(text: [UInt8], count: Int)]) { self.words = words }

    /// At most `size` pieces, the likeliest first; every character of the words is one.
    func train(size: Int) -> [Piece] {
        var pieces = candidates(limit: max(size * 10, 10_000))
        let target = max(size, 1)
        while true {
            for _ in 0..<Self.rounds { pieces = maximized(pieces, expected(pieces)) }
            if pieces.count <= target * 11 / 10 { break }
            let pruned = pruned(
                pieces, to: max(target * 11 / 10, Int(Double(pieces.count) * Self.kept)))
            if pruned.count == pieces.count { break }
            pieces = pruned
        }
        return finished(pieces, size: target)
    }

    private static func isCharacter(_ text: [UInt8]) -> Bool {
        text.count == max(1, UTF8Text.sequenceLength(text[0]))
    }

    /// All characters, and the strings inside words that cover most text.
    private func candidates(limit: Int) -> [Piece] {
        var counts: [[UInt8]: Int] = [:]
        for (text, count) in words {
            let starts = text.indices.filter { text[$0] & 0xC0 != 0x80 } + [text.count]
            for first in 0..<max(starts.count - 1, 0) {
                for last in (first + 1)..<min(starts.count, first + 1 + Self.longestPiece) {
                    counts[Array(text[starts[first]..<starts[last]]), default: 0] += count
                }
            }
        }
        var found = counts.filter { Self.isCharacter($0.key) || $0.value >= 2 }
            .map { (text: $0.key, weight: $0.value * $0.key.count) }
        found.sort {
            let (first, second) = (Self.isCharacter($0.text), Self.isCharacter($1.text))
            if first != second { return first }
            if $0.weight != $1.weight { return $0.weight > $1.weight }
            return $0.text.lexicographicallyPrecedes($1.text)
        }
        let kept = found.prefix(limit)
        let sum = Double(kept.reduce(0) { $0 + $1.weight })
        return kept.map { Piece(text: $0.text, score: log(Double($0.weight) / sum)) }
    }

    private func trie(_ pieces: [Piece]) -> ByteTrie {
        var trie = ByteTrie(minimumCapacity: pieces.count * 4)
        for (index, piece) in pieces.enumerated() { _ = trie.insert(piece.text, Int32(index)) }
        return trie
    }

    /// Every place in a word where a piece lies, in the order of their starts.
    private static func edges(
        _ text: [UInt8], _ trie: ByteTrie.View, without: Int32 = -1,
        _ body: (_ start: Int, _ end: Int, _ piece: Int) -> Void
    ) {
        for start in text.indices where text[start] & 0xC0 != 0x80 {
            var node = 0
            for end in start..<text.count {
                node = trie.child(node, text[end])
                if node < 0 { break }
                let piece = trie.token(node)
                if piece >= 0, piece != without { body(start, end + 1, Int(piece)) }
            }
        }
    }

    private static func add(_ first: Double, _ second: Double) -> Double {
        let high = max(first, second)
        return high == -.infinity ? high : high + log1p(exp(min(first, second) - high))
    }

    /// How often each piece is expected in all cuts of all words, by their probabilities.
    private func expected(_ pieces: [Piece]) -> [Double] {
        var result = [Double](repeating: 0, count: pieces.count)
        trie(pieces).withView { trie in
            for (text, count) in words {
                var forward = [Double](repeating: -.infinity, count: text.count + 1)
                var backward = forward
                var found: [(start: Int, end: Int, piece: Int)] = []
                Self.edges(text, trie) { found.append(($0, $1, $2)) }
                forward[0] = 0
                backward[text.count] = 0
                for edge in found {
                    forward[edge.end] = Self.add(
                        forward[edge.end], forward[edge.start] + pieces[edge.piece].score)
                }
                for edge in found.reversed() {
                    backward[edge.start] = Self.add(
                        backward[edge.start], backward[edge.end] + pieces[edge.piece].score)
                }
                let all = forward[text.count]
                guard all > -.infinity else { continue }
                for edge in found {
                    result[edge.piece] +=
                        Double(count)
                        * exp(
                            forward[edge.start] + pieces[edge.piece].score + backward[edge.end]
                                - all)
                }
            }
        }
        return result
    }

    private func maximized(_ pieces: [Piece], _ counts: [Double]) -> [Piece] {
        // Below half an occurrence a piece goes, but for characters.
        var kept: [(text: [UInt8], count: Double)] = []
        for (piece, count) in zip(pieces, counts) where count >= 0.5 || Self.isCharacter(piece.text)
        {
            kept.append((piece.text, max(count, 0.5)))
        }
        let sum = Self.digamma(kept.reduce(0) { $0 + $1.count })
        return kept.map { Piece(text: $0.text, score: Self.digamma($0.count) - sum) }
    }

    /// The pieces without which the words would be less likely, most of all first.
    private func pruned(_ pieces: [Piece], to size: Int) -> [Piece] {
        var counts = [Double](repeating: 0, count: pieces.count)
        var losses = [Double](repeating: .infinity, count: pieces.count)
        trie(pieces).withView { trie in
            for (text, count) in words {
                for piece in Self.best(text, pieces, trie).pieces {
                    counts[piece] += Double(count)
                }
            }
            let sum = counts.reduce(0, +)
            for (index, piece) in pieces.enumerated() where !Self.isCharacter(piece.text) {
                guard counts[index] > 0 else {
                    losses[index] = 0
                    continue
                }
                let other = Self.best(piece.text, pieces, trie, without: Int32(index))
                losses[index] =
                    counts[index] / sum * (piece.score - other.score)
            }
        }
        let ranked = pieces.indices.sorted {
            losses[$0] != losses[$1] ? losses[$0] > losses[$1] : $0 < $1
        }
        let characters = pieces.count { Self.isCharacter($0.text) }
        return ranked.prefix(max(size, characters)).sorted().map { pieces[$0] }
    }

    private static func best(
        _ text: [UInt8], _ pieces: [Piece], _ trie: ByteTrie.View, without: Int32 = -1
    ) -> (pieces: [Int], score: Double) {
        var places = [(score: Double, start: Int, piece: Int)](
            repeating: (-.infinity, 0, -1), count: text.count + 1)
        places[0].score = 0
        edges(text, trie, without: without) { start, end, piece in
            let score = places[start].score + pieces[piece].score
            if score > places[end].score { places[end] = (score, start, piece) }
        }
        var found: [Int] = []
        var end = text.count
        while end > 0, places[end].piece >= 0 {
            found.append(places[end].piece)
            end = places[end].start
        }
        return (found, places[text.count].score)
    }

    /// Characters first, then the likeliest; sorted by score in the end.
    private func finished(_ pieces: [Piece], size: Int) -> [Piece] {
        let ordered = pieces.sorted {
            let (first, second) = (Self.isCharacter($0.text), Self.isCharacter($1.text))
            if first != second { return first }
            if $0.score != $1.score { return $0.score > $1.score }
            return $0.text.lexicographicallyPrecedes($1.text)
        }
        return ordered.prefix(size).sorted {
            $0.score != $1.score
                ? $0.score > $1.score : $0.text.lexicographicallyPrecedes($1.text)
        }
    }

    /// The derivative of the logarithm of the gamma function.
    private static func digamma(_ value: Double) -> Double {
        var x = value
        var result = 0.0
        while x < 7 {
            result -= 1 / x
            x += 1
        }
        x -= 0.5
        let square = 1 / (x * x)
        return result + log(x)
            + square
            * (1.0 / 24 - square * (7.0 / 960 - square * (31.0 / 8064 - square * 127.0 / 30720)))
    }
}
