// A character model that is asked for one character after the other.
// This file knows symbols and chance; it refuses to know training.

import Foundation
import MartletKernels
import MartletTraining

/// Steps through text and predicts what follows, with caches of all that earlier characters left. The logits
/// are those of the batch form, to rounding.
public final class CharacterGenerator {
    private let rows: RowArithmetic
    private var plain: StackSteps?
    private var hourglass: HourglassSteps?
    private var pooling: PoolingSteps?

    /// Begins a text.
    public init(_ model: CharacterModel) {
        rows = RowArithmetic(model: model)
        switch model.plan.kind {
        case .vanilla(let layers, _): plain = StackSteps(rows, 0, layers: layers, factor: 1)
        case .hourglass(let hierarchy, let down, let up):
            hourglass = HourglassSteps(rows, hierarchy, down, up)
        case .pooling(let stacks, let boundaries):
            pooling = PoolingSteps(rows, stacks: stacks, boundaries)
        }
    }

    /// Whether the last character ended a segment; false for models without segments.
    public var isBoundary: Bool { pooling?.isBoundary ?? false }

    /// Takes a symbol; returns the logits of the next.
    public func step(_ symbol: Int32) -> [Float] {
        let width = rows.model.shape.width
        let table = rows.model["embedding.weight"].values
        let x = Array(table[Int(symbol) * width..<(Int(symbol) + 1) * width])
        let out = plain?.step(x) ?? hourglass?.step(x) ?? pooling?.step(x, symbol: symbol) ?? x
        return rows.linear(out, "output")
    }

    /// Symbols drawn from the model after a prompt.
    ///
    /// - Parameters:
    ///   - prompt: at least one symbol.
    ///   - count: symbols to draw.
    public func sample(after prompt: [Int32], count: Int, seed: UInt64) -> [Int32] {
        var random = CounterRandom(seed: seed, stream: 0x5A3)
        var logits: [Float] = []
        for symbol in prompt { logits = step(symbol) }
        var drawn: [Int32] = []
        while drawn.count < count, !logits.isEmpty {
            let top = logits.max() ?? 0
            let weights = logits.map { exp(Double($0 - top)) }
            var left = random.unit() * weights.reduce(0, +)
            var symbol = weights.count - 1
            for (index, weight) in weights.enumerated() {
                left -= weight
                if left < 0 {
                    symbol = index
                    break
                }
            }
            drawn.append(Int32(symbol))
            logits = step(Int32(symbol))
        }
        return drawn
    }
}
