// Examples packed into the rows of a batch.

import MartletKernels

/// Fills batches from a mixture. What a row holds is a function of seed, step and row alone, so a run that
/// was resumed sees what it would have seen.
public struct BatchComposer: Sendable {
    private let shares: [DataShare]
    private let seed: UInt64
    private let padding: Int32

    /// - Parameter padding: the token after the last example of a row; it counts nothing.
    public init(shares: [DataShare], seed: UInt64, padding: Int32) {
        precondition(!shares.isEmpty, "BatchComposer: got no shares")
        self.shares = shares
        self.seed = seed
        self.padding = padding
    }

    /// The most tokens of any source's solutions; nil where no source has an end.
    var longestCompletion: Int? { shares.compactMap(\.source.longestCompletion).max() }

    /// Examples of one row: whole ones one after another, the last one cut at the end.
    ///
    /// - Parameters:
    ///   - row: counts the rows of the whole run.
    ///   - length: tokens of a row; one more is drawn, since targets are shifted.
    ///   - progress: of the run, from 0 to 1.
    func row(_ row: Int, length: Int, progress: Double) -> PackedRow {
        var packed = PackedRow(length: length, padding: padding)
        var random = CounterRandom(seed: seed, stream: UInt64(truncatingIfNeeded: row) &* 2 &+ 1)
        let active = shares.enumerated().filter { $0.element.span.contains(progress) }
        let candidates = active.isEmpty ? Array(shares.enumerated()) : active
        let sum = candidates.reduce(0) { $0 + $1.element.share }
        var number = 0
        while packed.room > 1, number < length {
            var draw = random.unit() * sum
            var chosen = candidates[candidates.count - 1]
            for candidate in candidates {
                draw -= candidate.element.share
                if draw < 0 {
                    chosen = candidate
                    break
                }
            }
            let example = chosen.element.source.example(
                seed: seed &+ UInt64(chosen.offset) &* 0x9E37_79B9_7F4A_7C15,
                index: Int(truncatingIfNeeded: random.next() >> 2), room: packed.room)
            packed.append(example)
            number += 1
        }
        return packed
    }
}

/// One row of a batch.
struct PackedRow {
    private(set) var tokens: [Int32]
    private(set) var positions: [Int32]
    private(set) var starts: [Int32]
    private(set) var targets: [Int32]
    private(set) var weights: [Float]
    /// Tokens that belong to documents.
    private(set) var filled = 0

    var room: Int { tokens.count - filled + 1 }

    init(length: Int, padding: Int32) {
        tokens = [Int32](repeating: padding, count: length)
        positions = [Int32](repeating: 0, count: length)
        starts = (0..<length).map { Int32($0) }
        targets = [Int32](repeating: padding, count: length)
        weights = [Float](repeating: 0, count: length)
    }

    /// Adds a document of its own: it sees nothing before it. Its last token is only a target.
    mutating func append(_ example: TrainingExample) {
        let start = filled
        for index in 0..<max(0, example.tokens.count - 1) where filled < tokens.count {
            tokens[filled] = example.tokens[index]
            positions[filled] = Int32(index)
            starts[filled] = Int32(start)
            targets[filled] = example.tokens[index + 1]
            weights[filled] = example.weights[index + 1]
            filled += 1
        }
    }
}
