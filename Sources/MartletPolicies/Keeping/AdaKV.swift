/// Ada-KV: the heads of a layer compete for a wrapped policy's budget (2407.11550).

import MartletCache

extension CachePolicyEntry {
    static let adakv = CachePolicyEntry(
        name: "adakv", summary: "lets the heads of a layer compete for the wrapped policy's budget",
        source: "Ada-KV (2407.11550)",
        parameters: [
            CachePolicyParameter(
                name: "alpha", domain: .decimal(0...1), defaultValue: .decimal(0.2),
                summary: "fraction of its even share that each head is sure of")
        ],
        phases: [.prefill], sharesPrefix: false, wraps: .policy,
        signals: "what the wrapped policy needs",
        examples: ["adakv(snapkv(%, window=8))", "adakv(expected(%), alpha=0.5)"],
        sized: { ["adakv(snapkv(budget=\($0)))"] }
    ) { values throws(CacheError) in
        guard let inner = values.wrappedKeeping, inner.compressor.competes else {
            throw .badPolicyParameter(
                policy: values.policy, parameter: "first argument",
                got: values.wrapped.map { "\($0)" } ?? "nothing",
                expected: "a policy that scores tokens, as in adakv(snapkv(budget=1024))")
        }
        if case .adaptive = inner.rule {
            throw .policiesDoNotCombine(
                first: values.policy, second: values.policy,
                decision: "how a layer's budget is divided")
        }
        return [inner.divided(by: .adaptive(floor: values.decimal("alpha"), within: inner.rule))]
    }
}
