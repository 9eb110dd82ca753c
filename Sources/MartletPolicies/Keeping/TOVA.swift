/// TOVA: what the last token attends to, all heads of a layer together (2401.06104).

import MartletCache

/// score = attention from the last token, averaged over every head of the layer; all heads keep the
/// same tokens. The last token stays, which the paper leaves to its own attention. At every generated
/// token the lowest goes.
struct TOVA: KVCompressor {
    let holdsBudget: Bool

    func steps(keeping kept: Int) -> (any StepEvictor)? {
        holdsBudget ? NewestAttentionSteps() : nil
    }
    var signals: PromptSignals { PromptSignals(lastQueries: 1) }
    var forcedRecent: TokenAllowance { .stated(1) }

    func scores(_ layer: LayerView) -> [[Float]] {
        // All heads hold the same tokens.
        var mean = [Float](repeating: 0, count: layer.length(0))
        for head in 0..<layer.headCount {
            let mass = layer.recentMass(head, rows: 1)
            for token in mean.indices { mean[token] += mass[token] }
        }
        let heads = Float(layer.headCount * layer.group)
        for token in mean.indices { mean[token] /= heads }
        mean[mean.count - 1] = .infinity
        return Array(repeating: mean, count: layer.headCount)
    }
}

/// TOVA at every step: attention received from the newest token, all heads of the layer together.
struct NewestAttentionSteps: StepEvictor {
    var averagesLayer: Bool { true }

    func fold(_ memory: UnsafeMutableBufferPointer<Float>, _ weight: Float, step: Int) {
        memory[0] = weight
    }

    func rank(_ memory: UnsafeBufferPointer<Float>, age: Int) -> Float { memory[0] }
}

extension CachePolicyEntry {
    static let tova = CachePolicyEntry(
        name: "tova",
        summary: "keeps what the newest token attends to, all heads of a layer together",
        source: "TOVA (2401.06104)", parameters: .scored() + [.steps],
        phases: [.prefill, .decode], sharesPrefix: false,
        signals: "the newest query's weights: n·d products a head and token",
        state: "4 bytes a token", examples: ["tova(%)", "tova(%, steps=false)"],
        sweep: [SweepForm(2, .all, "tova(budget={budget})")],
        sized: { ["tova(budget=\($0))"] }
    ) { values throws(CacheError) in
        try values.keep(TOVA(holdsBudget: values.boolean("steps")))
    }
}
