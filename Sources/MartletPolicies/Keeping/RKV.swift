/// R-KV: tokens that matter and are not said already, chosen again and again while thinking
/// (2505.24133).

import MartletCache

/// score = share · importance − (1 − share) · redundancy. Importance is the attention from the last
/// `window` tokens, smoothed by a running maximum over `kernel` tokens and scaled to sum to 1; redundancy
/// is the softmax over tokens of the mean cosine between a key and all other keys of the head. After the
/// prompt and after every `buffer` generated tokens the head is cut back to its budget. The published
/// method looks at all pairs of keys and spares the newest of each group of like ones; the mean cosine
/// needs one pass.
struct RKV: KVCompressor {
    let window: Int
    let kernel: Int
    let share: Float
    let buffer: Int

    var signals: PromptSignals { PromptSignals(lastQueries: window) }
    var forcedRecent: Int { window }
    var interval: Int? { buffer }

    func scores(_ layer: LayerView) -> [[Float]] {
        (0..<layer.headCount).map { head in
            let count = layer.length(head)
            let importance = importance(layer.recentMass(head, rows: window))
            let redundancy = redundancy(layer.keys(head), layer.dimension)
            return (0..<count).map { slot in
                slot >= count - window
                    ? .infinity : share * importance[slot] - (1 - share) * redundancy[slot]
            }
        }
    }

    private func importance(_ mass: [Float]) -> [Float] {
        let half = kernel / 2
        var pooled = mass.indices.map { center in
            mass[max(0, center - half)..<min(mass.count, center - half + kernel)].reduce(0, max)
        }
        let sum = pooled.reduce(0, +)
        if sum > 0 { for slot in pooled.indices { pooled[slot] /= sum } }
        return pooled
    }

    private func redundancy(_ keys: [Float], _ dimension: Int) -> [Float] {
        let norms = keys.norms(of: dimension)
        var total = [Float](repeating: 0, count: dimension)
        for slot in norms.indices where norms[slot] > 0 {
            for i in 0..<dimension { total[i] += keys[slot * dimension + i] / norms[slot] }
        }
        var result = norms.indices.map { slot -> Float in
            guard norms[slot] > 0, norms.count > 1 else { return 0 }
            var dot: Float = 0
            for i in 0..<dimension { dot += keys[slot * dimension + i] * total[i] }
            return (dot / norms[slot] - 1) / Float(norms.count - 1)
        }
        result.softmax()
        return result
    }
}

extension CachePolicyEntry {
    static let rkv = CachePolicyEntry(
        name: "rkv",
        summary: "keeps what matters and is not said already, again and again while thinking",
        source: "R-KV (2505.24133)",
        parameters: .scored() + [
            .window(8), .kernel,
            CachePolicyParameter(
                name: "share", domain: .decimal(0...1), defaultValue: .decimal(0.1),
                summary: "of importance in a score; the rest is redundancy"),
            CachePolicyParameter(
                name: "buffer", domain: .integer(8...65_536), defaultValue: .integer(128),
                summary: "generated tokens after which heads are cut back to the budget"),
        ],
        phases: [.prefill, .decode], sharesPrefix: false,
        signals: "the last window's queries: window·n·d products a head, every buffer tokens",
        examples: ["rkv(%, window=4, buffer=8)"], sized: { ["rkv(budget=\($0))"] }
    ) { values throws(CacheError) in
        guard values.integer("buffer") >= values.integer("window") else {
            throw .badPolicyParameter(
                policy: values.policy, parameter: "buffer", got: "\(values.integer("buffer"))",
                expected: "at least the window of \(values.integer("window"))")
        }
        return try values.keep(
            RKV(
                window: values.integer("window"), kernel: values.integer("kernel"),
                share: Float(values.decimal("share")), buffer: values.integer("buffer")))
    }
}
