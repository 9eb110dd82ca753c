/// When the tokens of a request came.

/// The times of one request's tokens.
package struct TokenTimes: Sendable, Hashable {
    /// When the request arrived.
    package var arrival: Duration
    /// When something was first computed for it.
    package var began: Duration?
    /// When each of its tokens was there.
    package var tokens: [Duration] = []

    /// A request without tokens.
    package init(arrival: Duration, tokens: [Duration] = []) {
        self.arrival = arrival
        self.tokens = tokens
    }

    /// From the arrival to the first token; nil when there was none.
    package var timeToFirstToken: Duration? { tokens.first.map { $0 - arrival } }

    /// Between each token and the one before it.
    package var gaps: [Duration] { zip(tokens, tokens.dropFirst()).map { $1 - $0 } }
}
