/// Everything that an engine refuses or fails at, and one sentence for each.

/// Why a request was refused or failed. An ending (stop, length, cancellation) is not an error: see ``FinishReason``.
package enum EngineError: Error, Sendable, CustomStringConvertible {
    /// The request has no tokens.
    case emptyPrompt
    /// A token is not in the model's vocabulary.
    case tokenOutOfRange(token: Int32, index: Int, vocabularySize: Int)
    /// The prompt has more tokens than the model has positions.
    case promptTooLong(promptTokens: Int, contextLength: Int)
    /// The prompt needs more pages of cache than the budget holds.
    case promptExceedsBudget(promptTokens: Int, neededBytes: Int, budgetBytes: Int)
    /// The model evicted too little of the prompt for the budget.
    case promptOutgrewBudget(promptTokens: Int, computedTokens: Int, budgetBytes: Int)
    /// A parameter of the request or of the engine has a value outside its range.
    case invalidParameter(name: String, got: String, expected: String)
    /// The model produced logits that cannot be used. `index` counts a completion's tokens, or the
    /// tokens of a text that is scored.
    case badLogits(SamplingError, index: Int)
    /// What a chain's text must match allows no token, or cannot say which. `index` counts the completion's tokens.
    case constraintFailed(reason: String, index: Int)
    /// The pages ran out while a text was scored.
    case outOfPages(computedTokens: Int, budgetBytes: Int)
    /// The forward pass failed.
    case forwardFailed(any Error)
    /// The model and the cache could not be made.
    case startFailed(any Error)
    /// The caller gave up before there was a result.
    case cancelled
    /// The engine was shut down before the request was served.
    case shutDown
    /// The engine's own bookkeeping disagrees with itself.
    case brokenIntegrity(String)

    /// What, where, got, expected and what to do, in one sentence.
    package var description: String {
        switch self {
        case .emptyPrompt:
            "request: the prompt has no tokens, expected at least one; give a prompt, or the "
                + "model's beginning-of-text token."
        case .tokenOutOfRange(let token, let index, let vocabularySize):
            "request: token \(token) at index \(index) is not in the vocabulary, expected "
                + "0 ..< \(vocabularySize); use the tokenizer that belongs to this model."
        case .promptTooLong(let promptTokens, let contextLength):
            "request: the prompt has \(promptTokens) tokens, expected at most \(contextLength) "
                + "(the model's context length); shorten it."
        case .promptExceedsBudget(let promptTokens, let neededBytes, let budgetBytes):
            "request: the prompt's \(promptTokens) tokens need \(neededBytes) bytes of cache, "
                + "expected at most \(budgetBytes) (the budget); raise the budget, shorten the "
                + "prompt, or use a smaller cache codec or a bounded cache policy."
        case .promptOutgrewBudget(let promptTokens, let computedTokens, let budgetBytes):
            "request: the cache was full after \(computedTokens) of the prompt's \(promptTokens) tokens, "
                + "within the budget of \(budgetBytes) bytes; raise the budget, shorten the prompt, or "
                + "use a smaller cache codec or a model that compresses more."
        case .invalidParameter(let name, let got, let expected):
            "\(name): got \(got), expected \(expected); correct or remove it."
        case .badLogits(let error, let index):
            "logits for token \(index): \(error); check the weights and their type."
        case .constraintFailed(let reason, let index):
            "token \(index) of a constrained answer: \(reason)"
        case .outOfPages(let computedTokens, let budgetBytes):
            "scoring: the cache is full after \(computedTokens) tokens within the budget of "
                + "\(budgetBytes) bytes; raise the budget, shorten the text, or use a smaller "
                + "cache codec or a bounded cache policy."
        case .forwardFailed(let error):
            "forward pass: \(error)"
        case .startFailed(let error):
            "engine: \(error)"
        case .cancelled:
            "request: cancelled before there was a result; send it again if it is still wanted."
        case .shutDown:
            "engine: it was shut down before this request was served; start another engine."
        case .brokenIntegrity(let finding):
            "engine: integrity check failed: \(finding); this is a defect in the engine, please "
                + "report it."
        }
    }
}

extension EngineError {
    /// A request names an adapter that was not loaded.
    package static func unknownAdapter(got name: String, available: [String]) -> EngineError {
        .invalidParameter(
            name: "adapter of the request", got: name,
            expected: available.isEmpty
                ? "none, because none was loaded" : "one of \(available.joined(separator: ", "))")
    }
}
