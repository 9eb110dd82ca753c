/// A search's result as a response, for those who read responses.

import MartletEngine

extension Response {
    /// The answer of a search: its text is the answer, and nothing where none was found.
    ///
    /// - Parameters:
    ///   - reasoning: what is told of the search.
    ///   - promptTokens: tokens of the prompt.
    package init(searched result: SolveResult, reasoning: String, promptTokens: Int) {
        var usage = Usage(
            promptTokens: promptTokens,
            completionTokens: result.chains.reduce(0) { $0 + $1.tokens },
            duration: result.elapsed)
        usage.count(
            peakBytes: result.peakCacheBytes, kvReads: result.kvReads, bytesMoved: result.bytesMoved
        )
        let reason: FinishReason =
            switch result.ending {
            case .agreed, .exhausted: .stop
            case .deadline: .length
            case .cancelled: .cancelled
            }
        self.init(
            text: result.answer ?? "", reasoning: reasoning, tokens: [], logprobs: [], top: [],
            finishReason: reason, usage: usage)
    }
}
