/// What policies that read some of what is held take in their text, alike.

import MartletCache

extension [CachePolicyParameter] {
    /// What a selector takes: how much is read (one of two ways) and what always is.
    static func reads(sinks: Int = 4, recent: Int? = nil) -> Self {
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
}

extension CachePolicyParameter {
    static func denseLayers(_ layers: Int) -> CachePolicyParameter {
        CachePolicyParameter(
            name: "dense", domain: .integer(0...4096), defaultValue: .integer(layers),
            summary: "first layers that read everything")
    }

    static func refresh(_ tokens: Int) -> CachePolicyParameter {
        CachePolicyParameter(
            name: "refresh", domain: .integer(1...65_536), defaultValue: .integer(tokens),
            summary: "tokens for which a choice stands")
    }
}

extension CachePolicyValues {
    /// How much may be read.
    func reads() throws(CacheError) -> ReadBudget {
        switch (values["budget"], values["ratio"]) {
        case (.integer(let tokens)?, nil): return .tokens(tokens)
        case (nil, .decimal(let ratio)?): return .ratio(ratio)
        case (let budget, _):
            throw .badPolicyParameter(
                policy: policy, parameter: "budget, ratio",
                got: budget == nil ? "none" : "both", expected: "exactly one of them")
        }
    }

    /// A number of tokens that must be whole pages, or a quarter or half of one.
    func partsOrPages(_ name: String) throws(CacheError) -> Int {
        let tokens = integer(name)
        if [KVPage.tokens / 4, KVPage.tokens / 2].contains(tokens) { return tokens }
        return try wholePages(name)
    }

    /// A number of tokens that must be whole pages.
    func wholePages(_ name: String) throws(CacheError) -> Int {
        let tokens = integer(name)
        guard tokens % KVPage.tokens == 0 else {
            throw .badPolicyParameter(
                policy: policy, parameter: name, got: "\(tokens)", expected: "a multiple of 16")
        }
        return tokens
    }
}
