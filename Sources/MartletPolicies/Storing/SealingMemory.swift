/// What is sealed of one sequence.

import MartletCache

/// The sealed front of each table, and what salient tokens are known by.
final class SealingMemory: StageMemory {
    /// How pages are sealed.
    let plan: SealPlan

    init(_ plan: SealPlan) { self.plan = plan }

    /// The sealed front of one table.
    struct SealedPart {
        /// Pages at the front that are sealed.
        var pages = 0
        /// Their bytes.
        var bytes = 0
    }

    /// By table; empty while nothing is sealed.
    var sealed: [SealedPart] = []
    /// Kind of sealed page by table, where heads differ.
    var kinds: [Int] = []
    /// Queries by which salient tokens are known; nil unless the plan asks.
    var probes: ProbeQueries?
    /// Tokens of the sequence when pages were sealed last.
    var lastCount = 0

    func copy() -> any StageMemory {
        let copy = SealingMemory(plan)
        copy.sealed = sealed
        copy.kinds = kinds
        copy.probes = probes
        copy.lastCount = lastCount
        return copy
    }

    var byteCount: Int { (probes?.byteCount ?? 0) + (sealed.count * 2 + kinds.count) * 8 }

    /// Tokens that came after the last sealing can be taken back: with them or without, the same pages are
    /// sealed. Where heads differ in kind, that was decided when the prompt was complete.
    func canCut(to count: Int, from current: Int, promptCount: Int?) -> Bool {
        if plan.isByPosition {
            return sealed.allSatisfy { $0.pages <= plan.sealedPages(before: count) }
        }
        guard probes == nil else { return false }
        return count >= lastCount && (kinds.isEmpty || count >= promptCount ?? 0)
    }

    func rewrites(table: Int) -> PageRewrites {
        if plan.isOnDemand { return .none }
        let first = sealed.isEmpty ? 0 : sealed[table].pages
        guard plan.isByPosition else { return .all(from: first) }
        // A page that fills up was written by its owner alone, so that only full ones that stay open for a while can be
        // shared when they are sealed.
        return plan.residual == 0 ? .none : .some(from: first, count: SealPlan.pagesOfAStep)
    }
}
