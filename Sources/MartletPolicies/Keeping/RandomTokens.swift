/// Random choice: the baseline that every method must beat.

import MartletCache
import MartletKernels

/// Independent uniform scores, a stream of its own for every (layer, KV head).
struct RandomTokens: KVCompressor {
    let seed: UInt64

    var signals: PromptSignals { PromptSignals() }

    func scores(_ layer: LayerView) -> [[Float]] {
        (0..<layer.headCount).map { head in
            var random = CounterRandom(
                seed: seed, stream: UInt64(layer.layer * layer.headCount + head))
            return (0..<layer.length(head)).map { _ in random.signedUnit() }
        }
    }
}

extension CachePolicyEntry {
    static let random = CachePolicyEntry(
        name: "random", summary: "keeps tokens by chance: the baseline", source: "a baseline",
        parameters: .scored() + [
            CachePolicyParameter(
                name: "seed", domain: .integer(0...Int(Int32.max)), defaultValue: .integer(0),
                summary: "of the choice")
        ],
        phases: [.prefill], sharesPrefix: true, examples: ["random(%, seed=4)"],
        sized: { ["random(budget=\($0))"] }
    ) { values throws(CacheError) in
        try values.keep(RandomTokens(seed: UInt64(values.integer("seed"))))
    }
}
