/// Quest: pages whose keys could match the query best (2406.10774).

import MartletCache

/// The score of a page is the largest product that a key within its bounds can have with the query,
/// over the heads of a group their sum or the largest. The published code lets every query head choose;
/// here a group reads a page once for all its heads, so it chooses together.
struct Quest: DecodePageSelector {
    let budget: ReadBudget
    /// Tokens that are chosen together: several pages take the best score among them; of parts of a page each has its own
    /// bounds.
    let page: Int
    /// The fewest pages read, even beyond the budget.
    let minimum: Int
    let denseLayers: Int
    let sinks: Int
    /// Newest tokens that are always read; the newest page is in any case.
    let recent: Int
    let isMaximum: Bool

    var remembers: Bool { false }

    func choose(_ view: SelectionView, _ memory: inout ReadingMemory.Head) -> PageChoice {
        let wanted = max(minimum, budget.runs(of: view.slots, size: page))
        guard page >= KVPage.tokens else { return parts(wanted, of: view) }
        let size = page / KVPage.tokens
        guard wanted * size < view.pages else { return .all }
        let scores = view.pageScores(maximum: isMaximum)
        let forced = min(wanted - 1, (sinks + page - 1) / page)
        // Pages of newest tokens, within the budget.
        let newest = min(wanted - forced, (recent + page - 1) / page)
        return PageRuns.best(wanted, of: scores, size: size, forced: forced, newest: newest)
            .map { .pages($0) } ?? .all
    }

    /// The best parts of pages, as slots. Their pages are read whole, so that they save what is attended to and no bytes.
    private func parts(_ wanted: Int, of view: SelectionView) -> PageChoice {
        guard wanted * page < view.slots else { return .all }
        let scores = view.partScores(of: page, maximum: isMaximum)
        let forced = min(wanted - 1, (sinks + page - 1) / page)
        let newest = min(wanted - forced, (recent + page - 1) / page)
        guard
            let runs = PageRuns.best(wanted, of: scores, size: 1, forced: forced, newest: newest)
        else { return .all }
        return .slots(PageRuns.pages(ofRuns: runs, size: page, below: view.slots))
    }
}

extension CachePolicyEntry {
    static let quest = CachePolicyEntry(
        name: "quest", summary: "reads the pages whose keys could match the query best",
        source: "Quest (2406.10774)",
        parameters: .reads() + [
            CachePolicyParameter(
                name: "page", domain: .integer(4...1024), defaultValue: .integer(16),
                summary:
                    "tokens that are chosen together, a multiple of 16; with 4 or 8 bounds are computed anew for each token "
                    + "and counted as if they were kept"),
            .denseLayers(2),
            CachePolicyParameter(
                name: "recent", domain: .integer(0...65_536), defaultValue: .integer(0),
                summary: "newest tokens that are always read, whole pages within the budget"),
            CachePolicyParameter(
                name: "minimum", domain: .integer(1...4096), defaultValue: .integer(3),
                summary: "pages read whatever the budget"),
            CachePolicyParameter(
                name: "reduce", domain: .choice(["sum", "max"]), defaultValue: .name("sum"),
                summary: "how the heads of a group agree on a page's score"),
        ],
        phases: [], sharesPrefix: true, signals: "bounds of pages: d·n/8 products a head and token",
        state: "bounds: 4·d bytes a page",
        examples: [
            "quest(%, dense=0)", "quest(%, dense=1, page=32, reduce=max)",
            "quest(%, sinks=0, minimum=1)", "quest(%, dense=0, recent=24)",
            "quest(%, dense=0, page=4)",
        ],
        // Few tokens want small pages.
        sweep: [
            SweepForm(5, .all, "quest(budget={budget}, dense=0)"),
            SweepForm(13, .all, "quest(budget={budget}, dense=0, page=8)", name: "quest-8"),
            SweepForm(14, .all, "quest(budget={budget}, dense=0, page=4)", name: "quest-4"),
        ],
        sized: { ["quest(budget=\($0))"] }
    ) { values throws(CacheError) in
        [
            PageReading(
                selector: Quest(
                    budget: try values.reads(), page: try values.partsOrPages("page"),
                    minimum: values.integer("minimum"), denseLayers: values.integer("dense"),
                    sinks: values.integer("sinks"), recent: values.integer("recent"),
                    isMaximum: values.name("reduce") == "max"))
        ]
    }
}
