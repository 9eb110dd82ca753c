/// MorphKV: a constant cache chosen by the newest tokens together (2503.00979).

import MartletCache

/// A head holds the last `recent` tokens and those older ones to which these attended most, the heads of a
/// group together: by the sum or the largest of the recent tokens' weights. One goes at every token.
struct MorphKV: KVCompressor {
    let recent: Int
    let isMaximum: Bool

    var signals: PromptSignals { PromptSignals(lastQueries: recent) }
    var forcedRecent: Int { recent }
    var steps: (any StepEvictor)? { MorphSteps(recentTokens: recent, isMaximum: isMaximum) }

    func scores(_ layer: LayerView) -> [[Float]] {
        (0..<layer.headCount).map { head in
            var fused =
                isMaximum
                ? MorphSteps.fuse(layer.recentRows(head, rows: recent), rows: recent)
                : layer.recentMass(head, rows: recent)
            for slot in max(0, fused.count - recent)..<fused.count { fused[slot] = .infinity }
            return fused
        }
    }
}

/// Remembers of every token what each of the last tokens gave it.
struct MorphSteps: StepEvictor {
    let recentTokens: Int
    let isMaximum: Bool

    var width: Int { recentTokens }
    var recent: Int? { recentTokens }

    static func fuse(_ rows: [Float], rows width: Int) -> [Float] {
        (0..<rows.count / width).map { slot in
            rows[slot * width..<(slot + 1) * width].reduce(0, max)
        }
    }

    func initial(_ recorder: PromptRecorder?, table: Int, view: LayerView) -> [Float] {
        // Columns turn with the position, and the first generated token takes the oldest one's.
        let rows = view.recentRows(table % view.headCount, rows: recentTokens)
        let shift = view.count % recentTokens
        guard shift > 0 else { return rows }
        var turned = rows
        for slot in 0..<rows.count / recentTokens {
            for column in 0..<recentTokens {
                turned[slot * recentTokens + column] =
                    rows[slot * recentTokens + (column + shift) % recentTokens]
            }
        }
        return turned
    }

    func fold(_ memory: UnsafeMutableBufferPointer<Float>, _ weight: Float, step: Int) {
        memory[step % recentTokens] = weight
    }

    func rank(_ memory: UnsafeBufferPointer<Float>, age: Int) -> Float {
        isMaximum ? memory.reduce(0, max) : memory.reduce(0, +)
    }
}

extension CachePolicyEntry {
    static let morphkv = CachePolicyEntry(
        name: "morphkv", summary: "keeps the newest tokens and what they together attend to",
        source: "MorphKV (2503.00979)",
        parameters: .scored(sinks: 0, recent: 0) + [
            .window(32),
            CachePolicyParameter(
                name: "fuse", domain: .choice(["sum", "max"]), defaultValue: .name("sum"),
                summary: "how the window's weights become one"),
        ],
        phases: [.prefill, .decode], sharesPrefix: false,
        signals: "the last window's weights: n·d products a head and token",
        state: "4·window bytes a token", examples: ["morphkv(%, window=6)"],
        sized: { ["morphkv(budget=\($0), window=\(min(32, $0 / 2)))"] }
    ) { values throws(CacheError) in
        try values.keep(
            MorphKV(recent: values.integer("window"), isMaximum: values.name("fuse") == "max"))
    }
}
