/// H2O: tokens that received most attention so far, the heavy hitters (2306.14048).

/// score = attention received from all tokens of the prompt by the group's heads; with `average` it
/// is divided by the number of tokens that could give it, which takes away the head start of old
/// tokens (kvpress's observed attention). At every generated token its attention is added and the lowest
/// goes.
struct HeavyHitters: KVCompressor {
    let average: Bool
    let holdsBudget: Bool

    var steps: (any StepEvictor)? { holdsBudget ? HeavyHitterSteps(average: average) : nil }

    var signals: PromptSignals { PromptSignals(columnMass: true) }

    func scores(_ layer: LayerView) -> [[Float]] {
        (0..<layer.headCount).map { head in
            let mass = layer.columnMass(head)
            guard average else { return mass }
            let positions = layer.positions(head)
            return mass.enumerated().map { slot, sum in
                sum / Float((layer.count - positions[slot]) * layer.group)
            }
        }
    }
}
