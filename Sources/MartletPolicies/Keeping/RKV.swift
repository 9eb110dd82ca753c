/// R-KV: tokens that matter and are not said already, chosen again and again while thinking
/// (2505.24133).

import MartletCache

/// score = share · importance − (1 − share) · redundancy, of the keys outside the window of the last
/// `window` tokens, which stays. Importance is the softmax over these keys of the largest logit in a group,
/// averaged over the window's queries, then a running maximum over `kernel` keys. Redundancy is the softmax
/// over all keys of the mean cosine that others have with a key; of the keys that are more `similar` to
/// another than that, the newest is spared by it. A key that has none like it spares the first of all. After
/// the prompt and after every `buffer` generated tokens a head is cut back to its budget. Follows the authors'
/// code; neighbours and the newest are so by position, as in the paper.
struct RKV: KVCompressor {
    let window: TokenAllowance
    let kernel: Int
    let share: Float
    let similar: Float
    let buffer: Int

    var signals: PromptSignals { PromptSignals(lastQueries: window.tokens) }
    var forcedRecent: TokenAllowance { window }
    var interval: Int? { buffer }

    func scores(_ layer: LayerView) -> [[Float]] {
        let window = window.of(layer.kept)
        return (0..<layer.headCount).map { head in
            let count = layer.length(head)
            let importance = importance(layer, head, window, of: max(0, count - window))
            let redundancy = redundancy(layer, head)
            return (0..<count).map { slot in
                slot >= importance.count
                    ? .infinity : share * importance[slot] - (1 - share) * redundancy[slot]
            }
        }
    }

    /// Of the first `open` keys of a head.
    private func importance(
        _ layer: LayerView, _ head: Int, _ window: Int, of open: Int
    ) -> [Float] {
        let (count, group) = (layer.length(head), layer.group)
        let logits = layer.recentLogits(head, rows: window)
        var mean = [Float](repeating: 0, count: open)
        guard open > 0 else { return mean }
        for row in 0..<logits.count / (group * count) {
            let first = row * group * count
            var weights = Array(logits[first..<first + open])
            for member in 1..<max(1, group) {
                for slot in 0..<open {
                    weights[slot] = max(weights[slot], logits[first + member * count + slot])
                }
            }
            weights.softmax()
            for slot in 0..<open { mean[slot] += weights[slot] / Float(window) }
        }
        let half = kernel / 2
        return mean.indices.map { center in
            mean[max(0, center - half)..<min(open, center - half + kernel)].reduce(0, max)
        }
    }

    /// Of all keys of a head. Every pair is looked at.
    private func redundancy(_ layer: LayerView, _ head: Int) -> [Float] {
        let count = layer.length(head)
        var result = [Float](repeating: 0, count: count)
        result.withUnsafeMutableBufferPointer { sums in
            guard let sums = sums.baseAddress else { return }
            layer.visitCosines(head) { slot, cosines in
                cosines[slot] = 0
                var newest = count - 1
                while newest > 0, !(cosines[newest] > similar) { newest -= 1 }
                cosines[newest] = 0
                for other in 0..<count { sums[other] += cosines[other] }
            }
        }
        for slot in 0..<count { result[slot] /= Float(count) }
        result.softmax()
        return result
    }
}

extension CachePolicyEntry {
    static let rkv = CachePolicyEntry(
        name: "rkv",
        summary: "keeps what matters and is not said already, again and again while thinking",
        source: "R-KV (2505.24133)",
        parameters: .scored(sinks: 0, recent: 0) + [
            .window(8), .kernel(7),
            CachePolicyParameter(
                name: "share", domain: .decimal(0...1), defaultValue: .decimal(0.07),
                summary: "of importance in a score; the rest is redundancy"),
            CachePolicyParameter(
                name: "similar", domain: .decimal(0...1), defaultValue: .decimal(0.5),
                summary: "cosine above which keys are alike, so that the newest of them is spared"),
            CachePolicyParameter(
                name: "buffer", domain: .integer(8...65_536), defaultValue: .integer(128),
                summary: "generated tokens after which heads are cut back to the budget"),
        ],
        phases: [.prefill, .decode], sharesPrefix: false,
        signals: "the last window's queries, and n²·d products a head, every buffer tokens",
        examples: ["rkv(%, window=4, buffer=8)"],
        // As published; where completions are shorter than its buffer of 128 tokens it has no occasion to act, so also
        // with a shorter one.
        sweep: [
            SweepForm(7, .all, "rkv(budget={budget})"),
            SweepForm(8, .all, "rkv(budget={budget}, buffer=16)", name: "rkv-16"),
        ],
        sized: { ["rkv(budget=\($0))"] }
    ) { values throws(CacheError) in
        guard values.integer("buffer") >= values.tokens("window").tokens else {
            throw .badPolicyParameter(
                policy: values.policy, parameter: "buffer", got: "\(values.integer("buffer"))",
                expected: "at least the window of \(values.tokens("window").tokens)")
        }
        return try values.keep(
            RKV(
                window: values.tokens("window"), kernel: values.integer("kernel"),
                share: Float(values.decimal("share")), similar: Float(values.decimal("similar")),
                buffer: values.integer("buffer")))
    }
}
