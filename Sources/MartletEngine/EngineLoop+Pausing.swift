/// How something urgent interrupts a long prompt: the step stops between two layers, and goes on later.
///
/// ```
/// step     | layer 0 | layer 1 | … |            | layer 2 | … | logits
///                    ↑ something arrives        ↑ its prompt is computed
/// ```
/// Pages that the step has written to stay reserved, and its residual stream is kept, so that it goes on with the bits
/// that it would have had. Chains of it take no part in the steps between.

import MartletCache
import MartletModels

extension EngineLoop {
    /// Shorter steps end before stopping them would help anybody.
    private static let leastTokens = 32
    /// Going on costs a part of a layer, so a step stops only so often.
    private static let mostPauses = 4

    /// Whether a sequence takes part in a step that stopped: what is forked from it would lose the step's pages.
    func isPaused(_ sequence: SequenceID) -> Bool {
        paused?.slices.contains { $0.sequence == sequence } == true
    }

    /// Whether a step that stopped can go on: its chains are where they were, and their pages still reserved.
    func isIntact(_ stopped: PausedStep) -> Bool {
        stopped.slices.allSatisfy { slice in
            guard let state = scheduler[slice.planned.id] else { return false }
            return state.sequence == slice.sequence && state.computed == slice.computed
                && cache.reserved(slice.sequence) >= slice.planned.count
        }
    }

    /// Forgets a step that stopped: its chains compute it again.
    func abandon() {
        (forward as? any PausingForwardPass)?.abandon()
        paused = nil
    }

    /// Whether the prompt of a chain that stands before those of a stopped step is to be computed first. Where chains
    /// of the step wait for a token it goes on after one step for others.
    func goesAhead(of stopped: PausedStep) -> Bool {
        let waits = stopped.plan.slices.contains { scheduler[$0.id]?.progress.hasStarted == true }
        guard !waits || stopped.stepsSince == 0, let place = place(of: stopped) else {
            return false
        }
        return scheduler.running.contains {
            !stopped.contains($0.id) && !$0.progress.hasStarted && $0.place < place
        }
    }

    /// Where the first of a stopped step's prompts stands.
    private func place(of stopped: PausedStep) -> SchedulingPlace? {
        stopped.plan.slices.compactMap { scheduler[$0.id] }
            .filter { !$0.isDecoding }.map(\.place).min { $0 < $1 }
    }

    /// The next step: all that run, or, while one has stopped, what goes before it.
    func plan() -> StepPlan {
        guard let stopped = paused, let place = place(of: stopped) else {
            return scheduler.plan(within: stepLimit)
        }
        paused?.stepsSince += 1
        return scheduler.plan(within: stepLimit) {
            !stopped.contains($0.id) && ($0.isDecoding || $0.place < place)
        }
    }

    /// Runs a batch; nil when it stops.
    func start(
        _ batch: ForwardBatch, of plan: StepPlan, hasNews: () -> Bool
    ) throws -> UnsafeBufferPointer<Float>? {
        // Those who wait for a token within a time of their own wait for no other step.
        guard plan.hasPrompt, plan.tokenCount >= Self.leastTokens, paused == nil,
            scheduler.gap(usual: configuration.targetGap) == nil,
            let forward = forward as? any PausingForwardPass, forward.canPause(cache)
        else { return try self.forward.forward(batch, cache: cache) }
        if let logits = try forward.forward(batch, cache: cache, pausing: hasNews) { return logits }
        counters.interruptions += 1
        paused = PausedStep(
            plan: plan,
            slices: zip(plan.slices, batch.slices).map { planned, slice in
                PausedStep.Slice(
                    planned: planned, sequence: slice.sequence,
                    computed: cache.count(slice.sequence))
            })
        return nil
    }

    /// Goes on with a step that stopped.
    func resume(_ stopped: PausedStep, hasNews: () -> Bool) {
        guard let forward = forward as? any PausingForwardPass else { return abandon() }
        do {
            let logits = try forward.resume(cache: cache) {
                stopped.pauses < Self.mostPauses && hasNews()
            }
            guard let logits else {
                counters.interruptions += 1
                paused?.pauses += 1
                paused?.stepsSince = 0
                return
            }
            paused = nil
            advance(stopped.plan)
            sample(stopped.plan, from: logits)
        } catch {
            paused = nil
            fail(stopped.plan, .forwardFailed(error))
        }
    }
}
