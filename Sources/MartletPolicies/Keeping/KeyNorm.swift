/// Key norm: tokens whose keys are short receive most attention (2406.11430).

import MartletCache

/// score = −‖k‖.
struct KeyNorm: KVCompressor {
    var signals: PromptSignals { PromptSignals() }
    var tokenScore: TokenScore? { { key, _ in -key.norm } }

    func scores(_ layer: LayerView) -> [[Float]] {
        (0..<layer.headCount).map { head in
            layer.keys(head).norms(of: layer.dimension).map { -$0 }
        }
    }
}

extension CachePolicyEntry {
    static let knorm = CachePolicyEntry(
        name: "knorm", summary: "keeps the tokens with the shortest keys",
        source: "key norm (2406.11430)", parameters: .scored(), phases: [.prefill],
        sharesPrefix: true, examples: ["knorm(%)"], sized: { ["knorm(budget=\($0))"] }
    ) { values throws(CacheError) in try values.keep(KeyNorm()) }
}
