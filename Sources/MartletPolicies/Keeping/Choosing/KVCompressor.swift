/// The extension point of policies that choose tokens by a score.

import MartletCache

/// Scores the tokens of a complete prompt; the best stay, the others are freed.
///
/// A published method is one file in `Keeping` that conforms to this and ends with its entry for
/// ``CachePolicyRegistry``. How many tokens stay is not its business: see ``TokenBudget`` and
/// ``BudgetRule``.
protocol KVCompressor: Sendable {
    /// What must be recorded while the prompt is computed.
    var signals: PromptSignals { get }
    /// Scores of one layer's tokens, `[KV head][token]`: the largest stay, `.infinity` always.
    /// Runs on several threads at once, a layer on each.
    func scores(_ layer: LayerView) -> [[Float]]
    /// What becomes of one layer's tokens when its heads may keep `budget` each on average. By default
    /// those with the best scores stay.
    func verdicts(_ layer: LayerView, budget: Int, chosen: TokenDivision) -> [HeadVerdict]
    /// Tokens at the end of the prompt that score `.infinity`: no budget may be smaller.
    var forcedRecent: TokenAllowance { get }
    /// What holds the budget while tokens are generated, when a head keeps `kept` tokens on average; nil when
    /// only the prompt is bounded.
    func steps(keeping kept: Int) -> (any StepEvictor)?
    /// Generated tokens after which the method chooses again among all that is held; nil for never.
    var interval: Int? { get }
    /// What a token scores by its own key and value; nil where that depends on other tokens. Agrees with
    /// ``scores(_:)`` bit for bit.
    var tokenScore: TokenScore? { get }
    /// Whether heads may compete for a budget, as `adakv` lets them.
    var competes: Bool { get }
    /// Whether its scores are attention alone: at least 0, and without what values add to it, so that they can
    /// be multiplied by that.
    var scoresAttention: Bool { get }
    /// Throws `badPolicyParameter` where its parameters do not fit a model's shape.
    func fit(_ shape: KVShape, policy: PolicyNames) throws(CacheError)
}

extension KVCompressor {
    var forcedRecent: TokenAllowance { .stated(0) }
    func steps(keeping kept: Int) -> (any StepEvictor)? { nil }
    var interval: Int? { nil }
    var tokenScore: TokenScore? { nil }
    var competes: Bool { true }
    var scoresAttention: Bool { false }
    func fit(_ shape: KVShape, policy: PolicyNames) throws(CacheError) {}

    func verdicts(_ layer: LayerView, budget: Int, chosen: TokenDivision) -> [HeadVerdict] {
        chosen.rule.select(chosen.protect(scores(layer)), budget: budget).map {
            HeadVerdict(kept: $0)
        }
    }
}

/// What a compressor wants to know of a prompt besides its keys and values, and what that costs.
struct PromptSignals: Sendable, Hashable {
    /// Number of last tokens whose queries are recorded. Costs their bytes, and one row of attention each.
    var lastQueries = 0
    /// Whether mean and covariance of each head's queries before their rotation are recorded, the first
    /// `momentSinks` tokens left out. Costs `dimension`² multiplications a token and head.
    var queryMoments = false
    /// Tokens that ``queryMoments`` leave out.
    var momentSinks = 0
    /// Whether the attention that each token received from all queries is recorded. Costs the products of
    /// queries and keys a second time.
    var columnMass = false
    /// The attention that each token receives from its own chunk of the prompt, in both directions; nil for
    /// none. The queries of a chunk, and a chunk's length of products a token and head.
    var chunkAttention: ChunkAttention?
    /// Tokens of each part in which the prompt is read a second time, to record the most attention that each
    /// token then receives; 0 for never. Costs about as much as the prompt itself.
    var rereadPart = 0
    /// Whether that attention is multiplied by the norm of the token's value behind the output projection, and
    /// divided by the norm of what the row that attends was projected from. Needs ``readsOutputs``.
    var normalisesReread = false
    /// What values become behind the output projection: as many products as the projection of the tokens held,
    /// each time that tokens are chosen. Nothing is recorded for it.
    var readsOutputs = false

    /// Whether attention is estimated from products of queries and keys in a softmax of its own, which knows neither
    /// a cap on scores nor sinks of heads.
    var assumesPlainScores: Bool { queryMoments || chunkAttention != nil }

    /// Whether nothing has to be recorded.
    var isEmpty: Bool {
        heldQueries == 0 && !queryMoments && !columnMass && rereadPart == 0
    }

    /// Last tokens whose queries must be at hand while a prompt is computed.
    var heldQueries: Int { max(lastQueries, chunkAttention?.heldQueries ?? 0) }

    /// Why tokens cannot be chosen before the whole prompt is there, as budgets in bytes want it; nil where
    /// they can.
    var wholePromptReason: String? {
        if rereadPart > 0 { return "the whole prompt is read a second time" }
        return chunkAttention == nil ? nil : "all tokens of the prompt are compared at its end"
    }
}
