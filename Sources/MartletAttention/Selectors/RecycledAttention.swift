/// Recycled Attention: the tokens that a full pass attended to most serve the next ones (2411.05787).

/// Every `refresh` tokens, and when at a check the query points elsewhere than at the last full pass, all
/// keys are read and the `budget` tokens with the largest weights are remembered. In between only they
/// and what was generated since are read; the weakest gives way to each newcomer.
struct RecycledAttention: DecodePageSelector {
    let budget: ReadBudget
    let refresh: Int
    /// Cosine below which a check asks for a full pass.
    let similarity: Double
    /// Tokens between two checks.
    let check: Int
    let sinks: Int
    let denseLayers: Int

    var readsBounds: Bool { false }
    var reusesChoices: Bool { true }

    func choose(_ view: SelectionView, _ memory: inout SelectionMemory.Head) -> PageChoice {
        let wanted = budget.tokens(of: view.slots)
        let newest = Int32(view.slots - 1)
        guard wanted < view.slots else {
            memory.chosen = []
            return .all
        }
        let query = view.meanQuery
        var isFull = memory.chosen.isEmpty || view.step % refresh == 0
        if !isFull, view.step % check == 0 {
            isFull = Self.cosine(query, memory.query) < similarity
        }
        if isFull {
            var weights = view.weights()
            for slot in 0..<min(sinks, weights.count) { weights[slot] = .infinity }
            weights[view.slots - 1] = .infinity
            memory.chosen = Selection.largest(wanted, of: weights)
            memory.weights = memory.chosen.map { weights[Int($0)] }
            memory.query = query
            return .all
        }
        memory.chosen.append(newest)
        // What was generated since cannot be weaker than what was weighed.
        memory.weights.append(.infinity)
        while memory.chosen.count > wanted {
            guard
                let weakest = memory.weights.indices.min(by: { a, b in
                    memory.weights[a] < memory.weights[b]
                })
            else { break }
            memory.chosen.remove(at: weakest)
            memory.weights.remove(at: weakest)
        }
        return .slots(memory.chosen)
    }

    private static func cosine(_ a: [Float], _ b: [Float]) -> Double {
        guard a.count == b.count else { return 0 }
        var (dot, aa, bb) = (0.0, 0.0, 0.0)
        for i in a.indices {
            dot += Double(a[i]) * Double(b[i])
            aa += Double(a[i]) * Double(a[i])
            bb += Double(b[i]) * Double(b[i])
        }
        let norm = (aa * bb).squareRoot()
        return norm > 0 ? dot / norm : 0
    }
}
