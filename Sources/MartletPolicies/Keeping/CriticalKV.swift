/// CriticalKV: of what attention leaves open, the tokens whose values change the output most stay (2502.03805).

import MartletCache

/// A head keeps its first tokens by the wrapped policy's scores s, the others by (s + epsilon)·w, where w is the
/// L1 norm of the value behind the output projection, averaged over the query heads of the group. How many a head
/// keeps is the wrapped policy's choice, by s alone.
struct CriticalKV: KVCompressor {
    private static let epsilon: Float = 1e-4

    let scorer: any KVCompressor
    /// Fraction of the budget that s alone fills.
    let first: Double

    var competes: Bool { false }
    var forcedRecent: TokenAllowance { scorer.forcedRecent }
    var signals: PromptSignals {
        var signals = scorer.signals
        signals.readsOutputs = true
        return signals
    }

    func fit(_ shape: KVShape, policy: PolicyNames) throws(CacheError) {
        try scorer.fit(shape, policy: policy)
    }

    func scores(_ layer: LayerView) -> [[Float]] { scorer.scores(layer) }

    func verdicts(_ layer: LayerView, budget: Int, chosen: TokenDivision) -> [HeadVerdict] {
        let scores = chosen.rule.raise(chosen.protect(scores(layer)), budget: budget)
        return chosen.rule.select(scores, budget: budget).enumerated().map { head, slots in
            guard let count = slots?.count else { return HeadVerdict() }
            var ranks = weigh(scores[head], layer.outputNorms(head, .l1))
            let sure = sure(of: count, layer, chosen)
            for slot in Ranking.largest(sure, of: scores[head]) { ranks[Int(slot)] = .infinity }
            return HeadVerdict(kept: Ranking.largest(count, of: ranks))
        }
    }

    /// Tokens that the scores alone choose, of `count` that a head keeps.
    private func sure(of count: Int, _ layer: LayerView, _ chosen: TokenDivision) -> Int {
        switch (chosen.rule, chosen.budget) {
        case (.adaptive, _): Int(Double(count) * first)
        case _ where first == 0: 0
        // As in kvpress: of the exact fraction, not of its whole number of tokens.
        case (.uniform, .ratio(let ratio)?): max(1, Int((1 - ratio) * Double(layer.count) * first))
        default: max(1, Int(Double(count) * first))
        }
    }

    private func weigh(_ scores: [Float], _ norms: [[Float]]) -> [Float] {
        scores.indices.map { slot in
            guard scores[slot] < .infinity else { return .infinity }
            let sum = norms.reduce(0) { $0 + $1[slot] }
            return (scores[slot] + Self.epsilon) * (sum / Float(norms.count))
        }
    }
}

extension CachePolicyEntry {
    static let criticalkv = CachePolicyEntry(
        name: "criticalkv",
        summary: "as the wrapped policy, the last places given by what values change in the output",
        source: "CriticalKV (2502.03805)",
        parameters: [
            CachePolicyParameter(
                name: "first", domain: .decimal(0...1), defaultValue: .decimal(0.5),
                summary: "fraction of the budget that attention alone decides")
        ],
        phases: [.prefill], sharesPrefix: false, wraps: .policy,
        signals:
            "what the wrapped policy needs, and the values behind the output projection: the work of that "
            + "projection again, once",
        examples: [
            "criticalkv(snapkv(%, window=8))", "criticalkv(adakv(snapkv(%, window=8)), first=0.25)",
            "criticalkv(expected(%, vnorm=false))",
        ],
        sized: { ["criticalkv(snapkv(budget=\($0)))"] }
    ) { values throws(CacheError) in
        guard let inner = values.wrappedKeeping, inner.compressor.scoresAttention,
            !inner.holdsBudget, inner.compressor.interval == nil
        else {
            throw .badPolicyParameter(
                policy: values.policy, parameter: "first argument",
                got: values.wrapped.map { "\($0)" } ?? "nothing",
                expected:
                    "a policy that scores by attention alone, as in criticalkv(snapkv(budget=1024)), "
                    + "criticalkv(expected(budget=1024, vnorm=false)) or adakv around one of these")
        }
        return [
            ScoredKeeping(
                compressor: CriticalKV(scorer: inner.compressor, first: values.decimal("first")),
                budget: inner.budget, rule: inner.rule, sinks: inner.sinks, recent: inner.recent)
        ]
    }
}
