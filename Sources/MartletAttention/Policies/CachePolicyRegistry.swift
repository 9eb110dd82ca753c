/// The one table of cache policies: names, parameters, defaults and properties.

import MartletKernels

/// Every policy that a text can name.
public enum CachePolicyRegistry {
    /// The policies, in the order in which they are listed to users.
    public static let entries: [CachePolicyEntry] = [
        .dense, .window, .snapkv, .pyramidkv, .adakv, .sagekv, .expected, .kvzip, .knorm, .keydiff,
        .lagkv, .random, .duo, .chelsea, .lookm, .h2o, .tova, .morphkv, .rkv, .scope, .loopserve,
        .dms, .dmc, .quest, .lserve, .recycled, .sentencekv, .actqkv, .hip, .stride, .kv,
    ]

    /// Throws `unknownPolicy`, which lists what is available.
    static func entry(named name: String) throws(CacheError) -> CachePolicyEntry {
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw .unknownPolicy(name: name, available: entries.map(\.name))
        }
        return entry
    }
}

extension CachePolicyEntry {
    static let dense = CachePolicyEntry(
        name: "dense", summary: "keeps every token", parameters: [], phases: [],
        isExact: true, sharesPrefix: true, source: "plain causal attention"
    ) { _ in .retention(.dense) }

    static let window = CachePolicyEntry(
        name: "window",
        summary: "keeps the first tokens and the newest ones; bounded memory at any length",
        parameters: [
            CachePolicyParameter(
                name: "sinks", domain: .integer(0...48), defaultValue: .integer(4),
                summary: "first tokens that stay"),
            CachePolicyParameter(
                name: "recent", domain: .integer(1...Int(Int32.max)), defaultValue: nil,
                summary: "newest tokens that stay, the current one included"),
            CachePolicyParameter(
                name: "positions", domain: .choice(SinkWindow.Positions.allCases.map(\.rawValue)),
                defaultValue: .name(SinkWindow.Positions.reindex.rawValue),
                summary: "how far away the first tokens appear"),
        ],
        phases: [.prefill, .decode], isExact: false, sharesPrefix: true,
        source: "StreamingLLM (2309.17453), LM-Infinite (2308.16137)"
    ) { values in
        .retention(
            .window(
                SinkWindow(
                    sinks: values.integer("sinks"), recent: values.integer("recent"),
                    positions: SinkWindow.Positions(rawValue: values.name("positions")) ?? .reindex)
            ))
    }
}
