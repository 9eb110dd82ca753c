/// ActQKV: pages by a probe of the tokens that stand out, layers by how spread their scores are
/// (2502.13542).

import Foundation
import MartletCache

/// The formulas are not published in a form that could be checked; assumed here: a generated token's
/// activation bias is the distance of its mean query from the mean over the last `window` ones, in units of
/// their spread; the probe is the mean of these queries weighted by the softmax of the biases; pages are
/// scored by the probe as Quest scores them. Each layer may read in proportion to the entropy of its page
/// scores' softmax at the token before; all layers together keep to the budget.
struct ActQKV: DecodePageSelector {
    let budget: ReadBudget
    let window: Int
    let sinks: Int
    let denseLayers: Int

    func choose(_ view: SelectionView, _ memory: inout ReadingMemory.Head) -> PageChoice {
        let dimension = view.dimension
        memory.query.append(contentsOf: view.meanQuery)
        if memory.query.count > window * dimension { memory.query.removeFirst(dimension) }
        view.touches.readMemory(memory.query.count)
        let share = layerShare(view)
        // A budget that covers everything is not shared out.
        let isAll = budget.tokens(of: view.slots) >= view.slots
        let wanted = budget.runs(of: view.slots, size: KVPage.tokens, share: isAll ? 1 : share)
        let scores = view.pageScores(maximum: false, of: probe(memory.query, dimension))
        memory.figure = Self.entropy(scores, scale: 1 / Float(dimension).squareRoot())
        guard wanted < view.pages else { return .all }
        let forced = min(wanted - 1, KVPage.count(forSlots: sinks))
        return PageRuns.best(wanted, of: scores, size: 1, forced: forced).map { .pages($0) } ?? .all
    }

    func finishLayer(_ layer: Int, heads: ArraySlice<ReadingMemory.Head>) -> Double? {
        heads.reduce(0) { $0 + $1.figure } / Double(heads.count)
    }

    /// This layer's part of the budget, 1 on average.
    private func layerShare(_ view: SelectionView) -> Double {
        let known = view.shared.layers.compactMap(\.self)
        guard known.count == view.layerCount, let own = view.shared.layers[view.layer] else {
            return 1
        }
        let total = known.reduce(0, +)
        return total > 0 ? own * Double(view.layerCount) / total : 1
    }

    private func probe(_ queries: [Float], _ dimension: Int) -> [Float] {
        let count = queries.count / dimension
        var mean = [Float](repeating: 0, count: dimension)
        for token in 0..<count {
            for d in 0..<dimension { mean[d] += queries[token * dimension + d] / Float(count) }
        }
        var biases = (0..<count).map { token in
            var sum: Float = 0
            for d in 0..<dimension {
                let x = queries[token * dimension + d] - mean[d]
                sum += x * x
            }
            return sum.squareRoot()
        }
        let spread = biases.reduce(0, +) / Float(count)
        if spread > 0 { for token in biases.indices { biases[token] /= spread } }
        biases.softmax()
        var probe = [Float](repeating: 0, count: dimension)
        for token in 0..<count {
            for d in 0..<dimension { probe[d] += biases[token] * queries[token * dimension + d] }
        }
        return probe
    }

    private static func entropy(_ scores: [Float], scale: Float) -> Double {
        var p = scores.map { $0 * scale }
        p.softmax()
        return p.reduce(0.0) { $1 > 0 ? $0 - Double($1) * log(Double($1)) : $0 }
    }
}

extension CachePolicyEntry {
    static let actqkv = CachePolicyEntry(
        name: "actqkv",
        summary:
            "reads pages by a probe of tokens that stand out, layers sharing by entropy (assumed formulas)",
        source: "ActQKV (2502.13542)",
        parameters: .reads() + [
            CachePolicyParameter(
                name: "window", domain: .integer(1...4096), defaultValue: .integer(32),
                summary: "generated tokens that the probe is made of"),
            .denseLayers(0),
        ],
        phases: [], sharesPrefix: true, signals: "bounds of pages: d·n/8 products a head and token",
        state: "bounds: 4·d bytes a page", examples: ["actqkv(%, window=4)"],
        sized: { ["actqkv(budget=\($0))"] }
    ) { values throws(CacheError) in
        [
            PageReading(
                selector: ActQKV(
                    budget: try values.reads(), window: values.integer("window"),
                    sinks: values.integer("sinks"), denseLayers: values.integer("dense")))
        ]
    }
}
