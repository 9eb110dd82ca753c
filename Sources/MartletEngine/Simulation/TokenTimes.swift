/// When the tokens of a request came, and what that is worth.

/// The times of one request's tokens.
package struct TokenTimes: Sendable, Hashable {
    /// When the request arrived.
    package var arrival: Duration
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

    /// The fluidity index of Etalon (2407.07000): the share of deadlines that were met, where time that was gained is kept
    /// for later and a stall counts as all the tokens that it could have been.
    ///
    /// - Parameters:
    ///   - first: how long the first token may take.
    ///   - next: how long each other token may take.
    package func fluidity(first: Duration, next: Duration) -> Double {
        var (slack, total, missed) = (Duration.zero, 0, 0)
        var before = arrival
        for (index, token) in tokens.enumerated() {
            let (took, allowed) = (token - before, index == 0 ? first : next)
            before = token
            if took <= allowed + slack {
                slack += allowed - took
                total += 1
            } else {
                let stalled = Int((took - slack - allowed) / next) + 1
                missed += stalled
                total += stalled
                slack = .zero
            }
        }
        return total == 0 ? 1 : 1 - Double(missed) / Double(total)
    }
}
