/// Quest: pages whose keys could match the query best (2406.10774).

/// The score of a page is the largest product that a key within its bounds can have with the query,
/// over the heads of a group their sum or the largest. The published code lets every query head choose;
/// here a group reads a page once for all its heads, so it chooses together.
struct Quest: DecodePageSelector {
    let budget: ReadBudget
    /// Tokens that are chosen together: several pages take the best score among them.
    let page: Int
    /// Pages read whatever the budget.
    let minimum: Int
    let denseLayers: Int
    let sinks: Int
    /// Newest tokens that are read whatever their score; the newest page always is.
    let recent: Int
    let isMaximum: Bool

    func choose(_ view: SelectionView, _ memory: inout SelectionMemory.Head) -> PageChoice {
        let wanted = max(minimum, budget.runs(of: view.slots, size: page))
        let size = page / KVPage.tokens
        guard wanted * size < view.pages else { return .all }
        let scores = view.pageScores(maximum: isMaximum)
        let forced = min(wanted - 1, (sinks + page - 1) / page)
        // Pages of newest tokens, within the budget.
        let newest = min(wanted - forced, (recent + page - 1) / page)
        return PageRuns.best(wanted, of: scores, size: size, forced: forced, newest: newest)
            .map { .pages($0) } ?? .all
    }
}
