/// How a budget is divided over layers and heads.

/// Turns the scores of one layer into the slots that stay.
indirect enum BudgetRule: Sendable, Hashable {
    /// Every head of every layer keeps the same number.
    case uniform
    /// Early layers keep more than late ones, linearly; `beta` says how much (PyramidKV, 2406.02069).
    /// Every layer keeps at least `window` tokens.
    case pyramid(beta: Int, window: TokenAllowance)
    /// All heads of all layers compete (KVzip, 2505.23416).
    case global
    /// The heads of a layer compete, each being sure of `floor` of its share (Ada-KV, 2407.11550).
    case adaptive(floor: Double, within: BudgetRule)

    /// Tokens that each head of `layer` keeps on average, when `kept` of `count` is the average over
    /// all layers.
    func layerBudget(_ kept: Int, of count: Int, ratio: Double?, layer: Int, layerCount: Int) -> Int
    {
        switch self {
        case .uniform, .global: return kept
        case .adaptive(_, let rule):
            return rule.layerBudget(
                kept, of: count, ratio: ratio, layer: layer, layerCount: layerCount)
        case .pyramid(let beta, let allowance):
            let window = allowance.of(kept)
            // As in kvpress: the exact fraction, not its whole number of tokens, and each layer's
            // number counts the window.
            let share = ratio.map { Double(count) * (1 - $0) } ?? Double(kept)
            var lowest = share / Double(beta)
            var highest = share * 2 - lowest
            if highest >= Double(count - window) {
                highest = Double(count - window)
                lowest = share * 2 - highest
            }
            guard Double(count) >= highest, highest >= lowest, lowest >= Double(window) else {
                return max(1, Int(share.rounded(.toNearestOrEven)))
            }
            let step = layerCount > 1 ? (highest - lowest) / Double(layerCount - 1) : 0
            return Int((highest - Double(layer) * step).rounded(.toNearestOrEven))
        }
    }

    /// The slots that stay in each head, ascending, when each keeps `budget` on average; nil where
    /// all do. Heads may hold different numbers of tokens.
    func select(_ scores: [[Float]], budget: Int) -> [[Int32]?] {
        guard case .adaptive = self else {
            return scores.map { budget < $0.count ? Ranking.largest(budget, of: $0) : nil }
        }
        return Self.share(budget * scores.count, of: raise(scores, budget: budget))
    }

    /// The scores with those tokens at infinity of which each head is sure, when it keeps `budget` on average.
    func raise(_ scores: [[Float]], budget: Int) -> [[Float]] {
        guard case .adaptive(let floor, _) = self, floor > 0 else { return scores }
        let safe = max(1, Int(Double(budget) * floor))
        return scores.map { scores in
            var raised = scores
            for slot in Ranking.largest(safe, of: scores) { raised[Int(slot)] = .infinity }
            return raised
        }
    }

    /// The best `total` of all heads' tokens together.
    static func share(_ total: Int, of scores: [[Float]]) -> [[Int32]?] {
        var starts = [0]
        for head in scores { starts.append(starts[starts.count - 1] + head.count) }
        guard total < starts[scores.count] else { return scores.map { _ in nil } }
        var kept = [[Int32]](repeating: [], count: scores.count)
        var head = 0
        for place in Ranking.largest(total, of: scores.flatMap(\.self)) {
            while Int(place) >= starts[head + 1] { head += 1 }
            kept[head].append(place - Int32(starts[head]))
        }
        return kept.enumerated().map { $1.count == scores[$0].count ? nil : $1 }
    }
}
