// Pooled segments, one character after the other: a segment is read when its boundary comes.
// This file knows the open segment and the last closed one; it refuses to know what follows.

import MartletTraining

/// A pooling model's rows.
struct PoolingSteps {
    private let rows: RowArithmetic
    private let boundaries: CharacterModelPlan.Boundaries
    private var before: StackSteps
    private var middle: StackSteps
    private var after: StackSteps
    /// Sum and number of the open segment's rows.
    private var open: (sum: [Float], count: Int)
    private var received: [Float] = []
    private var count = 0
    /// Whether the last character ended a segment.
    private(set) var isBoundary = false

    init(_ rows: RowArithmetic, stacks: [Int], _ boundaries: CharacterModelPlan.Boundaries) {
        self.rows = rows
        self.boundaries = boundaries
        before = StackSteps(rows, 0, layers: stacks[0], factor: 1)
        middle = StackSteps(rows, 1, layers: stacks[1], factor: 1)
        after = StackSteps(rows, 2, layers: stacks[2], factor: 1)
        open = ([Float](repeating: 0, count: rows.model.shape.width), 0)
        received = middle.step(
            rows.norm(Array(rows.model[CharacterLayout.null].values), "pool.norm"))
    }

    /// The output for the next character.
    mutating func step(_ row: [Float], symbol: Int32) -> [Float] {
        let hidden = before.step(row)
        open = (RowArithmetic.sum(open.sum, hidden), open.count + 1)
        isBoundary = isCut(hidden, symbol)
        count += 1
        if isBoundary {
            let mean = open.sum.map { $0 / Float(open.count) }
            received = middle.step(rows.norm(mean, "pool.norm"))
            open = ([Float](repeating: 0, count: hidden.count), 0)
        }
        return after.step(RowArithmetic.sum(received, hidden))
    }

    private func isCut(_ hidden: [Float], _ symbol: Int32) -> Bool {
        switch boundaries {
        case .fixed(let k): return count % k == 0
        case .whitespace: return rows.model.vocabulary.isSpace(symbol)
        case .unigram, .entropy, .gumbel:
            let inner = rows.gelu(rows.linear(hidden, "boundary.in"), isApproximate: false)
            return rows.linear(inner, "boundary.out")[0] > 0
        }
    }
}
