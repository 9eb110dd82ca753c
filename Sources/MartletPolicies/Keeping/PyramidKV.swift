/// PyramidKV: SnapKV, early layers keeping more than late ones (2406.02069).

import MartletCache

extension CachePolicyEntry {
    static let pyramidkv = CachePolicyEntry(
        name: "pyramidkv", summary: "as snapkv, early layers keeping more than late ones",
        source: "PyramidKV (2406.02069)",
        parameters: .scored(sinks: 0, recent: 0) + [
            .window(64, share: BudgetShare(divisor: 4, dividedBy: "beta")), .kernel(5), .pooling,
            CachePolicyParameter(
                name: "beta", domain: .integer(1...1000), defaultValue: .integer(20),
                summary: "how much more: the last layer keeps 1/beta of the average"),
        ],
        phases: [.prefill], sharesPrefix: false,
        signals: "the last window's queries: window·n·d products a head, once",
        examples: ["pyramidkv(%, window=8, beta=4)"],
        sized: { ["pyramidkv(budget=\($0))"] }
    ) { values throws(CacheError) in
        try values.keep(
            values.snapKV,
            rule: .pyramid(beta: values.integer("beta"), window: values.tokens("window")))
    }
}
