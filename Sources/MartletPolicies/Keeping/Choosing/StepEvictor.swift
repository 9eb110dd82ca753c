/// The extension point of policies that hold their budget while tokens are generated.

import MartletCache

/// Ranks the tokens that a head holds, after every generated one; the lowest goes when there are more
/// than the budget.
protocol StepEvictor: Sendable {
    /// What it wants to know of the newest token.
    var reads: NewestAttention { get }
    /// Whether the attention of all heads of a layer is averaged, so that they hold the same tokens.
    var averagesLayer: Bool { get }
    /// Numbers remembered of each token.
    var width: Int { get }
    /// What is remembered of a token first, by its own key and value; nil for zeros or what
    /// ``initial(_:table:view:)`` says.
    var tokenScore: TokenScore? { get }
    /// Tokens whose rank is not at least this go, however few are held.
    var bound: Float { get }
    /// What is remembered of each token of a complete prompt, `[token][width]` of one table; empty for
    /// zeros.
    func initial(_ recorder: PromptRecorder?, table: Int, view: LayerView) -> [Float]
    /// Takes in what a token received from the group's heads together (or, averaged over the layer, from the
    /// mean head) in step `step`, the first being 0: a weight, or a sum of logits.
    func fold(_ memory: UnsafeMutableBufferPointer<Float>, _ received: Float, step: Int)
    /// Takes in what all slots of a head received, as ``fold(_:_:step:)`` does each.
    func foldAll(
        _ memory: UnsafeMutableBufferPointer<Float>, _ received: UnsafeBufferPointer<Float>,
        step: Int)
    /// The slot and the rank of the lowest among tokens at positions in `open`, the oldest on ties. `pages`
    /// are the positions of the head's slots, page by page.
    func lowest(
        _ memory: UnsafeBufferPointer<Float>, pages: [PagePositions], open: Range<Int>,
        newest: Int
    ) -> (slot: Int, rank: Float)?
    /// The rank of a token: the lowest goes. `age` tokens could attend to it, itself included.
    func rank(_ memory: UnsafeBufferPointer<Float>, age: Int) -> Float
    /// Tokens that a head may hold: `budget` is what the policy's text says of it, `kept` what it kept
    /// of the prompt.
    func capacity(table: Int, kept: Int, budget: Int) -> Int
    /// Tokens by which that capacity has grown in step `step`, the first being 0.
    func growth(step: Int) -> Int
    /// Newest tokens that are never taken; nil for what the policy says.
    var recent: Int? { get }
    /// Whether the prompt's survivors are never taken.
    var sparesPrompt: Bool { get }
    /// Generated tokens between two evictions.
    var interval: Int { get }
}

extension StepEvictor {
    var reads: NewestAttention { .weights }
    var averagesLayer: Bool { false }
    var width: Int { 1 }
    var tokenScore: TokenScore? { nil }
    var bound: Float { -.infinity }
    func initial(_ recorder: PromptRecorder?, table: Int, view: LayerView) -> [Float] {
        guard let tokenScore else { return [] }
        let (keys, values) = view.decode(table % view.headCount)
        var result = [Float](repeating: 0, count: keys.count / view.dimension * width)
        keys.withUnsafeBufferPointer { keys in
            values.withUnsafeBufferPointer { values in
                for slot in 0..<keys.count / view.dimension {
                    let range = slot * view.dimension..<(slot + 1) * view.dimension
                    result[slot * width] = tokenScore(
                        UnsafeBufferPointer(rebasing: keys[range]),
                        UnsafeBufferPointer(rebasing: values[range]))
                }
            }
        }
        return result
    }
    func capacity(table: Int, kept: Int, budget: Int) -> Int { budget }
    func growth(step: Int) -> Int { 0 }
    var recent: Int? { nil }
    var sparesPrompt: Bool { false }
    var interval: Int { 1 }

    // Default implementations, so that the loops know the type and what is called inside is inlined.

    func foldAll(
        _ memory: UnsafeMutableBufferPointer<Float>, _ received: UnsafeBufferPointer<Float>,
        step: Int
    ) {
        guard let base = memory.baseAddress else { return }
        let width = width
        for slot in 0..<received.count {
            fold(
                UnsafeMutableBufferPointer(start: base + slot * width, count: width),
                received[slot], step: step)
        }
    }

    func lowest(
        _ memory: UnsafeBufferPointer<Float>, pages: [PagePositions], open: Range<Int>,
        newest: Int
    ) -> (slot: Int, rank: Float)? {
        guard let base = memory.baseAddress else { return nil }
        let width = width
        return Self.lowest(of: memory.count / width, pages: pages, open: open) { slot, position in
            rank(
                UnsafeBufferPointer(start: base + slot * width, count: width),
                age: newest + 1 - position)
        }
    }

    /// The slot with the lowest of some ranks among those at positions in `open`, the oldest on ties.
    @inline(__always)
    static func lowest(
        of count: Int, pages: [PagePositions], open: Range<Int>,
        rank: (_ slot: Int, _ position: Int) -> Float
    ) -> (slot: Int, rank: Float)? {
        var (best, bestRank, bestPosition) = (-1, Float.infinity, Int.max)
        for (entry, positions) in pages.enumerated() {
            let first = entry * KVPage.tokens
            for slot in first..<min(first + KVPage.tokens, count) {
                let position = Int(positions[slot - first])
                guard open.contains(position) else { continue }
                let rank = rank(slot, position)
                if best >= 0, rank > bestRank || rank == bestRank && position >= bestPosition {
                    continue
                }
                // What is not a number goes first.
                if best >= 0, bestRank.isNaN, !rank.isNaN { continue }
                (best, bestRank, bestPosition) = (slot, rank, position)
            }
        }
        return best < 0 ? nil : (best, bestRank)
    }
}

/// What an evictor wants to know of the newest token's attention.
enum NewestAttention: Sendable {
    /// Nothing.
    case nothing
    /// The weight that each token received: a row of products and its softmax.
    case weights
    /// The logit of each token, before the softmax: a row of products.
    case logits
}

/// A token's score by its own key and value, as attention sees them.
typealias TokenScore =
    @Sendable (_ key: UnsafeBufferPointer<Float>, _ value: UnsafeBufferPointer<Float>) -> Float
