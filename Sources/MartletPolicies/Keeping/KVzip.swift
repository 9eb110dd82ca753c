/// KVzip: what is needed to say the prompt again (2505.23416).

import MartletCache

/// The prompt is read a second time, in chunks, with the cache at hand; a token's score is the most
/// attention that it receives from any query of the group while its own chunk is repeated. All heads of all
/// layers compete.
struct KVzip: KVCompressor {
    let part: Int

    var competes: Bool { false }
    var signals: PromptSignals { PromptSignals(rereadPart: part) }

    func scores(_ layer: LayerView) -> [[Float]] {
        (0..<layer.headCount).map { head in
            layer.recorder?.reread[layer.layer * layer.headCount + head]
                ?? [Float](repeating: 0, count: layer.count)
        }
    }
}

extension CachePolicyEntry {
    static let kvzip = CachePolicyEntry(
        name: "kvzip",
        summary: "keeps what saying the prompt again needs, all heads of all layers competing",
        source: "KVzip (2505.23416)",
        parameters: .scored() + [
            CachePolicyParameter(
                name: "chunk", domain: .integer(16...65_536), defaultValue: .integer(2048),
                summary: "tokens that are repeated at a time")
        ],
        phases: [.prefill], sharesPrefix: true, signals: "the prompt a second time",
        examples: ["kvzip(%, chunk=40)", "kvzip(%, chunk=32)"], sized: { ["kvzip(budget=\($0))"] }
    ) { values throws(CacheError) in
        try values.keep(KVzip(part: values.integer("chunk")), rule: .global)
    }
}
