/// The baseline of page selectors: evenly spaced pages.

import MartletCache

/// Reads the pages of the first `sinks` and the last `recent` tokens and, with what is left of the
/// budget, pages at equal distances between them.
struct StridedPages: DecodePageSelector {
    let budget: ReadBudget
    let sinks: Int
    let recent: Int
    let denseLayers: Int

    var readsBounds: Bool { false }

    var remembers: Bool { false }

    func choose(_ view: SelectionView, _ memory: inout ReadingMemory.Head) -> PageChoice {
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

extension CachePolicyEntry {
    static let stride = CachePolicyEntry(
        name: "stride", summary: "reads evenly spaced pages: the baseline", source: "a baseline",
        parameters: .reads(recent: 64) + [.denseLayers(0)], phases: [], sharesPrefix: true,
        examples: ["stride(%, recent=16)", "stride(%, dense=1)"],
        sized: { ["stride(budget=\($0), recent=\(min(64, $0 / 4)))"] }
    ) { values throws(CacheError) in
        [
            PageReading(
                selector: StridedPages(
                    budget: try values.reads(), sinks: values.integer("sinks"),
                    recent: values.integer("recent"), denseLayers: values.integer("dense")))
        ]
    }
}
