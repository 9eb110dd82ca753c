/// The baseline of page selectors: evenly spaced pages.

/// Reads the pages of the first `sinks` and the last `recent` tokens and, with what is left of the
/// budget, pages at equal distances between them.
struct StridedPages: DecodePageSelector {
    let budget: ReadBudget
    let sinks: Int
    let recent: Int
    let denseLayers: Int

    var readsBounds: Bool { false }

    func choose(_ view: SelectionView, _ memory: inout SelectionMemory.Head) -> PageChoice {
        let wanted = budget.runs(of: view.slots, size: KVPage.tokens)
        guard wanted < view.pages else { return .all }
        let ends = PageRuns.ends(sinks: sinks, recent: recent, slots: view.slots)
        guard ends.count < wanted else { return .pages(ends) }
        let front = ends.prefix { Int($0) < KVPage.count(forSlots: sinks) }
        let back = ends.dropFirst(front.count)
        let first = front.count
        let between = Int(back.first ?? Int32(view.pages)) - first
        let count = wanted - ends.count
        let middle = (0..<count).map { Int32(first + $0 * between / count) }
        return .pages(front + middle + back)
    }
}
