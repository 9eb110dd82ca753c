/// How many tokens a step may have now, from what its engine knows of steps.

import MartletCache
package import MartletEngine

/// What bounds a step: the tokens that it may have, the cost that they are counted with, and the gap that is aimed at.
///
/// The rule is the engine's own for a new prompt beside the chains that run: it gets what the gap leaves, a few tokens at least.
/// What running chains read is counted from the bytes that they hold, so that under a policy that reads less than it holds a
/// step may have more.
package struct StepBudget: Sendable, Hashable {
    /// Tokens that a step may have now, those of running chains included.
    package let tokens: Int
    /// Tokens that it never exceeds.
    package let mostTokens: Int
    /// What a step costs; nil before the first.
    package let cost: StepCost?
    /// The longest time between two tokens that is aimed at; nil where every step is filled.
    package let targetGap: Duration?
    /// Seconds that a step takes which computes the running chains alone; nil where none runs, and before the first.
    package let seconds: Double?

    /// A prompt gets on by this much in a step that has no time for it.
    private static let leastPromptTokens = 4
    /// Tokens of a step before any was measured.
    private static let firstTokens = 16

    /// Counts.
    ///
    /// - Parameters:
    ///   - mostTokens: tokens that a step never exceeds.
    ///   - largestStep: tokens of the largest step so far: the next has at most twice as many.
    ///   - runningChains: chains that run, a token of each of which is a part of every step.
    ///   - heldTokens: cached tokens that they hold together, on an average over layers and heads.
    package init(
        mostTokens: Int, largestStep: Int, cost: StepCost?, targetGap: Duration?,
        runningChains: Int, heldTokens: Double
    ) {
        self.mostTokens = mostTokens
        self.cost = cost
        self.targetGap = targetGap
        let base = cost?.seconds(tokens: runningChains, reads: heldTokens)
        seconds = runningChains > 0 ? base : nil
        guard let gap = targetGap, runningChains > 0 else {
            tokens = mostTokens
            return
        }
        let known = min(mostTokens, max(Self.firstTokens, 2 * largestStep))
        guard let cost, let base else {
            tokens = known
            return
        }
        let left = gap / .seconds(1) - base
        // The tokens of a prompt read those before them.
        func fits(_ count: Int) -> Bool {
            let count = Double(count)
            return cost.perToken * count + cost.perRead * count * count / 2 <= left
        }
        var (low, high) = (0, max(0, known - runningChains) + 1)
        while high - low > 1 {
            let middle = (low + high) / 2
            if fits(middle) { low = middle } else { high = middle }
        }
        tokens = min(mostTokens, runningChains + max(low, Self.leastPromptTokens))
    }

    /// What bounds the steps of a form's engine.
    package init(_ form: CacheForm, _ now: ServiceStatistics) {
        let options = form.loaded.options
        self.init(
            mostTokens: options.maximumBatchTokens, largestStep: now.largestStep,
            cost: now.stepCost, targetGap: options.targetGap, runningChains: now.runningChains,
            heldTokens: Double(now.runningBytes)
                / Double(max(1, form.loaded.cacheShape.bytesPerToken)))
    }
}
