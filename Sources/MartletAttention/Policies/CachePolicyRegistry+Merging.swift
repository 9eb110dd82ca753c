/// The registry's rows of policies that merge tokens, know head classes, or bound what is generated.

extension CachePolicyEntry {
    static let duo = CachePolicyEntry(
        "duo", "keeps both ends only in heads that look at nothing else, given their gates",
        "DuoAttention (2410.10819)", phases: [.prefill, .decode],
        parameters: [
            .gates, .streaming,
            CachePolicyParameter(
                name: "sinks", domain: .integer(0...65_536), defaultValue: .integer(64),
                summary: "first tokens that such a head holds"),
            CachePolicyParameter(
                name: "recent", domain: .integer(1...1_000_000), defaultValue: .integer(256),
                summary: "newest tokens that such a head holds"),
        ]
    ) { values throws(CacheError) in
        guard let gates = try values.headGates() else {
            throw .badPolicyParameter(
                policy: values.policy, parameter: "gates", got: "nothing",
                expected: CachePolicyParameter.gates.domain.description)
        }
        let (sinks, recent) = (values.integer("sinks"), values.integer("recent"))
        return .retention(
            .compressed(
                Compression(
                    compressor: DuoAttention(gates: gates, sinks: sinks, recent: recent),
                    budget: nil, rule: .uniform, sinks: sinks, recent: recent)))
    }

    static let chelsea = CachePolicyEntry(
        "chelsea", "merges similar keys of a chunk, counting what each stands for",
        "Chelsea (2506.11418)",
        parameters: CachePolicyParameter.shared(recent: 32) + [
            CachePolicyParameter(
                name: "chunk", domain: .integer(2...65_536), defaultValue: .integer(64),
                summary: "neighbouring tokens among which pairs are sought"),
            CachePolicyParameter(
                name: "counts", domain: .boolean, defaultValue: .boolean(true),
                summary: "add the log of a slot's tokens to its score"),
        ]
    ) { values throws(CacheError) in
        try values.keep(
            Chelsea(chunk: values.integer("chunk"), counts: values.boolean("counts")))
    }

    static let lookm = CachePolicyEntry(
        "lookm", "keeps heavy hitters; what goes joins the most similar key that stays",
        "LOOK-M (2406.18139)", sharesPrefix: false,
        parameters: CachePolicyParameter.shared(recent: 64) + [
            CachePolicyParameter(
                name: "merge", domain: .choice(LookM.Merge.allCases.map(\.rawValue)),
                defaultValue: .name(LookM.Merge.pivotal.rawValue), summary: "how it joins")
        ]
    ) { values throws(CacheError) in
        try values.keep(LookM(merge: LookM.Merge(rawValue: values.name("merge")) ?? .pivotal))
    }

    static let kvzip = CachePolicyEntry(
        "kvzip", "keeps what saying the prompt again needs, all heads of all layers competing",
        "KVzip (2505.23416)",
        parameters: CachePolicyParameter.shared() + [
            CachePolicyParameter(
                name: "chunk", domain: .integer(16...65_536), defaultValue: .integer(2048),
                summary: "tokens that are repeated at a time")
        ]
    ) { values throws(CacheError) in
        try values.keep(KVzip(chunk: values.integer("chunk")), rule: .global)
    }

    static let morphkv = CachePolicyEntry(
        "morphkv", "keeps the newest tokens and what they together attend to",
        "MorphKV (2503.00979)", sharesPrefix: false, phases: [.prefill, .decode],
        parameters: CachePolicyParameter.shared(sinks: 0, recent: 0) + [
            .window(32),
            CachePolicyParameter(
                name: "fuse", domain: .choice(["sum", "max"]), defaultValue: .name("sum"),
                summary: "how the window's weights become one"),
        ]
    ) { values throws(CacheError) in
        try values.keep(
            MorphKV(recent: values.integer("window"), isMaximum: values.name("fuse") == "max"))
    }

    static let rkv = CachePolicyEntry(
        "rkv", "keeps what matters and is not said already, again and again while thinking",
        "R-KV (2505.24133)", sharesPrefix: false, phases: [.prefill, .decode],
        parameters: CachePolicyParameter.shared() + [
            .window(8), .kernel,
            CachePolicyParameter(
                name: "share", domain: .decimal(0...1), defaultValue: .decimal(0.1),
                summary: "of importance in a score; the rest is redundancy"),
            CachePolicyParameter(
                name: "buffer", domain: .integer(8...65_536), defaultValue: .integer(128),
                summary: "generated tokens after which heads are cut back to the budget"),
        ]
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

    static let scope = CachePolicyEntry(
        name: "scope",
        summary: "leaves the prompt to the wrapped policy and bounds what is generated apart",
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
                summary: "newest of them that always stay"),
            CachePolicyParameter(
                name: "pace", domain: .integer(1...65_536), defaultValue: .integer(15),
                summary: "tokens after which the window grows by one, or is enforced"),
        ], phases: [.prefill, .decode], isExact: false, sharesPrefix: false, wraps: .policy,
        source: "SCOPE (2412.13649)"
    ) { values throws(CacheError) in
        guard let wrapped = values.wrapped, let inner = wrapped.compression,
            wrapped.codec == nil, wrapped.selector == nil, !inner.holdsBudget, !inner.choosesAgain
        else {
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
        return .retention(
            .compressed(
                Compression(
                    compressor: Scope(prompt: inner.compressor, generated: steps),
                    budget: inner.budget, rule: inner.rule, sinks: inner.sinks,
                    recent: inner.recent)))
    }
}
