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
    let sinks: Int
    /// Newest tokens that always stay.
    let recent: Int

    /// Tokens that always stay: no budget may be smaller.
    var minimumTokens: Int { max(1, sinks + max(recent, compressor.forcedRecent)) }

    /// Whether tokens are taken out at every generated one, which then must be computed one by one.
    var holdsBudget: Bool { compressor.steps != nil }

    /// Whether tokens are chosen again between generated ones.
    var choosesAgain: Bool {
        if case .bytes? = budget, compressor.steps == nil { return true }
        return compressor.interval != nil
    }

    /// Whether a step may write to all pages of a sequence again.
    var rewritesAll: Bool { choosesAgain || (compressor.steps?.interval ?? 1) > 1 }

    /// How the budget is divided, and what is never taken.
    var division: TokenDivision {
        TokenDivision(budget: budget, rule: rule, sinks: sinks, recent: recent)
    }

    /// How a budget in bytes is held; nil for other budgets, and for too few bytes.
    func hold(shape: KVShape) -> ByteHold? {
        guard case .bytes(let bytes)? = budget else { return nil }
        return ByteHold(bytes: bytes, rule: rule, minimumTokens: minimumTokens, shape: shape)
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
        if holdsBudget || rewritesAll { traits.undo = .never }
        traits.stepsSingly = traits.stepsSingly || holdsBudget || choosesAgain
        traits.rereadsPrompt = compressor.signals.rereadPart > 0
        traits.readsInputNorms = compressor.signals.normalisesReread
    }

    func fit(
        _ traits: inout CacheTraits, to shape: KVShape, policy: PolicyNames
    ) throws(CacheError) {
        try compressor.fit(shape, policy: policy)
        guard case .bytes(let bytes)? = budget else { return }
        guard let hold = hold(shape: shape) else {
            let needed = ByteHold.least(rule: rule, minimumTokens: minimumTokens, shape: shape)
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
