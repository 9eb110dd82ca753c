/// KVzip: what is needed to say the prompt again (2505.23416).

import MartletCache

/// The prompt is read a second time, in chunks, with the cache at hand; a token's score is the most
/// attention that it receives from any query of the group while its own chunk is repeated. All heads of all
/// layers compete. With `normalises` (KVzip+ of 2601.07891) attention is multiplied by the L2 norm of the token's
/// value behind the output projection and divided by that of the row that went into the attending layer.
struct KVzip: KVCompressor {
    let part: Int
    let normalises: Bool

    var competes: Bool { false }
    var signals: PromptSignals {
        PromptSignals(
            rereadPart: part, normalisesReread: normalises, readsOutputs: normalises)
    }

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
        source: "KVzip (2505.23416, 2601.07891)",
        parameters: .scored() + [
            CachePolicyParameter(
                name: "chunk", domain: .integer(16...65_536), defaultValue: .integer(2048),
                summary: "tokens that are repeated at a time"),
            CachePolicyParameter(
                name: "plus", domain: .boolean, defaultValue: .boolean(false),
                summary: "weigh attention by what the value adds to the output, as KVzip+"),
        ],
        phases: [.prefill], sharesPrefix: true,
        signals:
            "the prompt a second time; with plus, its values behind the output projection too",
        examples: ["kvzip(%, chunk=40)", "kvzip(%, chunk=32)", "kvzip(%, chunk=40, plus=true)"],
        sweep: [SweepForm(9, .prompt, "kvzip(budget={budget})")],
        sized: { ["kvzip(budget=\($0))"] }
    ) { values throws(CacheError) in
        try values.keep(
            KVzip(
                part: values.integer("chunk"), normalises: values.boolean("plus")), rule: .global)
    }
}
