/// LServe: large pages scored by their parts, chosen every few tokens; streaming heads read their ends
/// (2502.14866).

import MartletCache

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
    var remembers: Bool { refresh > 1 }

    func fit(_ shape: KVShape, policy: PolicyNames) throws(CacheError) {
        try gates?.fit(shape, policy: policy)
    }

    func choose(_ view: SelectionView, _ memory: inout ReadingMemory.Head) -> PageChoice {
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
            memory.chosen = Ranking.largest(wanted, of: best)
            memory.count = runs
        }
        view.touches.readMemory(memory.chosen.count)
        let newer = (Int32(memory.count)..<max(Int32(memory.count), Int32(runs))).map(\.self)
        return .pages(
            PageRuns.pages(ofRuns: memory.chosen + newer, size: size, below: view.pages))
    }
}

extension CachePolicyEntry {
    static let lserve = CachePolicyEntry(
        name: "lserve", summary: "reads large pages scored by their parts, chosen every few tokens",
        source: "LServe (2502.14866)",
        parameters: .reads(sinks: 128, recent: 256) + [
            CachePolicyParameter(
                name: "page", domain: .integer(16...1024), defaultValue: .integer(64),
                summary: "tokens that are chosen together, a multiple of 16"),
            .refresh(4), .denseLayers(0), .gates, .streaming,
        ],
        phases: [], sharesPrefix: true, signals: "bounds of pages: d·n/8 products a head and token",
        state: "bounds: 4·d bytes a page",
        examples: ["lserve(%, sinks=16, recent=16)", "lserve(%, page=32, refresh=3)"],
        sized: { ["lserve(budget=\($0), sinks=\(min(64, $0 / 4)), recent=\(min(64, $0 / 4)))"] }
    ) { values throws(CacheError) in
        [
            PageReading(
                selector: LServe(
                    budget: try values.reads(), page: try values.wholePages("page"),
                    refresh: values.integer("refresh"), sinks: values.integer("sinks"),
                    recent: values.integer("recent"), gates: try values.headGates(),
                    denseLayers: values.integer("dense")))
        ]
    }
}
