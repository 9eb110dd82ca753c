/// SCOPE: one budget for the prompt, another for what is generated (2412.13649).

import MartletCache

/// The wrapped policy chooses what stays of the prompt, for good. Of the generated tokens a head holds the
/// last `recent` and, up to a window, those that the newest token attends to most.
struct Scope: KVCompressor {
    let prompt: any KVCompressor
    let generated: ScopeSteps

    var competes: Bool { prompt.competes }
    var signals: PromptSignals { prompt.signals }
    var forcedRecent: TokenAllowance { prompt.forcedRecent }
    func steps(keeping kept: Int) -> (any StepEvictor)? { generated }

    func scores(_ layer: LayerView) -> [[Float]] { prompt.scores(layer) }

    func verdicts(_ layer: LayerView, budget: Int, chosen: TokenDivision) -> [HeadVerdict] {
        prompt.verdicts(layer, budget: budget, chosen: chosen)
    }
}

/// Bounds what is generated.
struct ScopeSteps: StepEvictor {
    /// How many generated tokens stay.
    enum Mode: String, CaseIterable, Sendable {
        /// Always as many.
        case slide
        /// One more every `pace` tokens, from `recent` up to the window.
        case adaptive
        /// As `adaptive`, but tokens are taken out at every `pace`-th token only.
        case discontinuous
    }

    let mode: Mode
    let window: Int
    let recentTokens: Int
    let pace: Int

    var sparesPrompt: Bool { true }
    var recent: Int? { recentTokens }
    var interval: Int { mode == .discontinuous ? pace : 1 }

    func fold(_ memory: UnsafeMutableBufferPointer<Float>, _ weight: Float, step: Int) {
        memory[0] = weight
    }

    func rank(_ memory: UnsafeBufferPointer<Float>, age: Int) -> Float { memory[0] }

    func capacity(table: Int, kept: Int, budget: Int) -> Int { kept }

    func growth(step: Int) -> Int {
        mode == .slide ? window : min(window, recentTokens + step / pace)
    }
}

extension CachePolicyEntry {
    static let scope = CachePolicyEntry(
        name: "scope",
        summary: "leaves the prompt to the wrapped policy and bounds what is generated apart",
        source: "SCOPE (2412.13649)",
        parameters: [
            CachePolicyParameter(
                name: "mode", domain: .choice(ScopeSteps.Mode.allCases.map(\.rawValue)),
                defaultValue: .name(ScopeSteps.Mode.slide.rawValue),
                summary: "a fixed window, one that grows, or one that is enforced now and then"),
            CachePolicyParameter(
                name: "window", domain: .integer(1...Int(Int32.max)), defaultValue: .integer(512),
                summary: "generated tokens that a head may hold"),
            CachePolicyParameter(
                name: "recent", domain: .integer(1...65_536), defaultValue: .integer(256),
                summary: "newest of them that always stay",
                share: BudgetShare(divisor: 2, of: "window")),
            CachePolicyParameter(
                name: "pace", domain: .integer(1...65_536), defaultValue: .integer(15),
                summary: "tokens after which the window grows by one, or is enforced"),
        ],
        phases: [.prefill, .decode], sharesPrefix: false, wraps: .policy,
        signals: "what the wrapped policy needs, then n·d products a head and token",
        state: "4 bytes a token",
        examples: [
            "scope(snapkv(%, window=8), window=10, recent=4)",
            "scope(chelsea(%), mode=discontinuous, window=12, recent=4)",
        ],
        sized: { ["scope(snapkv(budget=\($0)))"] }
    ) { values throws(CacheError) in
        guard let inner = values.wrappedKeeping, !inner.holdsBudget, !inner.choosesAgain else {
            throw .badPolicyParameter(
                policy: values.policy, parameter: "first argument",
                got: values.wrapped.map { "\($0)" } ?? "nothing",
                expected: "a policy for prompts alone, as in scope(snapkv(budget=2048))")
        }
        if case .bytes? = inner.budget {
            throw .badPolicyParameter(
                policy: values.policy, parameter: "first argument", got: "a budget in bytes",
                expected: "one in tokens or a ratio, because what is generated has its own")
        }
        guard values.integer("recent") <= values.integer("window") else {
            throw .badPolicyParameter(
                policy: values.policy, parameter: "recent", got: "\(values.integer("recent"))",
                expected: "at most the window of \(values.integer("window"))")
        }
        let steps = ScopeSteps(
            mode: ScopeSteps.Mode(rawValue: values.name("mode")) ?? .slide,
            window: values.integer("window"), recentTokens: values.integer("recent"),
            pace: values.integer("pace"))
        return [
            ScoredKeeping(
                compressor: Scope(prompt: inner.compressor, generated: steps),
                budget: inner.budget, rule: inner.rule, sinks: inner.sinks, recent: inner.recent)
        ]
    }
}
