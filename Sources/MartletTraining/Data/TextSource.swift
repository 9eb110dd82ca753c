// Running text, cut at random places.

import MartletKernels

/// Pieces of a text file. The end of the text is held out for measuring.
public struct TextSource: ExampleSource {
    private let tokens: [Int32]
    private let range: Range<Int>

    /// The share of a text that is held out.
    public static let heldOutShare = 0.05

    /// - Parameters:
    ///   - tokens: the whole text.
    ///   - name: the text's name in errors.
    ///   - isHeldOut: true gives the held-out end of the text, false what comes before it.
    public init(tokens: [Int32], name: String, isHeldOut: Bool = false) throws(TrainingError) {
        try self.init(tokens: tokens, name: name, isHeldOut: isHeldOut, part: .all)
    }

    /// - Parameter part: which part of what is not held out.
    init(
        tokens: [Int32], name: String, isHeldOut: Bool, part: TrainingPart
    ) throws(TrainingError) {
        let trainingCount = tokens.count - Int(Double(tokens.count) * Self.heldOutShare)
        range = isHeldOut ? trainingCount..<tokens.count : part.range(of: trainingCount)
        guard range.count >= 2 else {
            throw .data(
                source: name,
                reason:
                    "got \(tokens.count) tokens, expected enough to learn from and to measure with; "
                    + "give a longer text")
        }
        self.tokens = tokens
    }

    /// As many tokens as fit, from a random place.
    public func example(seed: UInt64, index: Int, room: Int) -> TrainingExample {
        var random = CounterRandom(seed: seed, stream: UInt64(truncatingIfNeeded: index))
        let count = min(room, range.count)
        let start = range.lowerBound + Int(random.next() % UInt64(range.count - count + 1))
        return TrainingExample(
            tokens: Array(tokens[start..<start + count]),
            weights: [Float](repeating: 1, count: count))
    }
}
