/// A compressor with its budget, as a policy's text names them.

/// Which method chooses, how much stays, how it is divided, and what is never taken.
public struct Compression: Sendable {
    let compressor: any KVCompressor
    /// How much stays; nil where the method itself says so.
    let budget: TokenBudget?
    let rule: BudgetRule
    /// First tokens that always stay.
    let sinks: Int
    /// Newest tokens that always stay.
    let recent: Int

    /// Tokens that always stay: no budget may be smaller.
    var minimumTokens: Int { max(1, sinks + max(recent, compressor.forcedRecent)) }

    /// Whether tokens are taken out at every generated one, which then must be computed one by one.
    package var holdsBudget: Bool { compressor.steps != nil }

    /// Whether tokens are chosen again between generated ones.
    var choosesAgain: Bool {
        if case .bytes? = budget, compressor.steps == nil { return true }
        return compressor.interval != nil
    }

    /// Scores with the protected tokens at infinity.
    func protect(_ scores: [[Float]]) -> [[Float]] {
        guard sinks > 0 || recent > 0 else { return scores }
        return scores.map { scores in
            var scores = scores
            for slot in 0..<min(sinks, scores.count) { scores[slot] = .infinity }
            for slot in max(0, scores.count - recent)..<scores.count { scores[slot] = .infinity }
            return scores
        }
    }

    /// The same method and protection, its budget divided by another rule.
    func divided(by rule: BudgetRule) -> Compression {
        Compression(
            compressor: compressor, budget: budget, rule: rule, sinks: sinks, recent: recent)
    }
}
