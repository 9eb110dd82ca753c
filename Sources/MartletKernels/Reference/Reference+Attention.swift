// Attention of one query over decoded keys and values, whole or in segments.

import Foundation

extension Reference {
    /// What one query has seen so far: m = max s, sum = sum of e^(s - m), vector = sum of
    /// e^(s - m) v. Having seen nothing is m = -inf, sum 0, vector 0.
    package struct AttentionState {
        package var maximum = -Double.infinity
        package var sum = 0.0
        package var vector: [Double]

        package init(dimension: Int) { vector = Array(repeating: 0, count: dimension) }

        /// vector / sum, or zeros when nothing was seen.
        package var result: [Double] { sum > 0 ? vector.map { $0 / sum } : vector }

        /// Folds in the state of a later segment:
        /// m' = max(m, n), sum' = sum e^(m - m') + added e^(n - m'), vectors likewise.
        package mutating func merge(_ later: AttentionState) {
            let top = max(maximum, later.maximum)
            guard top > -.infinity else { return }
            let (kept, added) = (exp(maximum - top), exp(later.maximum - top))
            maximum = top
            sum = sum * kept + later.sum * added
            for d in vector.indices { vector[d] = vector[d] * kept + later.vector[d] * added }
        }
    }

    /// Whether `slot` is visible to a query that sees [begin, end) and the first `sinks` slots:
    /// slot < end and (slot >= begin or slot < sinks).
    package static func isVisible(_ slot: Int, begin: Int, end: Int, sinks: Int) -> Bool {
        slot < end && (slot >= begin || slot < sinks)
    }

    /// Attention of one query over the slots of `range` that `isVisible` allows, with scores
    /// s = (q . key) scale, or `score(slot)` where that is given.
    ///
    /// - Parameters:
    ///   - keys: decoded keys, `dimension` floats for each slot, one after another.
    ///   - values: decoded values likewise.
    package static func attend(
        query: ArraySlice<Float>, keys: [Float], values: [Float], scale: Float, range: Range<Int>,
        score: ((Int) -> Double?)? = nil, isVisible: (Int) -> Bool
    ) -> AttentionState {
        let dimension = query.count
        let q = query.map(Double.init)
        var state = AttentionState(dimension: dimension)
        let slots = range.filter(isVisible)
        let scores = slots.map { slot in
            if let given = score?(slot) { return given }
            var dot = 0.0
            for d in 0..<dimension { dot += q[d] * Double(keys[slot * dimension + d]) }
            return dot * Double(scale)
        }
        guard let top = scores.max() else { return state }
        state.maximum = top
        for (slot, score) in zip(slots, scores) {
            let weight = exp(score - top)
            state.sum += weight
            for d in 0..<dimension {
                state.vector[d] += weight * Double(values[slot * dimension + d])
            }
        }
        return state
    }
}
