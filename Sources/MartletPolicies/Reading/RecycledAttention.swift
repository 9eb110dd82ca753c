/// Recycled Attention: the tokens that a full pass attended to most serve the next ones (2411.05787).

import MartletCache

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

    func choose(_ view: SelectionView, _ memory: inout ReadingMemory.Head) -> PageChoice {
        let wanted = budget.tokens(of: view.slots)
        let newest = Int32(view.slots - 1)
        guard wanted < view.slots else {
            memory.chosen = []
            return .all
        }
        let query = view.meanQuery
        var isFull = memory.chosen.isEmpty || view.step % refresh == 0
        if !isFull, view.step % check == 0 {
            view.touches.readMemory(memory.query.count)
            isFull = Self.cosine(query, memory.query) < similarity
        }
        if isFull {
            var weights = view.weights()
            for slot in 0..<min(sinks, weights.count) { weights[slot] = .infinity }
            weights[view.slots - 1] = .infinity
            memory.chosen = Ranking.largest(wanted, of: weights)
            memory.weights = memory.chosen.map { weights[Int($0)] }
            memory.query = query
            return .all
        }
        view.touches.readMemory(memory.chosen.count + memory.weights.count)
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

extension CachePolicyEntry {
    static let recycled = CachePolicyEntry(
        name: "recycled", summary: "reads what the last full pass attended to most",
        source: "Recycled Attention (2411.05787)",
        parameters: .reads() + [
            .refresh(50), .denseLayers(0),
            CachePolicyParameter(
                name: "similarity", domain: .decimal(-1...1), defaultValue: .decimal(0.8),
                summary: "cosine with the query of the full pass below which there is another"),
            CachePolicyParameter(
                name: "check", domain: .integer(1...65_536), defaultValue: .integer(5),
                summary: "tokens between two looks at that cosine"),
        ],
        phases: [], sharesPrefix: true, signals: "all weights of one token in refresh",
        state: "8 bytes a chosen token",
        examples: [
            "recycled(%, refresh=5)", "recycled(%, check=2, similarity=0.999)",
            "recycled(%, dense=2)",
        ],
        sized: { ["recycled(budget=\($0))"] }
    ) { values throws(CacheError) in
        [
            PageReading(
                selector: RecycledAttention(
                    budget: try values.reads(), refresh: values.integer("refresh"),
                    similarity: values.decimal("similarity"), check: values.integer("check"),
                    sinks: values.integer("sinks"), denseLayers: values.integer("dense")))
        ]
    }
}
