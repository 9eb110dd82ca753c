/// SAGE-KV: what the last token of the prompt attends to (2503.08879). It is SnapKV with a window of one token
/// and no pooling.

import MartletCache

extension CachePolicyEntry {
    static let sagekv = CachePolicyEntry(
        name: "sagekv",
        summary: "keeps what the last token of the prompt attends to, head by head",
        source: "SAGE-KV (2503.08879)", parameters: .scored(recent: 64), phases: [.prefill],
        sharesPrefix: false, signals: "the last query: n·d products a head, once",
        examples: ["sagekv(%)"],
        sized: { ["sagekv(budget=\($0))"] }
    ) { values throws(CacheError) in
        try values.keep(SnapKV(window: .stated(1), kernel: 1, pooling: .mean))
    }
}
