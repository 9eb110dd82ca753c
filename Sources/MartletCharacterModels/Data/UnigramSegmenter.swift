// Words in pieces: a unigram model, trained by expectation and maximisation.
// This file knows symbols and counts; it refuses to know what the pieces are for.

import Foundation

/// The most probable pieces of words when pieces are drawn independently (Kudo 2018, arXiv 1804.10959,
/// section 3.2).
///
/// Simpler than SentencePiece in two ways: candidates are all frequent substrings of up to eight characters,
/// and pieces with the least expected count are dropped, not those whose loss would hurt least.
public struct UnigramSegmenter: Sendable {
    /// Characters of the longest piece.
    static let longest = 8
    private var scores: [UInt64: Double] = [:]
    /// Score of a character that is no piece.
    private var rarest = -20.0

    /// Pieces that the model has.
    public var count: Int { scores.count }

    /// Learns pieces.
    ///
    /// - Parameters:
    ///   - text: characters; blanks end words.
    ///   - pieces: pieces to keep; single characters stay beyond that.
    ///   - isSpace: which symbols are blanks.
    public init(
        _ text: ArraySlice<Int32>, pieces: Int, rounds: Int = 4, isSpace: (Int32) -> Bool
    ) {
        var words: [ArraySlice<Int32>: Int] = [:]
        for word in text.split(whereSeparator: isSpace) { words[word, default: 0] += 1 }
        // In an order that does not depend on hashing.
        let counted = words.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            .map { (Array($0.key), Double($0.value)) }
        var lengths: [UInt64: Int] = [:]
        var counts: [UInt64: Double] = [:]
        for (word, times) in counted {
            Self.forEachPiece(word) { range, key in
                counts[key, default: 0] += times
                lengths[key] = range.count
            }
        }
        let isSingle = { (key: UInt64) in lengths[key] == 1 }
        counts = counts.filter { isSingle($0.key) || $0.value >= 2 }
        let all = counts
        keep(&counts, 4 * pieces, isSingle) { all[$0]! * Double(lengths[$0]!) }
        for round in 0..<rounds {
            normalise(counts)
            var expected: [UInt64: Double] = [:]
            for (word, times) in counted { expect(word, times, &expected) }
            counts = expected
            let wanted = round >= rounds - 2 ? pieces : 2 * pieces
            let now = counts
            keep(&counts, wanted, isSingle) { now[$0]! }
        }
        normalise(counts)
    }

    /// Keeps the best and all single characters.
    private func keep(
        _ counts: inout [UInt64: Double], _ wanted: Int, _ isSingle: (UInt64) -> Bool,
        by value: (UInt64) -> Double
    ) {
        guard counts.count > wanted else { return }
        let ordered = counts.keys.map { ($0, value($0)) }
            .sorted { ($1.1, $0.0) < ($0.1, $1.0) }
        let best = Set(ordered.prefix(wanted).map(\.0))
        counts = counts.filter { best.contains($0.key) || isSingle($0.key) }
    }

    private mutating func normalise(_ counts: [UInt64: Double]) {
        let total = counts.keys.sorted().reduce(0) { $0 + counts[$1]! }
        scores = counts.mapValues { log(max($0, 1e-3) / total) }
        rarest = log(1e-3 / total) - 5
    }

    /// Adds the expected number of each piece in a word, by the forward and backward sums.
    private func expect(_ word: [Int32], _ times: Double, _ expected: inout [UInt64: Double]) {
        var edges: [(begin: Int, end: Int, key: UInt64, score: Double)] = []
        Self.forEachPiece(word) { range, key in
            let score = scores[key] ?? (range.count == 1 ? rarest : -.infinity)
            if score > -.infinity { edges.append((range.lowerBound, range.upperBound, key, score)) }
        }
        // Edges come in the order of their beginnings.
        var forward = [Double](repeating: 0, count: word.count + 1)
        var backward = forward
        forward[0] = 1
        backward[word.count] = 1
        for edge in edges { forward[edge.end] += forward[edge.begin] * exp(edge.score) }
        for edge in edges.reversed() {
            backward[edge.begin] += backward[edge.end] * exp(edge.score)
        }
        guard backward[0] > 1e-290 else { return }
        for edge in edges {
            let share = forward[edge.begin] * exp(edge.score) * backward[edge.end] / backward[0]
            expected[edge.key, default: 0] += times * share
        }
    }

    /// For each character of a word, whether a piece ends there; the most probable pieces.
    public func ends(of word: [Int32]) -> [Bool] {
        var best = [(score: Double, begin: Int)](repeating: (-.infinity, 0), count: word.count + 1)
        best[0].score = 0
        Self.forEachPiece(word) { range, key in
            guard let score = scores[key] ?? (range.count == 1 ? rarest : nil) else { return }
            let sum = best[range.lowerBound].score + score
            if sum > best[range.upperBound].score {
                best[range.upperBound] = (sum, range.lowerBound)
            }
        }
        var ends = [Bool](repeating: false, count: word.count)
        var place = word.count
        while place > 0 {
            ends[place - 1] = true
            place = best[place].begin
        }
        return ends
    }

    /// Boundaries of a text: after each piece but a word's last, and after the blanks, which belong to it
    /// (2211.09761, section 3.2.2).
    public func boundaries(_ text: [Int32], isSpace: (Int32) -> Bool) -> [Bool] {
        var result = [Bool](repeating: false, count: text.count)
        var known: [ArraySlice<Int32>: [Bool]] = [:]
        var begin = 0
        while begin < text.count {
            guard !isSpace(text[begin]) else {
                result[begin] = true
                begin += 1
                continue
            }
            let end = text[begin...].firstIndex(where: isSpace) ?? text.count
            let word = text[begin..<end]
            let ends = known[word] ?? self.ends(of: Array(word))
            known[word] = ends
            for (index, isEnd) in ends.dropLast().enumerated() { result[begin + index] = isEnd }
            begin = end
        }
        return result
    }

    /// Calls with every substring that may be a piece, in the order of their beginnings, and its hash.
    private static func forEachPiece(_ word: [Int32], _ body: (Range<Int>, UInt64) -> Void) {
        for begin in word.indices {
            var key: UInt64 = 0xCBF2_9CE4_8422_2325
            for end in begin..<min(word.count, begin + longest) {
                key = (key ^ UInt64(UInt32(bitPattern: word[end]) &+ 1)) &* 0x9E37_79B9_7F4A_7C15
                key ^= key >> 29
                body(begin..<end + 1, key)
            }
        }
    }
}
