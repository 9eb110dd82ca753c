/// The registry's rows of policies that the model was trained for.

extension CachePolicyParameter {
    private static let chance = [
        CachePolicyParameter(
            name: "cr", domain: .decimal(1...1000), defaultValue: nil,
            summary: "let chance decide, so that one token in this many stays: to measure speed",
            isRequired: false),
        CachePolicyParameter(
            name: "seed", domain: .integer(0...Int(Int32.max)), defaultValue: .integer(0),
            summary: "of that chance"),
        CachePolicyParameter(
            name: "evict", domain: .boolean, defaultValue: .boolean(true),
            summary: "carry decisions out; without it the result is the dense model's"),
    ]

    fileprivate static func learned(_ window: ClosedRange<Int>, _ summary: String)
        -> [CachePolicyParameter]
    {
        [
            CachePolicyParameter(
                name: "window", domain: .integer(window), defaultValue: nil, summary: summary,
                isRequired: false)
        ] + chance
    }
}

extension CachePolicyValues {
    fileprivate func learned(_ method: LearnedEviction.Method) -> CachePolicyEntry.Meaning {
        var decisions = LearnedEviction.Decisions.model
        if case .decimal(let ratio)? = values["cr"] {
            decisions = .chance(rate: 1 - 1 / ratio, seed: UInt64(integer("seed")))
        }
        if !boolean("evict") { decisions = .never }
        var window: Int?
        if case .integer(let tokens)? = values["window"] { window = tokens }
        return .retention(
            .learned(LearnedEviction(method: method, decisions: decisions, window: window)))
    }
}

extension CachePolicyEntry {
    static let dms = CachePolicyEntry(
        name: "dms", summary: "frees the tokens that the model marks, some tokens later",
        parameters: CachePolicyParameter.learned(
            1...65_536, "tokens for which a marked one is still seen (default: as trained)"),
        phases: [.prefill, .decode], isExact: false, sharesPrefix: true,
        source: "Dynamic Memory Sparsification (2506.05345)"
    ) { $0.learned(.sparsification) }

    static let dmc = CachePolicyEntry(
        name: "dmc", summary: "merges the tokens that the model marks into those before them",
        parameters: CachePolicyParameter.learned(
            1...4096, "tokens that one mean covers at most (default: as trained)"),
        phases: [.prefill, .decode], isExact: false, sharesPrefix: true,
        source: "Dynamic Memory Compression (2403.09636)"
    ) { $0.learned(.compression) }
}
