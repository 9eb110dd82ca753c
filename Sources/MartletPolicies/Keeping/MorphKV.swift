/// MorphKV: a constant cache chosen by the newest tokens together (2503.00979).

import Foundation
import MartletCache

/// A head holds the last `window` tokens and those older ones to which these attend most. The logits of a recent
/// token are summed over the query heads of a group; their softmax runs over the older tokens alone, so that how
/// much a row looks at the recent ones changes nothing. The rows fuse by their sum or their largest. One goes at
/// every token. Follows the authors' code, which evicts just before a token attends; that is the same set as just
/// after the token before it.
struct MorphKV: KVCompressor {
    let window: TokenAllowance
    let fusion: MorphFusion

    var signals: PromptSignals { PromptSignals(lastQueries: window.tokens) }
    var forcedRecent: TokenAllowance { window }
    func steps(keeping kept: Int) -> (any StepEvictor)? {
        MorphSteps(recentTokens: window.of(kept), fusion: fusion)
    }

    func scores(_ layer: LayerView) -> [[Float]] {
        let recent = window.of(layer.kept)
        return (0..<layer.headCount).map { head in
            let count = layer.length(head)
            let older = max(0, count - recent)
            let rows = layer.recentGroupLogits(head, rows: recent)
            let fused = fusion.fuse(rows.map { $0[..<older] }, count: older)
            return fused + [Float](repeating: .infinity, count: count - older)
        }
    }
}

/// How the rows of the recent tokens become one number for each older token.
enum MorphFusion: String, CaseIterable, Sendable {
    case sum, max

    /// Fuses the softmax of each row of `count` logits. A row of nothing but -∞ says nothing.
    func fuse(_ rows: [ArraySlice<Float>], count: Int) -> [Float] {
        var fused = [Float](repeating: 0, count: count)
        var weights = [Float](repeating: 0, count: count)
        for row in rows {
            guard let largest = row.max(), largest > -.infinity else { continue }
            var sum: Float = 0
            for (place, logit) in row.enumerated() {
                weights[place] = exp(logit - largest)
                sum += weights[place]
            }
            let scale = 1 / sum
            switch self {
            case .sum: for place in 0..<count { fused[place] += weights[place] * scale }
            case .max:
                for place in 0..<count {
                    fused[place] = Swift.max(fused[place], weights[place] * scale)
                }
            }
        }
        return fused
    }
}

/// Remembers of every token the logit that each of the last tokens gave it.
struct MorphSteps: StepEvictor {
    let recentTokens: Int
    let fusion: MorphFusion

    var width: Int { recentTokens }
    var recent: Int? { recentTokens }
    var reads: NewestAttention { .logits }

    func initial(_ recorder: PromptRecorder?, table: Int, view: LayerView) -> [Float] {
        let head = table % view.headCount
        let rows = view.recentGroupLogits(head, rows: recentTokens)
        // The first generated token takes the first column, which a short prompt leaves open.
        let first = recentTokens - rows.count
        var result = [Float](repeating: -.infinity, count: view.length(head) * recentTokens)
        for (row, logits) in rows.enumerated() {
            for (slot, logit) in logits.enumerated() {
                result[slot * recentTokens + first + row] = logit
            }
        }
        return result
    }

    func fold(_ memory: UnsafeMutableBufferPointer<Float>, _ received: Float, step: Int) {
        memory[step % recentTokens] = received
    }

    func rank(_ memory: UnsafeBufferPointer<Float>, age: Int) -> Float { 0 }

    /// Every token's rank depends on all the older ones'. Tokens at the beginning that always stay count among
    /// them.
    func lowest(
        _ memory: UnsafeBufferPointer<Float>, pages: [PagePositions], open: Range<Int>,
        newest: Int
    ) -> (slot: Int, rank: Float)? {
        let (width, count) = (recentTokens, memory.count / recentTokens)
        let older = (0..<count).filter { slot in
            pages[slot / KVPage.tokens][slot % KVPage.tokens] < open.upperBound
        }
        let rows = (0..<width).map { row in older.map { memory[$0 * width + row] }[...] }
        let fused = fusion.fuse(rows, count: older.count)
        var ranks = [Float](repeating: 0, count: count)
        for (place, slot) in older.enumerated() { ranks[slot] = fused[place] }
        return Self.lowest(of: count, pages: pages, open: open) { slot, _ in ranks[slot] }
    }
}

extension CachePolicyEntry {
    static let morphkv = CachePolicyEntry(
        name: "morphkv", summary: "keeps the newest tokens and what they together attend to",
        source: "MorphKV (2503.00979)",
        parameters: .scored(sinks: 0, recent: 0) + [
            .window(32),
            CachePolicyParameter(
                name: "fuse", domain: .choice(MorphFusion.allCases.map(\.rawValue)),
                defaultValue: .name(MorphFusion.sum.rawValue),
                summary: "how the window's weights become one"),
        ],
        phases: [.prefill, .decode], sharesPrefix: false,
        signals: "the last window's logits: n·d products a head and token, window softmaxes",
        state: "4·window bytes a token", examples: ["morphkv(%, window=6)"],
        sized: { ["morphkv(budget=\($0))"] }
    ) { values throws(CacheError) in
        try values.keep(
            MorphKV(
                window: values.tokens("window"),
                fusion: MorphFusion(rawValue: values.name("fuse")) ?? .sum))
    }
}
