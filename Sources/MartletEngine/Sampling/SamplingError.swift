/// What can be wrong with a row of logits.

/// Why no token could be chosen.
package enum SamplingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A logit is NaN or plus infinity.
    case notANumber(token: Int)
    /// Every logit is minus infinity.
    case nothingToChoose

    /// What was found, without advice.
    package var description: String {
        switch self {
        case .notANumber(let token):
            "the model's logit for token \(token) is not a finite number"
        case .nothingToChoose:
            "every logit is minus infinity, so there is no token to choose"
        }
    }
}
