/// What the loop knows of time: what steps take, and how long one may take.

import MartletCache

extension EngineLoop {
    /// What a step takes; before anything is known, in relation to others.
    var stepCost: StepCost {
        times.cost ?? StepCost(fixed: 0, perToken: 1, perRead: 1 / 4096)
    }

    /// What the scheduler's policy may know.
    var moment: SchedulingMoment {
        SchedulingMoment(
            now: configuration.clock.now(), cost: times.cost,
            chunk: scheduler.budget.maximumTokens)
    }

    /// How long the next step may take; nil where nobody waits for it who says so.
    var stepLimit: StepLimit? {
        guard let gap = scheduler.gap(usual: configuration.targetGap) else { return nil }
        let footprint = self.footprint
        return StepLimit(
            cost: stepCost, seconds: times.cost == nil ? .infinity : gap / .seconds(1),
            mostTokens: times.mostTokens, reads: { footprint.reads($0) })
    }

    /// Makes a measurement of what a plan takes.
    func measure(_ plan: StepPlan) -> (_ seconds: Double) -> StepCost.Measurement {
        let reads = plan.slices.reduce(0) { sum, slice in
            let start = scheduler[slice.id]?.computed ?? 0
            return sum + footprint.reads(start..<start + slice.count)
        }
        let tokens = plan.tokenCount
        return { StepCost.Measurement(tokens: tokens, reads: reads, seconds: $0) }
    }
}
