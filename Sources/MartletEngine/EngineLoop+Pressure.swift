/// Who gives way when there is no room: of the least urgent chains the one that comes back most cheaply.

import MartletCache

extension EngineLoop {
    /// What there is not enough of, and what a chain that gives way leaves of it beside the pages that it holds.
    struct Lack {
        /// Pages that a chain would no longer ask for.
        var relief: (SequenceState) -> Int = { _ in 0 }
        /// Whether places in the step are lacking, of which every chain has one, and not pages.
        var isOfPlaces = false
        /// Whether the first of all running chains stays, so that something gets on.
        var sparesFirst = false
    }

    /// The chain that gives way: of the least urgent class that has one the chain whose return costs least for each page
    /// that it frees. The first of a class, in the policy's order, stays as long as another of the class runs: it gets on,
    /// and ends. Chains that free pages only together give way from the last on. Nil where nobody's going would help.
    func victim(_ lack: Lack, below priority: Int = .max) -> SequenceState? {
        let running = scheduler.running.dropFirst(lack.sparesFirst ? 1 : 0)
        var end = running.endIndex
        while end > running.startIndex, case let last = running[end - 1],
            last.key.priority < priority
        {
            if configuration.victim == .last { return last }
            // From the last on, so that it gives way where several cost the same.
            let own = running[..<end].reversed().prefix { $0.key.priority == last.key.priority }
            let first = scheduler.running.first { $0.key.priority == last.key.priority }
            let candidates = own.filter { own.count == 1 || $0.id != first?.id }
            if let cheapest = cheapest(of: candidates, lack) { return cheapest }
            end -= own.count
            if cache.bytesHeld(onlyBy: running[end...].compactMap(\.sequence)) > 0 {
                return running.last
            }
        }
        return nil
    }

    private func cheapest(of candidates: [SequenceState], _ lack: Lack) -> SequenceState? {
        var best: (state: SequenceState, seconds: Double)?
        for state in candidates {
            let seconds = returnSeconds(of: state, lack)
            guard seconds.isFinite else { continue }
            if best.map({ seconds < $0.seconds }) ?? true { best = (state, seconds) }
        }
        return best?.state
    }

    /// Seconds that a chain's return costs for each page that its going frees; infinite where it frees none.
    func returnSeconds(of state: SequenceState, _ lack: Lack) -> Double {
        let pages = lack.isOfPlaces ? 1 : freedPages(by: state) + lack.relief(state)
        return pages > 0 ? returnSeconds(of: state) / Double(pages) : .infinity
    }

    /// Pages that nobody else holds.
    private func freedPages(by state: SequenceState) -> Int {
        guard let sequence = state.sequence else { return 0 }
        let bytes = cache.bytesHeld(onlyBy: [sequence])
        return (bytes + footprint.bytesPerPage - 1) / footprint.bytesPerPage
    }

    /// Seconds to compute again what a chain has computed and nobody else has. Steps that others take anyway cost nothing.
    private func returnSeconds(of state: SequenceState) -> Double {
        let rows = min(state.computed, remainder(of: state))..<state.computed
        return stepCost.perToken * Double(rows.count) + stepCost.perRead * footprint.reads(rows)
    }

    /// Tokens that a chain would find again at once: of other chains and what is kept, or in the storage.
    private func remainder(of state: SequenceState) -> Int {
        let found = search(for: state, besides: state.id).best?.count ?? 0
        let hasSibling = scheduler.running.contains {
            $0.id.request == state.id.request && $0.id != state.id
                && $0.computed >= state.promptCount
        }
        return max(found, hasSibling ? state.promptCount : 0, storedTokens(of: state))
    }

    /// Takes a chain's pages from it: they stay while nothing needs them, or are free at once.
    func giveWay(_ victim: SequenceState) {
        scheduler.preempt(victim.id)
        counters.preemptions += 1
        let stored = storedTokens(of: victim)
        guard park(victim) else { return releaseSequence(of: victim) }
        counters.parkings += 1
        if stored > 0 { counters.spills += 1 }
    }
}
