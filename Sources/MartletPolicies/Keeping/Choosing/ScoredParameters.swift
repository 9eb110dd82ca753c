/// What policies that keep tokens by a score take in their text, alike.

import MartletCache

extension [CachePolicyParameter] {
    /// What every compressor takes: how much stays (one of three ways) and what is never taken.
    /// Defaults of protected tokens give way in a small budget, recent ones to `share` of it.
    static func scored(
        sinks: Int = 4, recent: Int = 1, share: BudgetShare = .quarter
    ) -> Self {
        [
            CachePolicyParameter(
                name: "budget", domain: .integer(1...Int(Int32.max)), defaultValue: nil,
                summary: "tokens of the prompt that stay in each head on average",
                isRequired: false),
            CachePolicyParameter(
                name: "ratio", domain: .decimal(0...0.9999), defaultValue: nil,
                summary: "fraction of the prompt that is removed", isRequired: false),
            CachePolicyParameter(
                name: "bytes", domain: .bytes, defaultValue: nil,
                summary: "bytes of a sequence over all layers and heads, held at every step",
                isRequired: false),
            CachePolicyParameter(
                name: "sinks", domain: .integer(0...1024), defaultValue: .integer(sinks),
                summary: "first tokens that always stay", share: sinks > 0 ? .sinks : nil),
            CachePolicyParameter(
                name: "recent", domain: .integer(0...65536), defaultValue: .integer(recent),
                summary: "newest tokens of the prompt that always stay",
                share: recent > share.least ? share : nil),
        ]
    }
}

extension CachePolicyParameter {
    static func window(
        _ tokens: Int, share: BudgetShare = .quarter
    ) -> CachePolicyParameter {
        CachePolicyParameter(
            name: "window", domain: .integer(1...4096), defaultValue: .integer(tokens),
            summary: "last tokens of the prompt whose attention decides; they stay", share: share)
    }

    static let steps = CachePolicyParameter(
        name: "steps", domain: .boolean, defaultValue: .boolean(true),
        summary: "hold the budget at every generated token too")

    static func kernel(_ tokens: Int) -> CachePolicyParameter {
        CachePolicyParameter(
            name: "kernel", domain: .integer(1...255), defaultValue: .integer(tokens),
            summary: "neighbouring tokens whose scores are pooled")
    }

    static let gates = CachePolicyParameter(
        name: "gates", domain: .path, defaultValue: nil,
        summary: "a file of one number for each layer and KV head, as DuoAttention publishes it",
        isRequired: false)

    static let streaming = CachePolicyParameter(
        name: "streaming", domain: .decimal(0...1), defaultValue: .decimal(0.5),
        summary: "fraction of the heads that only look at both ends")
}

extension CachePolicyValues {
    /// The gates of a file, if one is named.
    func headGates() throws(CacheError) -> HeadGates? {
        guard case .text(let path)? = values["gates"] else { return nil }
        return try HeadGates(path: path, streaming: decimal("streaming"), policy: policy)
    }

    /// How much stays, by the one of three parameters that is given.
    func tokenBudget() throws(CacheError) -> TokenBudget {
        let budgets = budgets
        guard budgets.count == 1 else {
            throw .badPolicyParameter(
                policy: policy, parameter: "budget, ratio, bytes",
                got: budgets.isEmpty ? "none" : budgets.map(\.name).joined(separator: " and "),
                expected: "exactly one of them")
        }
        return budgets[0].budget
    }

    /// The budgets that are given, with the names of their parameters.
    private var budgets: [(name: String, budget: TokenBudget)] {
        ["budget", "ratio", "bytes"].compactMap { name in
            switch values[name] {
            case .integer(let tokens)?: (name, .tokens(tokens))
            case .decimal(let ratio)?: (name, .ratio(ratio))
            case .bytes(let bytes)?: (name, .bytes(bytes))
            default: nil
            }
        }
    }

    /// The policy that keeps what `compressor` scores highest; without a budget where a wrapper takes its
    /// scores alone.
    func keep(
        _ compressor: any KVCompressor, rule: BudgetRule = .uniform
    ) throws(CacheError) -> [any CacheMethod] {
        if isScorer {
            if let given = budgets.first {
                throw .badPolicyParameter(
                    policy: policy, parameter: given.name, got: "a budget",
                    expected: "none, because the policy around it says what stays")
            }
            return [
                ScoredKeeping(
                    compressor: compressor, budget: nil, rule: rule, sinks: tokens("sinks"),
                    recent: tokens("recent"))
            ]
        }
        let budget = try tokenBudget()
        let kept = ScoredKeeping(
            compressor: compressor, budget: budget, rule: rule, sinks: tokens("sinks"),
            recent: tokens("recent"))
        if compressor.interval != nil, case .ratio = budget {
            throw .badPolicyParameter(
                policy: policy, parameter: "ratio", got: "a fraction of a prompt",
                expected:
                    "budget or bytes, because tokens are chosen again while they are generated")
        }
        if let reason = compressor.signals.wholePromptReason, case .bytes = budget {
            throw .badPolicyParameter(
                policy: policy, parameter: "bytes", got: "a bound on every step",
                expected: "budget or ratio, because \(reason)")
        }
        if case .tokens(let tokens) = budget, tokens < kept.protectedTokens(of: tokens) {
            let least = kept.protectedTokens(of: tokens)
            throw .badPolicyParameter(
                policy: policy, parameter: "budget", got: "\(tokens)",
                expected: "at least \(least), the tokens that always stay")
        }
        return [kept]
    }

    /// The policy for prompts that a wrapper was given, if it keeps tokens by a score and does nothing else.
    var wrappedKeeping: ScoredKeeping? {
        guard let wrapped, wrapped.methods.count == 1 else { return nil }
        return wrapped.methods[0] as? ScoredKeeping
    }
}
