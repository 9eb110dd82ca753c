/// KeyDiff: tokens whose keys differ most from the mean direction stay (2504.15364).

import MartletCache

/// score = −cos(k, mean of all k / ‖k‖).
struct KeyDifference: KVCompressor {
    var signals: PromptSignals { PromptSignals() }

    func scores(_ layer: LayerView) -> [[Float]] {
        let dimension = layer.dimension
        return (0..<layer.headCount).map { head in
            let keys = layer.keys(head)
            let norms = keys.norms(of: dimension)
            let count = norms.count
            var anchor = [Float](repeating: 0, count: dimension)
            for token in 0..<count {
                let inverse = 1 / max(norms[token], 1e-12)
                for i in 0..<dimension { anchor[i] += keys[token * dimension + i] * inverse }
            }
            for i in 0..<dimension { anchor[i] /= Float(count) }
            let length = anchor.norms(of: dimension)[0]
            return (0..<count).map { token in
                var dot: Float = 0
                for i in 0..<dimension { dot += keys[token * dimension + i] * anchor[i] }
                return -dot / max(norms[token] * length, 1e-8)
            }
        }
    }
}

extension CachePolicyEntry {
    static let keydiff = CachePolicyEntry(
        name: "keydiff", summary: "keeps the tokens whose keys differ most from the mean",
        source: "KeyDiff (2504.15364)", parameters: .scored(), phases: [.prefill],
        sharesPrefix: true, examples: ["keydiff(%)"], sized: { ["keydiff(budget=\($0))"] }
    ) { values throws(CacheError) in try values.keep(KeyDifference()) }
}
