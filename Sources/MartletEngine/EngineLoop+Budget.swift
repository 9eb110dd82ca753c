/// How the loop lives with a budget that changes, and how requests live with less than all of it.

import MartletCache

extension EngineLoop {
    /// Sets the bytes that the cache may hold, at most those that it was made with. What is beyond them is given up at once:
    /// what requests left first, then the pages of running chains, which compute them again later.
    func setBudget(_ bytes: Int) {
        cache.setBudget(bytes)
        blockage = nil
        while case let excess = cache.statistics.bytesHeld - cache.statistics.budgetBytes,
            excess > 0
        {
            let pages = (excess + footprint.bytesPerPage - 1) / footprint.bytesPerPage
            if giveUp(pages: pages) { continue }
            guard let victim = victim(Lack()) else { break }
            giveWay(victim)
        }
        cache.returnFreePages()
    }

    /// Takes out of a plan what would make a request hold more than it may, after the pages are reserved: a prompt is
    /// computed in smaller chunks, a chain ends. Returns whether the plan is as it was.
    func staysWithinLimits(_ plan: inout StepPlan) -> Bool {
        for id in Set(plan.slices.map(\.id.request)).sorted() {
            guard let limit = generations[id]?.maximumBytes else { continue }
            let own = scheduler.running.filter { $0.id.request == id }.compactMap(\.sequence)
            guard cache.bytesHeld(alone: own) > limit,
                let place = plan.slices.lastIndex(where: { $0.id.request == id })
            else { continue }
            if demote(id) { return false }
            shorten(&plan, at: place, to: limit)
            return false
        }
        return true
    }

    private func shorten(_ plan: inout StepPlan, at place: Int, to limit: Int) {
        let slice = plan.slices[place]
        guard let state = scheduler[slice.id], let sequence = state.sequence else { return }
        cache.dropReservation(of: sequence)
        if slice.count > 1 {
            plan.slices[place].count /= 2
            return
        }
        plan.slices.remove(at: place)
        guard state.target == state.promptCount else {
            end(slice.id, .length)
            // At once, so that the step does not hold its pages.
            return retire()
        }
        failRequest(
            slice.id.request,
            .promptOutgrewBudget(
                promptTokens: state.promptCount, computedTokens: state.computed,
                budgetBytes: limit))
        plan.slices.removeAll { $0.id.request == slice.id.request }
    }
}
