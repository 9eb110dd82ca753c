/// How likely a model finds given tokens, in a cache made for them: behind `martlet score` and `inspect --tokens`.

package import MartletEngine

extension LoadedModel {
    private var scoringChunk: Int {
        min(options.maximumBatchTokens, ScoringRequest.defaultChunk)
    }

    /// The log-probability of each token given those before it.
    ///
    /// - Parameters:
    ///   - budgetBytes: the most that the cache may take; nil for what the tokens need.
    ///   - adapter: which of ``ModelOptions/adapters`` it is computed under; nil for the model's own weights.
    /// - Throws: `invalidParameter` under a policy that acts when a prompt is complete, because all tokens together
    ///   would be one; and what ``Model/score(_:topCount:)`` throws.
    package func score(
        _ tokens: [Int32], topCount: Int, budgetBytes: Int?, adapter: String? = nil
    ) async throws(MartletError) -> ScoringResult {
        let model = try await scorer(of: tokens.count, budgetBytes: budgetBytes)
        return try await model.score(
            tokens, topCount: topCount, adapter: adapter, chunk: scoringChunk)
    }

    /// The same of a text that may be longer than the context, in windows that slide over it by `stride` tokens; see
    /// ``Model/score(_:stride:topCount:)``.
    ///
    /// - Parameter window: the tokens of a window; nil for the model's context.
    package func score(
        _ tokens: [Int32], stride: Int, window: Int? = nil, topCount: Int, budgetBytes: Int?,
        adapter: String? = nil
    ) async throws(MartletError) -> ScoringResult {
        let window = window ?? scoringWindow(of: tokens.count)
        let model = try await scorer(of: min(window, tokens.count), budgetBytes: budgetBytes)
        return try await model.score(
            tokens, stride: stride, window: window, topCount: topCount, adapter: adapter,
            chunk: scoringChunk)
    }

    /// The tokens of a window over a text of so many: the model's context, or all of a text that fits.
    package func scoringWindow(of count: Int) -> Int {
        positionLimit.map { count - 1 > $0 ? $0 : max($0, count) } ?? count
    }

    /// A model with room for a text of so many tokens.
    private func scorer(of count: Int, budgetBytes: Int?) async throws(MartletError) -> Model {
        guard !actsAfterPrompt else {
            throw MartletError(
                code: .invalidParameter, subject: "prompt tokens",
                message: "prompt tokens: got none, expected a count, because \(policyText) "
                    + "acts when a prompt is complete; say with --prompt-tokens where it ends")
        }
        let bytes = try cacheBytes(budgetBytes, for: CacheBudget(self, promptTokens: count))
        return try await Model(self, budgetBytes: bytes)
    }

    /// Takes the first `count` tokens as a prompt and those after it as if they had been generated, one by one.
    /// Throws `invalidParameter` where no token would be left on either side.
    package func score(
        _ tokens: [Int32], afterPromptOf count: Int, budgetBytes: Int?, adapter: String? = nil
    ) async throws(MartletError) -> CacheInspection {
        guard count >= 1, count < tokens.count else {
            throw MartletError(
                code: .invalidParameter, subject: "prompt tokens",
                message: "prompt tokens: got \(count), expected 1 to \(tokens.count - 1), so that "
                    + "a token is left to score; correct it or give a longer text")
        }
        return try await inspect(
            prompt: Array(tokens[..<count]), following: Array(tokens[count...]),
            budgetBytes: budgetBytes, adapter: adapter)
    }

    /// What the policy keeps of a prompt, and of given tokens that follow it one by one. Throws as
    /// ``CacheInspection/init(_:prompt:following:budgetBytes:isTraced:)`` does.
    package func inspect(
        prompt: [Int32], following: [Int32], budgetBytes: Int?, adapter: String? = nil
    ) async throws(MartletError) -> CacheInspection {
        let needed = CacheBudget(
            self, promptTokens: prompt.count, completionTokens: following.count)
        let bytes = try cacheBytes(budgetBytes, for: needed)
        return try await onOwnThread(named: "martlet-inspect") { () throws(MartletError) in
            try CacheInspection(
                self, prompt: prompt, following: following, budgetBytes: bytes, adapter: adapter)
        }
    }
}
