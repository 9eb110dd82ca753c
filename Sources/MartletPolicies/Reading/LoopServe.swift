/// LoopServe: the prompt's tokens ranked anew every few generated ones (2507.13681).

import MartletCache

/// Every `interval` generated tokens the queries since the last time look at all of the prompt, and the
/// `budget` prompt tokens that receive most attention from them are read until the next time; what was
/// generated is always read. Dropped tokens may come back, so all are held. The prompt itself is computed
/// densely; the paper's choice of lines for it is another matter.
struct LoopServe: DecodePageSelector {
    let budget: Int
    let interval: Int
    let sinks: Int
    let denseLayers: Int

    var readsBounds: Bool { false }
    var reusesChoices: Bool { true }

    func choose(_ view: SelectionView, _ memory: inout ReadingMemory.Head) -> PageChoice {
        let prompt = view.promptSlots
        guard budget < prompt else { return .all }
        let width = view.group * view.dimension
        memory.query += UnsafeBufferPointer(start: view.q, count: width)
        var isRanking = memory.chosen.isEmpty
        if view.step > 0, view.step % interval == 0 { isRanking = true }
        view.touches.readMemory(isRanking ? memory.query.count : memory.chosen.count)
        if isRanking {
            var mass = [Float](repeating: 0, count: view.slots)
            memory.query.withUnsafeBufferPointer { queries in
                guard let base = queries.baseAddress else { return }
                let rows = queries.count / width
                view.addWeights(of: base, count: rows, to: &mass)
            }
            for slot in 0..<min(sinks, prompt) { mass[slot] = .infinity }
            memory.chosen = Ranking.largest(budget, of: Array(mass[..<prompt]))
            memory.query.removeAll(keepingCapacity: true)
            return .all
        }
        return .slots(memory.chosen + (Int32(prompt)..<Int32(view.slots)).map(\.self))
    }
}

extension CachePolicyEntry {
    static let loopserve = CachePolicyEntry(
        name: "loopserve", summary: "ranks the prompt's tokens anew every few generated ones",
        source: "LoopServe (2507.13681)",
        parameters: [
            CachePolicyParameter(
                name: "budget", domain: .integer(1...Int(Int32.max)), defaultValue: .integer(1024),
                summary: "tokens of the prompt that are read"),
            CachePolicyParameter(
                name: "interval", domain: .integer(1...65_536), defaultValue: .integer(16),
                summary: "generated tokens for which a ranking stands"),
            CachePolicyParameter(
                name: "sinks", domain: .integer(0...1024), defaultValue: .integer(4),
                summary: "first tokens that are always read"),
            .denseLayers(0),
        ],
        phases: [], sharesPrefix: true,
        signals: "an interval's queries: interval·n·d products a head, every interval tokens",
        state: "8 bytes a chosen token", examples: ["loopserve(budget=30, interval=4)"],
        sized: { ["loopserve(budget=\($0))"] }
    ) { values in
        [
            PageReading(
                selector: LoopServe(
                    budget: values.integer("budget"), interval: values.integer("interval"),
                    sinks: values.integer("sinks"), denseLayers: values.integer("dense")))
        ]
    }
}
