/// Which chains run in the next step, and how far. A plain value: no model, no cache, no time, no text.

import MartletCache

/// Forms ragged steps under a token budget: decode first, then prompt chunks.
///
/// A chain waits, without a sequence in the cache, or runs, with one. Both lists are kept in the
/// policy's order. Chains are admitted strictly in order, when the pages that all running chains
/// still need leave room for them; one is pre-empted when that estimate was too low.
/// A pre-empted chain keeps its tokens and computes them again later: logits do not depend on batch
/// or chunking, so it goes on as if nothing had happened.
struct Scheduler: Sendable {
    let budget: StepBudget
    let policy: any SchedulingPolicy
    private(set) var waiting: [SequenceState] = []
    private(set) var running: [SequenceState] = []

    let promptRule: PromptRule

    /// How far a slice may go; the cache's policy decides.
    struct PromptRule: Sendable {
        /// To the prompt's end at most, because what stays of it is chosen there.
        var stopsAtPrompt = false
        /// After the prompt token by token, because each may cost another its place.
        var stepsSingly = false
        /// Inside a prompt to a multiple of this at most, because what stays is chosen there too.
        var piece: Int?
        /// This many tokens at most, because fewer pages stand open then.
        var longest: Int?

        /// As far as there are tokens.
        static let crossing = PromptRule()

        init(
            stopsAtPrompt: Bool = false, stepsSingly: Bool = false, piece: Int? = nil,
            longest: Int? = nil
        ) {
            self.stopsAtPrompt = stopsAtPrompt
            self.stepsSingly = stepsSingly
            self.piece = piece
            self.longest = longest
        }

        init(_ cache: KVCache) {
            self.init(
                stopsAtPrompt: cache.traits.tracksSlots, stepsSingly: cache.traits.stepsSingly,
                piece: cache.promptPiece, longest: cache.traits.promptStep)
        }
    }

    init(
        budget: StepBudget, policy: any SchedulingPolicy, promptRule: PromptRule = .crossing
    ) {
        precondition(
            budget.maximumTokens > 0 && budget.maximumSequences > 0,
            "Scheduler: got a budget of \(budget.maximumTokens) tokens and "
                + "\(budget.maximumSequences) sequences, expected at least one of each")
        self.budget = budget
        self.policy = policy
        self.promptRule = promptRule
    }

    /// Whether nothing waits and nothing runs.
    var isEmpty: Bool { waiting.isEmpty && running.isEmpty }

    /// The running chain with this name.
    subscript(id: ChainID) -> SequenceState? {
        running.first { $0.id == id }
    }

    // MARK: Into the step

    /// Puts a chain among the waiting.
    mutating func enqueue(_ state: SequenceState, at moment: SchedulingMoment? = nil) {
        precondition(
            state.sequence == nil && state.computed == 0, "Scheduler: \(state.id) runs already")
        var state = state
        state.rank = policy.rank(
            state.progress, at: moment ?? SchedulingMoment(now: state.key.arrival))
        insert(state, into: &waiting)
    }

    /// Orders all chains anew, where the policy's order changes with time.
    mutating func order(at moment: SchedulingMoment) {
        guard policy.changesWithTime else { return }
        for index in waiting.indices {
            waiting[index].rank = policy.rank(waiting[index].progress, at: moment)
        }
        for index in running.indices {
            running[index].rank = policy.rank(running[index].progress, at: moment)
        }
        waiting.sort { $0.place < $1.place }
        running.sort { $0.place < $1.place }
    }

    /// Admits waiting chains in order while pages and sequences last, and returns the first that there is no room for. One
    /// that could take the place of a less urgent one is returned only where it would start at once.
    ///
    /// `open` gives a chain its sequence in the cache, if it can one that shares the prompt of the given sibling or what
    /// earlier requests computed; nil lets the chain wait for another that is computing its beginning, and those behind it
    /// go ahead. `hasRoom` says whether it would start if so many of its tokens were there. `close` takes the sequence of a
    /// chain back that there is no room for; `admitted` hears of the others.
    mutating func admit(
        pages: PageSupply,
        open: (SequenceState, _ sibling: SequenceID?, _ hasRoom: (Int) -> Bool) -> Opening?,
        close: (Opening) -> Void = { _ in },
        admitted: (SequenceState, Opening) -> Void = { _, _ in }
    ) -> SequenceState? {
        var promised = running.reduce(0) { $0 + Self.demand($1, pages.pages) }
        var place = 0
        while place < waiting.count {
            let candidate = waiting[place]
            let isFull = running.count >= budget.maximumSequences
            if isFull, let last = running.last, last.key.priority >= candidate.key.priority {
                return candidate
            }
            let siblings = running.filter { $0.id.request == candidate.id.request }
            let sibling = siblings.first { $0.computed >= candidate.promptCount }
            // A sibling on its way through the prompt will soon have it to share.
            guard siblings.isEmpty || sibling != nil else { return nil }
            let (isAlone, others) = (running.isEmpty, promised)
            let hasRoom = { (computed: Int) -> Bool in
                var state = candidate
                state.computed = computed
                return !isFull && (isAlone || pages.fits(others + Self.demand(state, pages.pages)))
            }
            guard let opening = open(candidate, sibling?.sequence, hasRoom) else {
                place += 1
                continue
            }
            // Only what would start now is held up by those that run.
            guard !isFull else {
                close(opening)
                return candidate
            }
            var state = candidate
            state.start(with: opening)
            // One chain alone always runs: whether it fits is then seen when it reserves.
            guard running.isEmpty || pages.fits(promised + Self.demand(state, pages.pages)) else {
                close(opening)
                return candidate
            }
            waiting.remove(at: place)
            promised += Self.demand(state, pages.pages)
            insert(state, into: &running)
            admitted(candidate, opening)
        }
        return nil
    }

    /// Pages that a chain still needs for its tokens, its forks and one more page of growth. Without
    /// the last a chain would be admitted only to give way to the others' next page.
    static func demand(_ state: SequenceState, _ pages: (_ tokens: Int) -> Int) -> Int {
        let one = pages(1)
        let missing = max(0, pages(state.target) - pages(state.computed))
        return missing + one * (1 + state.pendingForks)
    }

    /// The next step: every running chain that decodes, in order, then chunks of prompts, in order, as many tokens as
    /// the budget holds and, where a limit is given, as its time does. `includes` leaves chains out.
    func plan(
        within limit: StepLimit? = nil, includes: (SequenceState) -> Bool = { _ in true }
    ) -> StepPlan {
        var plan = StepPlan()
        var room = budget.maximumTokens
        var known = limit?.mostTokens ?? .max
        var seconds = limit.map { $0.seconds - $0.cost.fixed } ?? 0
        for decoding in [true, false] {
            for state in running
            where state.isDecoding == decoding && state.remaining > 0 && includes(state) {
                guard room > 0, plan.slices.count < budget.maximumSequences else { return plan }
                var count = most(of: state, room)
                if let limit {
                    if !decoding {
                        let least = plan.hasPrompt ? 0 : min(count, StepLimit.leastTokens)
                        count = limit.tokens(
                            min(count, known), from: state.computed, within: seconds)
                        count = max(count, least)
                        guard count > 0 else { return plan }
                    }
                    let rows = state.computed..<state.computed + count
                    seconds -= limit.cost.seconds(tokens: count, reads: limit.reads(rows))
                    seconds += limit.cost.fixed
                }
                if !decoding { plan.hasPrompt = true }
                plan.slices.append(PlannedSlice(id: state.id, count: count))
                room -= count
                known = max(0, known - count)
            }
        }
        return plan
    }

    /// What a step may have now: a token of every chain that decodes, and of a new prompt after them what the budget holds
    /// and, where a limit is given, its time.
    func room(within limit: StepLimit?) -> StepRoom {
        let plan = plan(within: limit) { $0.isDecoding }
        var left = budget.maximumTokens - plan.tokenCount
        if plan.slices.count >= budget.maximumSequences { left = 0 }
        guard let limit else { return StepRoom(tokens: plan.tokenCount + left) }
        let reads = plan.slices.reduce(0) { sum, slice in
            let start = self[slice.id]?.computed ?? 0
            return sum + limit.reads(start..<start + slice.count)
        }
        let seconds = limit.cost.seconds(tokens: plan.tokenCount, reads: reads)
        let known = max(0, limit.mostTokens - plan.tokenCount)
        let count = limit.tokens(min(left, known), from: 0, within: limit.seconds - seconds)
        return StepRoom(
            tokens: plan.tokenCount + max(count, min(left, StepLimit.leastTokens)),
            seconds: limit.seconds.isFinite ? seconds : nil)
    }

    /// The most tokens of a chain that a step may compute.
    private func most(of state: SequenceState, _ room: Int) -> Int {
        var count = min(state.remaining, room, state.scoringChunk ?? .max)
        if state.computed < state.promptCount {
            if promptRule.stopsAtPrompt {
                count = min(count, state.promptCount - state.computed)
            }
            if let piece = promptRule.piece {
                count = min(count, piece - state.computed % piece)
            }
        } else if promptRule.stepsSingly {
            count = 1
        }
        return min(count, promptRule.longest ?? count, state.tokensToBranch ?? count)
    }

    /// The shortest time that should pass between two tokens of the chains that decode; nil where none does, or none of
    /// them and no `usual` says so.
    func gap(usual: Duration?) -> Duration? {
        let decoding = running.filter { $0.isDecoding && $0.progress.hasStarted }
        return decoding.compactMap { $0.gap ?? usual }.min()
    }

    // MARK: Out of the step

    /// Counts tokens that were computed. Returns the chain where it is now at the end of a beginning that others share.
    @discardableResult
    mutating func advance(_ id: ChainID, by count: Int) -> SequenceState? {
        let index = runningIndex(id)
        precondition(
            count > 0 && count <= running[index].remaining,
            "Scheduler.advance: got \(count) tokens, expected 1 ... \(running[index].remaining)")
        running[index].computed += count
        guard running[index].branch == running[index].computed else { return nil }
        running[index].branch = nil
        return running[index]
    }

    /// Gives a chain its next token, to be computed in a later step. With its first it may stand elsewhere.
    mutating func append(_ token: Int32, to id: ChainID) {
        let index = runningIndex(id)
        running[index].append(token)
        guard running[index].target == running[index].promptCount + 1 else { return }
        var state = running.remove(at: index)
        state.rank = policy.rank(state.progress, at: SchedulingMoment(now: state.key.arrival))
        insert(state, into: &running)
    }

    /// Adds running chains that share the tokens of `id` so far, which then waits for no more forks.
    mutating func fork(_ id: ChainID, into forks: [(chain: Int, sequence: SequenceID)]) {
        let index = runningIndex(id)
        running[index].pendingForks = 0
        let source = running[index]
        for fork in forks {
            insert(source.forked(chain: fork.chain, sequence: fork.sequence), into: &running)
        }
    }

    /// Sends a running chain back to the waiting.
    mutating func preempt(_ id: ChainID) {
        var waiter = running.remove(at: runningIndex(id))
        waiter.stop()
        insert(waiter, into: &waiting)
    }

    /// Removes a chain wherever it is, and returns it as it was.
    mutating func remove(_ id: ChainID) -> SequenceState? {
        if let index = running.firstIndex(where: { $0.id == id }) {
            return running.remove(at: index)
        }
        if let index = waiting.firstIndex(where: { $0.id == id }) {
            return waiting.remove(at: index)
        }
        return nil
    }

    // MARK: Order

    private func runningIndex(_ id: ChainID) -> Int {
        guard let index = running.firstIndex(where: { $0.id == id }) else {
            preconditionFailure("Scheduler: \(id) does not run")
        }
        return index
    }

    private func insert(_ state: SequenceState, into list: inout [SequenceState]) {
        // Newcomers are mostly last, so the search starts there.
        var index = list.count
        while index > 0, state.place < list[index - 1].place { index -= 1 }
        list.insert(state, at: index)
    }
}
