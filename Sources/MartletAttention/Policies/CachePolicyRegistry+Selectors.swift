/// The registry's rows of policies that keep every token and read some.

extension CachePolicyParameter {
    fileprivate static func reads(sinks: Int = 4, recent: Int? = nil) -> [CachePolicyParameter] {
        var parameters = [
            CachePolicyParameter(
                name: "budget", domain: .integer(1...Int(Int32.max)), defaultValue: nil,
                summary: "tokens that a generated token reads in each head", isRequired: false),
            CachePolicyParameter(
                name: "ratio", domain: .decimal(0...0.9999), defaultValue: nil,
                summary: "fraction of the tokens held that is not read", isRequired: false),
            CachePolicyParameter(
                name: "sinks", domain: .integer(0...1024), defaultValue: .integer(sinks),
                summary: "first tokens that are always read"),
        ]
        if let recent {
            parameters.append(
                CachePolicyParameter(
                    name: "recent", domain: .integer(1...65_536), defaultValue: .integer(recent),
                    summary: "newest tokens that are always read"))
        }
        return parameters
    }

    fileprivate static func dense(_ layers: Int) -> CachePolicyParameter {
        CachePolicyParameter(
            name: "dense", domain: .integer(0...4096), defaultValue: .integer(layers),
            summary: "first layers that read everything")
    }

    fileprivate static func refresh(_ tokens: Int) -> CachePolicyParameter {
        CachePolicyParameter(
            name: "refresh", domain: .integer(1...65_536), defaultValue: .integer(tokens),
            summary: "tokens for which a choice stands")
    }

    static let gates = CachePolicyParameter(
        name: "gates", domain: .path, defaultValue: nil,
        summary: "a file of one number for each layer and KV head, as DuoAttention publishes it",
        isRequired: false)

    static let streaming = CachePolicyParameter(
        name: "streaming", domain: .decimal(0...1), defaultValue: .decimal(0.5),
        summary: "fraction of the heads that only look at both ends")

    fileprivate static let page = CachePolicyParameter(
        name: "page", domain: .integer(16...1024), defaultValue: .integer(16),
        summary: "tokens that are chosen together, a multiple of 16")
}

extension CachePolicyValues {
    /// The gates of a file, if one is named.
    func headGates() throws(CacheError) -> HeadGates? {
        guard case .text(let path)? = values["gates"] else { return nil }
        return try HeadGates(path: path, streaming: decimal("streaming"), policy: policy)
    }

    fileprivate func reads() throws(CacheError) -> ReadBudget {
        switch (values["budget"], values["ratio"]) {
        case (.integer(let tokens)?, nil): return .tokens(tokens)
        case (nil, .decimal(let ratio)?): return .ratio(ratio)
        case (let budget, _):
            throw .badPolicyParameter(
                policy: policy, parameter: "budget, ratio",
                got: budget == nil ? "none" : "both", expected: "exactly one of them")
        }
    }

    fileprivate func wholePages(_ name: String) throws(CacheError) -> Int {
        let tokens = integer(name)
        guard tokens % KVPage.tokens == 0 else {
            throw .badPolicyParameter(
                policy: policy, parameter: name, got: "\(tokens)", expected: "a multiple of 16")
        }
        return tokens
    }
}

extension CachePolicyEntry {
    private init(
        reading name: String, _ summary: String, _ source: String,
        parameters: [CachePolicyParameter],
        make: @escaping @Sendable (CachePolicyValues) throws(CacheError) -> Meaning
    ) {
        self.init(
            name: name, summary: summary, parameters: parameters, phases: [], isExact: false,
            sharesPrefix: true, source: source, make: make)
    }

    static let quest = CachePolicyEntry(
        reading: "quest", "reads the pages whose keys could match the query best",
        "Quest (2406.10774)",
        parameters: CachePolicyParameter.reads() + [
            .page, .dense(2),
            CachePolicyParameter(
                name: "recent", domain: .integer(0...65_536), defaultValue: .integer(0),
                summary: "newest tokens that are always read, whole pages within the budget"),
            CachePolicyParameter(
                name: "minimum", domain: .integer(1...4096), defaultValue: .integer(3),
                summary: "pages read whatever the budget"),
            CachePolicyParameter(
                name: "reduce", domain: .choice(["sum", "max"]), defaultValue: .name("sum"),
                summary: "how the heads of a group agree on a page's score"),
        ]
    ) { values throws(CacheError) in
        .selector(
            Quest(
                budget: try values.reads(), page: try values.wholePages("page"),
                minimum: values.integer("minimum"), denseLayers: values.integer("dense"),
                sinks: values.integer("sinks"), recent: values.integer("recent"),
                isMaximum: values.name("reduce") == "max"))
    }

    static let lserve = CachePolicyEntry(
        reading: "lserve", "reads large pages scored by their parts, chosen every few tokens",
        "LServe (2502.14866)",
        parameters: CachePolicyParameter.reads(sinks: 128, recent: 256) + [
            CachePolicyParameter(
                name: "page", domain: .integer(16...1024), defaultValue: .integer(64),
                summary: "tokens that are chosen together, a multiple of 16"),
            .refresh(4), .dense(0), .gates, .streaming,
        ]
    ) { values throws(CacheError) in
        .selector(
            LServe(
                budget: try values.reads(), page: try values.wholePages("page"),
                refresh: values.integer("refresh"), sinks: values.integer("sinks"),
                recent: values.integer("recent"), gates: try values.headGates(),
                denseLayers: values.integer("dense")))
    }

    static let recycled = CachePolicyEntry(
        reading: "recycled", "reads what the last full pass attended to most",
        "Recycled Attention (2411.05787)",
        parameters: CachePolicyParameter.reads() + [
            .refresh(50), .dense(0),
            CachePolicyParameter(
                name: "similarity", domain: .decimal(-1...1), defaultValue: .decimal(0.8),
                summary: "cosine with the query of the full pass below which there is another"),
            CachePolicyParameter(
                name: "check", domain: .integer(1...65_536), defaultValue: .integer(5),
                summary: "tokens between two looks at that cosine"),
        ]
    ) { values throws(CacheError) in
        .selector(
            RecycledAttention(
                budget: try values.reads(), refresh: values.integer("refresh"),
                similarity: values.decimal("similarity"), check: values.integer("check"),
                sinks: values.integer("sinks"), denseLayers: values.integer("dense")))
    }

    static let sentencekv = CachePolicyEntry(
        name: "sentencekv", summary: "reads whole sentences by the mean of their keys",
        parameters: [
            CachePolicyParameter(
                name: "budget", domain: .integer(1...Int(Int32.max)), defaultValue: nil,
                summary: "tokens that a generated token reads in each head"),
            CachePolicyParameter(
                name: "factor", domain: .decimal(1...1000), defaultValue: .decimal(5),
                summary: "budgets of the prompt that SnapKV keeps"),
            CachePolicyParameter(
                name: "sinks", domain: .integer(0...1024), defaultValue: .integer(32),
                summary: "first tokens that are always read"),
            CachePolicyParameter(
                name: "recent", domain: .integer(1...65_536), defaultValue: .integer(32),
                summary: "newest tokens that are always read"),
            CachePolicyParameter(
                name: "longest", domain: .integer(1...4096), defaultValue: .integer(64),
                summary: "tokens after which a sentence ends by itself"),
            .dense(0),
        ], phases: [.prefill], isExact: false, sharesPrefix: false,
        source: "SentenceKV (2504.00970)"
    ) { values throws(CacheError) in
        let (budget, sinks) = (values.integer("budget"), values.integer("sinks"))
        let least = sinks + values.integer("recent")
        guard budget >= least else {
            throw .badPolicyParameter(
                policy: values.policy, parameter: "budget", got: "\(budget)",
                expected: "at least \(least), the tokens that are always read")
        }
        let held = min(Double(budget) * values.decimal("factor"), Double(Int32.max))
        return .both(
            .compressed(
                Compression(
                    compressor: SnapKV(window: min(32, budget), kernel: 7, pooling: .mean),
                    budget: .tokens(Int(held)), rule: .uniform, sinks: sinks, recent: 0)),
            SentenceKV(
                budget: budget, sinks: sinks, recent: values.integer("recent"),
                longest: values.integer("longest"), denseLayers: values.integer("dense")))
    }

    static let actqkv = CachePolicyEntry(
        reading: "actqkv",
        "reads pages by a probe of tokens that stand out, layers sharing by entropy (assumed formulas)",
        "ActQKV (2502.13542)",
        parameters: CachePolicyParameter.reads() + [
            CachePolicyParameter(
                name: "window", domain: .integer(1...4096), defaultValue: .integer(32),
                summary: "generated tokens that the probe is made of"),
            .dense(0),
        ]
    ) { values throws(CacheError) in
        .selector(
            ActQKV(
                budget: try values.reads(), window: values.integer("window"),
                sinks: values.integer("sinks"), denseLayers: values.integer("dense")))
    }

    static let loopserve = CachePolicyEntry(
        reading: "loopserve", "ranks the prompt's tokens anew every few generated ones",
        "LoopServe (2507.13681)",
        parameters: [
            CachePolicyParameter(
                name: "budget", domain: .integer(1...Int(Int32.max)), defaultValue: .integer(1024),
                summary: "tokens of the prompt that are read"),
            CachePolicyParameter(
                name: "interval", domain: .integer(1...65_536), defaultValue: .integer(16),
                summary: "generated tokens for which a ranking stands"),
            CachePolicyParameter(
                name: "sinks", domain: .integer(0...1024), defaultValue: .integer(4),
                summary: "first tokens that are always read"),
            .dense(0),
        ]
    ) { values in
        .selector(
            LoopServe(
                budget: values.integer("budget"), interval: values.integer("interval"),
                sinks: values.integer("sinks"), denseLayers: values.integer("dense")))
    }

    static let hip = CachePolicyEntry(
        reading: "hip", "reads pages that a tree search finds by one key of each branch",
        "HiP (2406.09827)",
        parameters: CachePolicyParameter.reads(recent: 64) + [.refresh(8), .dense(3)]
    ) { values throws(CacheError) in
        .selector(
            HiP(
                budget: try values.reads(), refresh: values.integer("refresh"),
                denseLayers: values.integer("dense"), sinks: values.integer("sinks"),
                recent: values.integer("recent")))
    }

    static let stride = CachePolicyEntry(
        reading: "stride", "reads evenly spaced pages: the baseline", "a baseline",
        parameters: CachePolicyParameter.reads(recent: 64) + [.dense(0)]
    ) { values throws(CacheError) in
        .selector(
            StridedPages(
                budget: try values.reads(), sinks: values.integer("sinks"),
                recent: values.integer("recent"), denseLayers: values.integer("dense")))
    }
}
