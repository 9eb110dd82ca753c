/// LoopServe: the prompt's tokens ranked anew every few generated ones (2507.13681).

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

    func choose(_ view: SelectionView, _ memory: inout SelectionMemory.Head) -> PageChoice {
        let prompt = view.promptSlots
        guard budget < prompt else { return .all }
        let width = view.group * view.dimension
        memory.query += UnsafeBufferPointer(start: view.q, count: width)
        var isRanking = memory.chosen.isEmpty
        if view.step > 0, view.step % interval == 0 { isRanking = true }
        if isRanking {
            var mass = [Float](repeating: 0, count: view.slots)
            memory.query.withUnsafeBufferPointer { queries in
                guard let base = queries.baseAddress else { return }
                let rows = queries.count / width
                view.addWeights(of: base, count: rows, to: &mass)
            }
            for slot in 0..<min(sinks, prompt) { mass[slot] = .infinity }
            memory.chosen = Selection.largest(budget, of: Array(mass[..<prompt]))
            memory.query.removeAll(keepingCapacity: true)
            return .all
        }
        return .slots(memory.chosen + (Int32(prompt)..<Int32(view.slots)).map(\.self))
    }
}
