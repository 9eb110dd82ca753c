/// Key norm: tokens whose keys are short receive most attention (2406.11430).

/// score = −‖k‖.
struct KeyNorm: KVCompressor {
    var signals: PromptSignals { PromptSignals() }

    func scores(_ layer: LayerView) -> [[Float]] {
        (0..<layer.headCount).map { head in
            layer.keys(head).norms(of: layer.dimension).map { -$0 }
        }
    }
}
