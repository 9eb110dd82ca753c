/// DuoAttention: heads that look at both ends only keep both ends (2410.10819).

import MartletCache

/// Heads with low gates hold the first `sinks` and the last `recent` tokens, after the prompt and after
/// every generated token; the others hold everything.
struct DuoAttention: KVCompressor {
    let gates: HeadGates
    let sinks: Int
    let recent: Int

    var competes: Bool { false }
    var signals: PromptSignals { PromptSignals() }
    func steps(keeping kept: Int) -> (any StepEvictor)? {
        DuoSteps(gates: gates, sinks: sinks, recent: recent)
    }

    func fit(_ shape: KVShape, policy: PolicyNames) throws(CacheError) {
        try gates.fit(shape, policy: policy)
    }

    func scores(_ layer: LayerView) -> [[Float]] {
        (0..<layer.headCount).map { _ in [Float](repeating: 0, count: layer.count) }
    }

    func verdicts(_ layer: LayerView, budget: Int, chosen: TokenDivision) -> [HeadVerdict] {
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

    var reads: NewestAttention { .nothing }

    func fold(_ memory: UnsafeMutableBufferPointer<Float>, _ weight: Float, step: Int) {}

    func rank(_ memory: UnsafeBufferPointer<Float>, age: Int) -> Float { -Float(age) }

    func capacity(table: Int, kept: Int, budget: Int) -> Int {
        let (layer, head) = table.quotientAndRemainder(dividingBy: gates.values[0].count)
        return gates.isStreaming(layer: layer, head: head) ? sinks + recent : .max
    }
}

extension CachePolicyEntry {
    static let duo = CachePolicyEntry(
        name: "duo",
        summary: "keeps both ends only in heads that look at nothing else, given their gates",
        source: "DuoAttention (2410.10819)",
        parameters: [
            .gates, .streaming,
            CachePolicyParameter(
                name: "sinks", domain: .integer(0...65_536), defaultValue: .integer(64),
                summary: "first tokens that such a head holds"),
            CachePolicyParameter(
                name: "recent", domain: .integer(1...1_000_000), defaultValue: .integer(256),
                summary: "newest tokens that such a head holds"),
        ],
        phases: [.prefill, .decode], sharesPrefix: true, state: "4 bytes a token", examples: []
    ) { values throws(CacheError) in
        guard let gates = try values.headGates() else {
            throw .badPolicyParameter(
                policy: values.policy, parameter: "gates", got: "nothing",
                expected: CachePolicyParameter.gates.domain.description)
        }
        let (sinks, recent) = (values.integer("sinks"), values.integer("recent"))
        return [
            ScoredKeeping(
                compressor: DuoAttention(gates: gates, sinks: sinks, recent: recent),
                budget: nil, rule: .uniform, sinks: .stated(sinks), recent: .stated(recent))
        ]
    }
}
