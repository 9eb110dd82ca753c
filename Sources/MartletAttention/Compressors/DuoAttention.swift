/// DuoAttention: heads that look at both ends only keep both ends (2410.10819).

/// Heads with low gates hold the first `sinks` and the last `recent` tokens, after the prompt and after
/// every generated token; the others hold everything.
struct DuoAttention: KVCompressor {
    let gates: HeadGates
    let sinks: Int
    let recent: Int

    var competes: Bool { false }
    var signals: PromptSignals { PromptSignals() }
    var steps: (any StepEvictor)? { DuoSteps(gates: gates, sinks: sinks, recent: recent) }

    func scores(_ layer: LayerView) -> [[Float]] {
        (0..<layer.headCount).map { _ in [Float](repeating: 0, count: layer.count) }
    }

    func verdicts(_ layer: LayerView, budget: Int, chosen: Compression) -> [HeadVerdict] {
        (0..<layer.headCount).map { head in
            guard gates.isStreaming(layer: layer.layer, head: head), sinks + recent < layer.count
            else { return HeadVerdict() }
            let count = Int32(layer.count)
            return HeadVerdict(
                kept: (0..<Int32(sinks)).map(\.self) + (count - Int32(recent)..<count).map(\.self))
        }
    }
}

/// The oldest token behind the sinks goes, in streaming heads.
struct DuoSteps: StepEvictor {
    let gates: HeadGates
    let sinks: Int
    let recent: Int

    var readsWeights: Bool { false }

    func fold(_ memory: UnsafeMutableBufferPointer<Float>, _ weight: Float, step: Int) {}

    func rank(_ memory: UnsafeBufferPointer<Float>, age: Int) -> Float { -Float(age) }

    func capacity(table: Int, kept: Int, budget: Int) -> Int {
        let (layer, head) = table.quotientAndRemainder(dividingBy: gates.values[0].count)
        return gates.isStreaming(layer: layer, head: head) ? sinks + recent : .max
    }
}
