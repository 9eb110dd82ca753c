/// The policy that keeps every token.

import MartletCache

/// Keeps everything: the plain cache.
struct Dense: CacheMethod {
    var decision: PolicyDecision { .keeping }
    var isPlain: Bool { true }
    var maker: StageMaker? { nil }
    func describe(_ traits: inout CacheTraits) {}
}

extension CachePolicyEntry {
    static let dense = CachePolicyEntry(
        name: "dense", summary: "keeps every token", source: "plain causal attention", phases: [],
        isExact: true, sharesPrefix: true, examples: ["dense"],
        sweep: [SweepForm(0, .none, "dense")]
    ) { _ in [Dense()] }
}
