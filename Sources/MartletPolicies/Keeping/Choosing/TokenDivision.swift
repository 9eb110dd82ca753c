/// How a budget's tokens are divided over heads, and which are never taken.

/// A rule over the scores of a layer's heads, and the tokens at both ends that always stay.
struct TokenDivision: Sendable, Hashable {
    /// How much stays, as the policy's text says it; nil where the compressor itself does.
    let budget: TokenBudget?
    let rule: BudgetRule
    /// First tokens that always stay.
    let sinks: Int
    /// Newest tokens that always stay.
    let recent: Int

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
}
