// Examples packed into the rows of a batch.

import MartletKernels

/// Fills batches from a mixture. The content of a row depends only on the seed and on the row's place in the run, so a
/// resumed run sees the same rows.
public struct BatchComposer: Sendable {
    private let shares: [DataShare]
    private let seed: UInt64
    private let padding: Int32

    /// - Parameters:
    ///   - shares: the mixture; at least one share.
    ///   - seed: decides which examples a row holds.
    ///   - padding: the token that fills a row after its last example; it has no weight in the loss.
    public init(shares: [DataShare], seed: UInt64, padding: Int32) {
        precondition(!shares.isEmpty, "BatchComposer: got no shares")
        self.shares = shares
        self.seed = seed
        self.padding = padding
    }

    /// The most tokens of any source's solutions; nil where no source has an end.
    var longestCompletion: Int? { shares.compactMap(\.source.longestCompletion).max() }

    /// The examples of one row, one after another; the last one is cut at the row's end.
    ///
    /// - Parameters:
    ///   - row: the row's number in the whole run.
    ///   - length: tokens of the row; one more is drawn, because targets are shifted by one.
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
