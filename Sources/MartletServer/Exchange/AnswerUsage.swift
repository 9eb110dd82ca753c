/// What an answer took, and who else than its reader hears of it.

/// Tokens of all chains of an answer together.
package struct AnswerUsage: Sendable, Hashable {
    /// Tokens of prompts.
    package var promptTokens = 0
    /// Those of them that were not computed again.
    package var cachedTokens = 0
    /// Tokens of answers.
    package var completionTokens = 0
    /// Those of them that the model thought with.
    package var reasoningTokens = 0

    /// Nothing yet.
    package init() {}

    static func += (sum: inout AnswerUsage, other: AnswerUsage) {
        sum.promptTokens += other.promptTokens
        sum.cachedTokens += other.cachedTokens
        sum.completionTokens += other.completionTokens
        sum.reasoningTokens += other.reasoningTokens
    }
}

/// Whoever runs a request that nobody waits for. Such a request comes after all that somebody does.
package struct BackgroundObserver: Sendable {
    /// Hears of each of its prompts that is computed.
    package let promptIsComputed: @Sendable () -> Void
    /// Hears what each of its answers took.
    package let answerHasEnded: @Sendable (AnswerUsage) -> Void

    /// Hears of a request.
    package init(
        promptIsComputed: @escaping @Sendable () -> Void,
        answerHasEnded: @escaping @Sendable (AnswerUsage) -> Void
    ) {
        self.promptIsComputed = promptIsComputed
        self.answerHasEnded = answerHasEnded
    }
}
