/// H2O: tokens that received most attention so far, the heavy hitters (2306.14048).

import MartletCache

/// score = attention received from all tokens of the prompt by the group's heads; with `average` it
/// is divided by the number of tokens that could give it, which takes away the head start of old
/// tokens (kvpress's observed attention). At every generated token its attention is added and the lowest
/// goes.
struct HeavyHitters: KVCompressor {
    let average: Bool
    let holdsBudget: Bool

    func steps(keeping kept: Int) -> (any StepEvictor)? {
        holdsBudget ? HeavyHitterSteps(average: average) : nil
    }

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

/// H2O at every step: attention received so far.
struct HeavyHitterSteps: StepEvictor {
    let average: Bool

    func initial(_ recorder: PromptRecorder?, table: Int, view: LayerView) -> [Float] {
        recorder?.mass[table] ?? []
    }

    func fold(_ memory: UnsafeMutableBufferPointer<Float>, _ weight: Float, step: Int) {
        memory[0] += weight
    }

    func rank(_ memory: UnsafeBufferPointer<Float>, age: Int) -> Float {
        average ? memory[0] / Float(age) : memory[0]
    }
}

extension CachePolicyEntry {
    static let h2o = CachePolicyEntry(
        name: "h2o", summary: "keeps the tokens that received most attention",
        source: "H2O (2306.14048)",
        parameters: .scored(recent: 64, share: .half) + [
            .steps,
            CachePolicyParameter(
                name: "average", domain: .boolean, defaultValue: .boolean(false),
                summary: "divide by the number of tokens that could attend"),
        ],
        phases: [.prefill, .decode], sharesPrefix: false,
        signals:
            "all weights of the prompt (its products again), then n·d products a head and token",
        state: "4 bytes a token",
        examples: ["h2o(%)", "h2o(%, average=true)", "h2o(%, steps=false)"],
        sweep: [SweepForm(3, .all, "h2o(budget={budget}, recent={half})")],
        sized: { ["h2o(budget=\($0))"] }
    ) { values throws(CacheError) in
        try values.keep(
            HeavyHitters(
                average: values.boolean("average"), holdsBudget: values.boolean("steps")))
    }
}
