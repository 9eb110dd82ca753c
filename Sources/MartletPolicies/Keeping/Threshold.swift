/// Tokens that score below a threshold go, as many as there are (the form of kvpress's DMSPress).

import MartletCache

/// When the prompt is complete, tokens older than the newest `window` whose score is below `below` go; heads
/// hold different numbers, and how many is an outcome. With `steps` a generated token is scored too, by its
/// own key and value, and goes when it leaves the window. A score that is not a number is below.
struct Threshold: KVCompressor {
    let scorer: any KVCompressor
    let below: Float
    let window: Int
    /// What holds the threshold while tokens are generated; nil for the prompt alone.
    let generated: ThresholdSteps?

    var competes: Bool { false }
    var signals: PromptSignals { scorer.signals }
    func steps(keeping kept: Int) -> (any StepEvictor)? { generated }

    func fit(_ shape: KVShape, policy: PolicyNames) throws(CacheError) {
        try scorer.fit(shape, policy: policy)
    }

    func scores(_ layer: LayerView) -> [[Float]] { scorer.scores(layer) }

    func verdicts(_ layer: LayerView, budget: Int, chosen: TokenDivision) -> [HeadVerdict] {
        chosen.protect(scores(layer)).map { scores in
            let old = scores.count - window
            let kept = scores.indices.filter { $0 >= old || scores[$0] >= below }
            return HeadVerdict(kept: kept.count < scores.count ? kept.map { Int32($0) } : nil)
        }
    }
}

/// Remembers each token's score.
struct ThresholdSteps: StepEvictor {
    let score: TokenScore
    let below: Float
    let recentTokens: Int

    var reads: NewestAttention { .nothing }
    var tokenScore: TokenScore? { score }
    var bound: Float { below }
    var recent: Int? { recentTokens }

    func fold(_ memory: UnsafeMutableBufferPointer<Float>, _ weight: Float, step: Int) {}

    func rank(_ memory: UnsafeBufferPointer<Float>, age: Int) -> Float { memory[0] }

    func capacity(table: Int, kept: Int, budget: Int) -> Int { .max }
}

extension CachePolicyEntry {
    static let threshold = CachePolicyEntry(
        name: "threshold",
        summary: "frees tokens that the wrapped policy scores below a threshold, without a budget",
        source: "kvpress's DMSPress",
        parameters: [
            CachePolicyParameter(
                name: "below", domain: .decimal(-1e30...1e30), defaultValue: nil,
                summary: "tokens that score less go"),
            CachePolicyParameter(
                name: "window", domain: .integer(1...65_536), defaultValue: .integer(128),
                summary: "newest tokens that stay whatever they score"),
            CachePolicyParameter(
                name: "steps", domain: .boolean, defaultValue: .boolean(true),
                summary: "score generated tokens too"),
        ],
        phases: [], sharesPrefix: false, wraps: .scorer,
        signals: "what the wrapped policy needs", state: "4 bytes a token, with steps",
        examples: [
            "threshold(knorm(sinks=2), below=-2.2, window=16)",
            "threshold(snapkv(window=8), below=0.007, window=16, steps=false)",
        ]
    ) { values throws(CacheError) in
        guard let inner = values.wrappedKeeping, inner.compressor.competes,
            inner.rule == .uniform, !inner.holdsBudget, inner.compressor.interval == nil
        else {
            throw .badPolicyParameter(
                policy: values.policy, parameter: "first argument",
                got: values.wrapped.map { "\($0)" } ?? "nothing",
                expected: "a policy that scores tokens of prompts, each head for itself, as in "
                    + "threshold(knorm(), below=-9)")
        }
        let (below, window) = (Float(values.decimal("below")), values.integer("window"))
        var steps: ThresholdSteps?
        if values.boolean("steps") {
            guard let score = inner.compressor.tokenScore else {
                throw .badPolicyParameter(
                    policy: values.policy, parameter: "steps", got: "true",
                    expected: "false, because the wrapped policy cannot score a token by its own "
                        + "key and value")
            }
            steps = ThresholdSteps(
                score: score, below: below, recentTokens: max(window, inner.recent.tokens))
        }
        return [
            ScoredKeeping(
                compressor: Threshold(
                    scorer: inner.compressor, below: below, window: window, generated: steps),
                budget: nil, rule: .uniform, sinks: inner.sinks, recent: inner.recent)
        ]
    }
}
