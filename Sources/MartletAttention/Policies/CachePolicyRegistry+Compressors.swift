/// The registry's rows of policies that choose tokens by a score.

extension CachePolicyParameter {
    /// What every compressor takes: how much stays (one of three ways) and what is never taken.
    static func shared(sinks: Int = 4, recent: Int = 1) -> [CachePolicyParameter] {
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
                summary: "first tokens that always stay"),
            CachePolicyParameter(
                name: "recent", domain: .integer(0...65536), defaultValue: .integer(recent),
                summary: "newest tokens of the prompt that always stay"),
        ]
    }

    static func window(_ tokens: Int) -> CachePolicyParameter {
        CachePolicyParameter(
            name: "window", domain: .integer(1...4096), defaultValue: .integer(tokens),
            summary: "last tokens of the prompt whose attention decides; they stay")
    }

    fileprivate static let steps = CachePolicyParameter(
        name: "steps", domain: .boolean, defaultValue: .boolean(true),
        summary: "hold the budget at every generated token too")

    static let kernel = CachePolicyParameter(
        name: "kernel", domain: .integer(1...255), defaultValue: .integer(5),
        summary: "neighbouring tokens whose scores are pooled")

    fileprivate static let pooling = CachePolicyParameter(
        name: "pooling", domain: .choice(SnapKV.Pooling.allCases.map(\.rawValue)),
        defaultValue: .name(SnapKV.Pooling.mean.rawValue), summary: "how they are pooled")
}

extension CachePolicyValues {
    /// The policy that keeps what `compressor` scores highest.
    func keep(
        _ compressor: any KVCompressor, rule: BudgetRule = .uniform
    ) throws(CacheError) -> CachePolicyEntry.Meaning {
        let budgets: [(String, TokenBudget)] = ["budget", "ratio", "bytes"].compactMap { name in
            switch values[name] {
            case .integer(let tokens)?: (name, .tokens(tokens))
            case .decimal(let ratio)?: (name, .ratio(ratio))
            case .bytes(let bytes)?: (name, .bytes(bytes))
            default: nil
            }
        }
        guard budgets.count == 1 else {
            throw .badPolicyParameter(
                policy: policy, parameter: "budget, ratio, bytes",
                got: budgets.isEmpty ? "none" : budgets.map(\.0).joined(separator: " and "),
                expected: "exactly one of them")
        }
        let compression = Compression(
            compressor: compressor, budget: budgets[0].1, rule: rule, sinks: integer("sinks"),
            recent: integer("recent"))
        if compressor.interval != nil, case .ratio = budgets[0].1 {
            throw .badPolicyParameter(
                policy: policy, parameter: "ratio", got: "a fraction of a prompt",
                expected:
                    "budget or bytes, because tokens are chosen again while they are generated")
        }
        if compressor.signals.rereadChunk > 0, case .bytes = budgets[0].1 {
            throw .badPolicyParameter(
                policy: policy, parameter: "bytes", got: "a bound on every step",
                expected: "budget or ratio, because the whole prompt is read a second time")
        }
        if case .tokens(let tokens) = budgets[0].1, tokens < compression.minimumTokens {
            throw .badPolicyParameter(
                policy: policy, parameter: "budget", got: "\(tokens)",
                expected: "at least \(compression.minimumTokens), the tokens that always stay")
        }
        return .retention(.compressed(compression))
    }

    fileprivate var snapKV: SnapKV {
        SnapKV(
            window: integer("window"), kernel: integer("kernel"),
            pooling: SnapKV.Pooling(rawValue: name("pooling")) ?? .mean)
    }
}

extension CachePolicyEntry {
    init(
        _ name: String, _ summary: String, _ source: String, sharesPrefix: Bool = true,
        phases: Set<Phase> = [.prefill], parameters: [CachePolicyParameter],
        make: @escaping @Sendable (CachePolicyValues) throws(CacheError) -> Meaning
    ) {
        self.init(
            name: name, summary: summary, parameters: parameters, phases: phases,
            isExact: false, sharesPrefix: sharesPrefix, source: source, make: make)
    }

    static let snapkv = CachePolicyEntry(
        "snapkv", "keeps what the end of the prompt attends to", "SnapKV (2404.14469)",
        sharesPrefix: false,
        parameters: CachePolicyParameter.shared(sinks: 0, recent: 0) + [
            .window(64), .kernel, .pooling,
        ]
    ) { values throws(CacheError) in try values.keep(values.snapKV) }

    static let pyramidkv = CachePolicyEntry(
        "pyramidkv", "as snapkv, early layers keeping more than late ones",
        "PyramidKV (2406.02069)", sharesPrefix: false,
        parameters: CachePolicyParameter.shared(sinks: 0, recent: 0) + [
            .window(64), .kernel, .pooling,
            CachePolicyParameter(
                name: "beta", domain: .integer(1...1000), defaultValue: .integer(20),
                summary: "how much more: the last layer keeps 1/beta of the average"),
        ]
    ) { values throws(CacheError) in
        try values.keep(
            values.snapKV,
            rule: .pyramid(beta: values.integer("beta"), window: values.integer("window")))
    }

    static let adakv = CachePolicyEntry(
        name: "adakv", summary: "lets the heads of a layer compete for the wrapped policy's budget",
        parameters: [
            CachePolicyParameter(
                name: "alpha", domain: .decimal(0...1), defaultValue: .decimal(0.2),
                summary: "fraction of its even share that each head is sure of")
        ], phases: [.prefill], isExact: false, sharesPrefix: false, wraps: .policy,
        source: "Ada-KV (2407.11550)"
    ) { values throws(CacheError) in
        guard let wrapped = values.wrapped, let inner = wrapped.compression, wrapped.codec == nil,
            wrapped.selector == nil, inner.compressor.competes
        else {
            throw .badPolicyParameter(
                policy: values.policy, parameter: "first argument",
                got: values.wrapped.map { "\($0)" } ?? "nothing",
                expected: "a policy that scores tokens, as in adakv(snapkv(budget=1024))")
        }
        if case .adaptive = inner.rule {
            throw .policiesDoNotCombine(
                first: "adakv", second: "adakv", decision: "how a layer's budget is divided")
        }
        return .retention(
            .compressed(
                inner.divided(by: .adaptive(floor: values.decimal("alpha"), within: inner.rule))))
    }

    static let sagekv = CachePolicyEntry(
        "sagekv", "keeps what the last token of the prompt attends to, head by head",
        "SAGE-KV (2503.08879)", sharesPrefix: false,
        parameters: CachePolicyParameter.shared(recent: 64)
    ) { values throws(CacheError) in
        try values.keep(SnapKV(window: 1, kernel: 1, pooling: .mean))
    }

    static let tova = CachePolicyEntry(
        "tova", "keeps what the newest token attends to, all heads of a layer together",
        "TOVA (2401.06104)", sharesPrefix: false, phases: [.prefill, .decode],
        parameters: CachePolicyParameter.shared() + [.steps]
    ) { values throws(CacheError) in
        try values.keep(TOVA(holdsBudget: values.boolean("steps")))
    }

    static let h2o = CachePolicyEntry(
        "h2o", "keeps the tokens that received most attention", "H2O (2306.14048)",
        sharesPrefix: false, phases: [.prefill, .decode],
        parameters: CachePolicyParameter.shared(recent: 64) + [
            .steps,
            CachePolicyParameter(
                name: "average", domain: .boolean, defaultValue: .boolean(false),
                summary: "divide by the number of tokens that could attend"),
        ]
    ) { values throws(CacheError) in
        try values.keep(
            HeavyHitters(
                average: values.boolean("average"), holdsBudget: values.boolean("steps")))
    }

    static let expected = CachePolicyEntry(
        "expected", "keeps what future queries are expected to attend to",
        "Expected Attention (2510.00636)",
        parameters: CachePolicyParameter.shared() + [
            CachePolicyParameter(
                name: "future", domain: .integer(1...65536), defaultValue: .integer(512),
                summary: "positions over which the rotation is averaged"),
            CachePolicyParameter(
                name: "covariance", domain: .boolean, defaultValue: .boolean(true),
                summary: "use the queries' covariance besides their mean"),
            CachePolicyParameter(
                name: "vnorm", domain: .boolean, defaultValue: .boolean(true),
                summary: "multiply by the norm of the value"),
            CachePolicyParameter(
                name: "epsilon", domain: .decimal(0...0.9999), defaultValue: .decimal(0),
                summary: "added to the score before that"),
        ]
    ) { values throws(CacheError) in
        try values.keep(
            ExpectedAttention(
                future: values.integer("future"), sinks: values.integer("sinks"),
                covariance: values.boolean("covariance"), valueNorm: values.boolean("vnorm"),
                epsilon: Float(values.decimal("epsilon"))))
    }

    static let knorm = CachePolicyEntry(
        "knorm", "keeps the tokens with the shortest keys", "key norm (2406.11430)",
        parameters: CachePolicyParameter.shared()
    ) { values throws(CacheError) in try values.keep(KeyNorm()) }

    static let keydiff = CachePolicyEntry(
        "keydiff", "keeps the tokens whose keys differ most from the mean", "KeyDiff (2504.15364)",
        parameters: CachePolicyParameter.shared()
    ) { values throws(CacheError) in try values.keep(KeyDifference()) }

    static let lagkv = CachePolicyEntry(
        "lagkv", "keeps tokens outside the range of those that follow", "LagKV (2504.04704)",
        parameters: CachePolicyParameter.shared() + [
            CachePolicyParameter(
                name: "lag", domain: .integer(2...65536), defaultValue: .integer(128),
                summary: "tokens in a run"),
            CachePolicyParameter(
                name: "crossing", domain: .boolean, defaultValue: .boolean(false),
                summary: "let runs compete by score instead of rank"),
        ]
    ) { values throws(CacheError) in
        try values.keep(
            LagKV(
                sinks: values.integer("sinks"), lag: values.integer("lag"),
                crossing: values.boolean("crossing")))
    }

    static let random = CachePolicyEntry(
        "random", "keeps tokens by chance: the baseline", "a baseline",
        parameters: CachePolicyParameter.shared() + [
            CachePolicyParameter(
                name: "seed", domain: .integer(0...Int(Int32.max)), defaultValue: .integer(0),
                summary: "of the choice")
        ]
    ) { values throws(CacheError) in
        try values.keep(RandomTokens(seed: UInt64(values.integer("seed"))))
    }
}
