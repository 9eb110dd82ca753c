/// Keeping by score: a compressor with its budget, as a policy's text names them.

import MartletCache
import MartletKernels

/// Which compressor chooses, how much stays, how that is divided over heads, and what is never taken.
struct ScoredKeeping: CacheMethod {
    let compressor: any KVCompressor
    /// How much stays; nil where the compressor itself says so.
    let budget: TokenBudget?
    let rule: BudgetRule
    /// First tokens that always stay.
    let sinks: TokenAllowance
    /// Newest tokens that always stay.
    let recent: TokenAllowance

    /// Tokens that always stay when a head keeps `kept` on average; no budget may be smaller.
    func protectedTokens(of kept: Int) -> Int {
        max(1, sinks.of(kept) + max(recent.of(kept), compressor.forcedRecent.of(kept)))
    }

    /// Whether tokens are taken out at every generated one, which then must be computed one by one.
    var holdsBudget: Bool { steps != nil }

    /// What holds the budget while tokens are generated, where there is room for its constants.
    var steps: (any StepEvictor)? { compressor.steps(keeping: .max) }

    /// Whether tokens are chosen again between generated ones.
    var choosesAgain: Bool {
        if case .bytes? = budget, !holdsBudget { return true }
        return compressor.interval != nil
    }

    /// Whether a step may write to all pages of a sequence again.
    var rewritesAll: Bool { choosesAgain || (steps?.interval ?? 1) > 1 }

    /// How the budget is divided, and what is never taken, when a head keeps `kept` tokens on average.
    func division(of kept: Int) -> TokenDivision {
        TokenDivision(
            budget: budget, rule: rule, sinks: sinks.of(kept), recent: recent.of(kept))
    }

    /// How a budget in bytes is held; nil for other budgets, and for too few bytes.
    func hold(shape: KVShape) -> ByteHold? {
        guard case .bytes(let bytes)? = budget else { return nil }
        return ByteHold(bytes: bytes, rule: rule, shape: shape, protected: protectedTokens)
    }

    /// The same compressor and protection, its budget divided by another rule.
    func divided(by rule: BudgetRule) -> ScoredKeeping {
        ScoredKeeping(
            compressor: compressor, budget: budget, rule: rule, sinks: sinks, recent: recent)
    }

    // MARK: As a method

    var decision: PolicyDecision { .keeping }

    func describe(_ traits: inout CacheTraits) {
        traits.tracksSlots = true
        traits.actsAfterPrompt = true
        traits.prefixSharing = .never
        if holdsBudget || rewritesAll { traits.undo = .never }
        traits.stepsSingly = traits.stepsSingly || holdsBudget || choosesAgain
        traits.rereadsPrompt = compressor.signals.rereadPart > 0
        traits.readsInputNorms = compressor.signals.normalisesReread
        traits.assumesPlainScores = compressor.signals.assumesPlainScores
    }

    func fit(
        _ traits: inout CacheTraits, to shape: KVShape, policy: PolicyNames
    ) throws(CacheError) {
        try compressor.fit(shape, policy: policy)
        guard case .bytes(let bytes)? = budget else { return }
        guard let hold = hold(shape: shape) else {
            let needed = ByteHold.least(rule: rule, shape: shape, protected: protectedTokens)
            throw .badPolicyParameter(
                policy: policy.name, parameter: "bytes", got: "\(bytes)B",
                expected:
                    "at least \(needed)B for the tokens that always stay and a page of new ones")
        }
        traits.promptPiece = hold.piece
        traits.pageLimit = hold.pages
    }

    func conflict(
        with demands: MethodDemands, named other: String, own: String
    ) -> String? {
        guard holdsBudget || choosesAgain else { return nil }
        if demands.sealsPages { return "tokens are taken out of pages that would be sealed" }
        guard demands.reusesChoices else { return nil }
        return "\(own) moves tokens while they are generated and \(other) names them again later"
    }

    var maker: StageMaker? {
        StageMaker(
            memory: { KeepingMemory(rewritesAll: rewritesAll) },
            stage: { context, index throws(KernelError) in
                try KeepingStage(self, context, index: index)
            })
    }
}
