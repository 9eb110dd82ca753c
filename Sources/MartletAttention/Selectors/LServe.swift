/// LServe: large pages scored by their parts, chosen every few tokens; streaming heads read their ends
/// (2502.14866).

/// A physical page of `page` tokens scores as the best of the runs of sixteen in it. The choice stands
/// for `refresh` tokens, the newest pages always joining it. Heads whose gate is below the median (see
/// ``HeadGates``) read the first `sinks` and the last `recent` tokens only.
struct LServe: DecodePageSelector {
    let budget: ReadBudget
    let page: Int
    let refresh: Int
    let sinks: Int
    let recent: Int
    let gates: HeadGates?
    let denseLayers: Int

    var reusesChoices: Bool { refresh > 1 }

    func choose(_ view: SelectionView, _ memory: inout SelectionMemory.Head) -> PageChoice {
        if gates?.isStreaming(layer: view.layer, head: view.head) == true {
            return .pages(PageRuns.ends(sinks: sinks, recent: recent, slots: view.slots))
        }
        let size = page / KVPage.tokens
        let wanted = budget.runs(of: view.slots, size: page)
        guard wanted * size < view.pages else {
            memory.chosen = []
            return .all
        }
        let runs = (view.pages + size - 1) / size
        if memory.chosen.isEmpty || view.step % refresh == 0 {
            let scores = view.pageScores(maximum: false)
            var best = [Float](repeating: -.infinity, count: runs)
            for (index, score) in scores.enumerated() {
                best[index / size] = max(best[index / size], score)
            }
            best[runs - 1] = .infinity
            memory.chosen = Selection.largest(wanted, of: best)
            memory.count = runs
        }
        let newer = (Int32(memory.count)..<max(Int32(memory.count), Int32(runs))).map(\.self)
        return .pages(
            PageRuns.pages(ofRuns: memory.chosen + newer, size: size, below: view.pages))
    }
}
