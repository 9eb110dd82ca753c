/// How likely a model finds given tokens, in a cache made for them: behind `martlet score` and `inspect --tokens`.

package import MartletEngine

extension LoadedModel {
    /// The log-probability of each token given those before it, `options.maximumBatchTokens` of them a step.
    ///
    /// - Parameter budgetBytes: the most that the cache may take; nil for what the tokens need.
    /// - Throws: `invalidParameter` under a policy that acts when a prompt is complete, because all tokens together
    ///   would be one; and what ``Model/score(_:topCount:)`` throws.
    package func score(
        _ tokens: [Int32], topCount: Int, budgetBytes: Int?
    ) async throws(MartletError) -> ScoringResult {
        guard !actsAfterPrompt else {
            throw MartletError(
                code: .invalidParameter, subject: "prompt tokens",
                message: "prompt tokens: got none, expected a count, because \(policyText) "
                    + "acts when a prompt is complete; say with --prompt-tokens where it ends")
        }
        let bytes = try cacheBytes(
            budgetBytes, for: CacheBudget(self, promptTokens: tokens.count))
        let model = try await Model(self, budgetBytes: bytes)
        return try await model.score(
            tokens, topCount: topCount, chunk: options.maximumBatchTokens)
    }

    /// Takes the first `count` tokens as a prompt and those after it as if they had been generated, one by one.
    /// Throws `invalidParameter` where no token would be left on either side.
    package func score(
        _ tokens: [Int32], afterPromptOf count: Int, budgetBytes: Int?
    ) async throws(MartletError) -> CacheInspection {
        guard count >= 1, count < tokens.count else {
            throw MartletError(
                code: .invalidParameter, subject: "prompt tokens",
                message: "prompt tokens: got \(count), expected 1 to \(tokens.count - 1), so that "
                    + "a token is left to score; correct it or give a longer text")
        }
        return try await inspect(
            prompt: Array(tokens[..<count]), following: Array(tokens[count...]),
            budgetBytes: budgetBytes)
    }

    /// What the policy keeps of a prompt, and of given tokens that follow it one by one. Throws as
    /// ``CacheInspection/init(_:prompt:following:budgetBytes:isTraced:)`` does.
    package func inspect(
        prompt: [Int32], following: [Int32], budgetBytes: Int?
    ) async throws(MartletError) -> CacheInspection {
        let needed = CacheBudget(
            self, promptTokens: prompt.count, completionTokens: following.count)
        let bytes = try cacheBytes(budgetBytes, for: needed)
        return try await onOwnThread(named: "martlet-inspect") { () throws(MartletError) in
            try CacheInspection(self, prompt: prompt, following: following, budgetBytes: bytes)
        }
    }
}
