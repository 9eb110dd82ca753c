/// Random choice: the baseline that every method must beat.

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
