/// ChunkKV: neighbouring tokens stay or go together (2502.00299).

import MartletCache

/// The wrapped policy's scores are summed over the heads of a layer; the chunks of `chunk` tokens with the
/// highest mean stay, the same in all heads. A token that the wrapped policy would never take scores one
/// more than the best other: alone in a chunk it does not save it. A prompt shorter than a chunk is left to
/// the wrapped policy. Under a ratio as many chunks stay as in kvpress, and the protected tokens besides. A
/// budget in tokens or bytes, for which kvpress has no rule, is filled: with the protected tokens, then
/// with whole chunks, then with the best tokens of the first chunk that does not fit.
struct ChunkKV: KVCompressor {
    let scorer: any KVCompressor
    let chunk: Int

    var competes: Bool { false }
    var signals: PromptSignals { scorer.signals }

    func fit(_ shape: KVShape, policy: PolicyNames) throws(CacheError) {
        try scorer.fit(shape, policy: policy)
    }

    func scores(_ layer: LayerView) -> [[Float]] { scorer.scores(layer) }

    func verdicts(_ layer: LayerView, budget: Int, chosen: TokenDivision) -> [HeadVerdict] {
        let scores = scores(layer)
        let count = layer.length(0)
        guard count >= chunk else {
            return chosen.rule.select(chosen.protect(scores), budget: budget).map {
                HeadVerdict(kept: $0)
            }
        }
        let total = Self.sum(scores)
        let chunks = stride(from: 0, to: count, by: chunk).map { $0..<min(count, $0 + chunk) }
        let means = chunks.map { total[$0].reduce(0, +) / Float($0.count) }
        var stays = [Bool](repeating: false, count: count)
        for slot in 0..<min(chosen.sinks, count) { stays[slot] = true }
        for slot in max(0, count - chosen.recent)..<count { stays[slot] = true }
        if case .ratio(let ratio)? = chosen.budget {
            let whole = max(1, Int(Double(chunks.count) * (1 - ratio)))
            for index in Ranking.largest(whole, of: means) {
                for slot in chunks[Int(index)] { stays[slot] = true }
            }
        } else {
            fill(&stays, to: budget, total, chunks, means)
        }
        let kept = (0..<count).filter { stays[$0] }.map { Int32($0) }
        return (0..<layer.headCount).map { _ in
            HeadVerdict(kept: kept.count < count ? kept : nil)
        }
    }

    /// Sums over heads, tokens at infinity one above the largest finite score of all heads.
    private static func sum(_ scores: [[Float]]) -> [Float] {
        let largest = scores.joined().lazy.filter(\.isFinite).max() ?? 0
        var total = [Float](repeating: 0, count: scores[0].count)
        for head in scores {
            for slot in total.indices {
                total[slot] += head[slot] == .infinity ? largest + 1 : head[slot]
            }
        }
        return total
    }

    /// Adds chunks, the best first and the later of equal ones, until `budget` tokens stay.
    private func fill(
        _ stays: inout [Bool], to budget: Int, _ total: [Float], _ chunks: [Range<Int>],
        _ means: [Float]
    ) {
        var room = budget - stays.lazy.filter(\.self).count
        for index in chunks.indices.sorted(by: { (means[$0], $0) > (means[$1], $1) }) {
            let open = chunks[index].filter { !stays[$0] }
            for place in Ranking.largest(room, of: open.map { total[$0] }) {
                stays[open[Int(place)]] = true
            }
            room -= open.count
            guard room > 0 else { return }
        }
    }
}

extension CachePolicyEntry {
    static let chunkkv = CachePolicyEntry(
        name: "chunkkv",
        summary: "keeps whole chunks of neighbouring tokens, by the wrapped policy's scores",
        source: "ChunkKV (2502.00299)",
        parameters: [
            CachePolicyParameter(
                name: "chunk", domain: .integer(1...65_536), defaultValue: .integer(20),
                summary: "neighbouring tokens that stay or go together")
        ],
        phases: [.prefill], sharesPrefix: false, wraps: .policy,
        signals: "what the wrapped policy needs",
        examples: ["chunkkv(snapkv(%, window=8), chunk=12)", "chunkkv(knorm(%), chunk=7)"],
        sized: { ["chunkkv(snapkv(budget=\($0)))"] }
    ) { values throws(CacheError) in
        guard let inner = values.wrappedKeeping, inner.compressor.competes,
            inner.rule == .uniform, !inner.holdsBudget, inner.compressor.interval == nil
        else {
            throw .badPolicyParameter(
                policy: values.policy, parameter: "first argument",
                got: values.wrapped.map { "\($0)" } ?? "nothing",
                expected: "a policy that scores tokens of prompts, each head for itself, as in "
                    + "chunkkv(snapkv(budget=1024))")
        }
        return [
            ScoredKeeping(
                compressor: ChunkKV(scorer: inner.compressor, chunk: values.integer("chunk")),
                budget: inner.budget, rule: inner.rule, sinks: inner.sinks, recent: inner.recent)
        ]
    }
}
