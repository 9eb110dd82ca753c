/// When a request is made again.

/// How often and when a request is made again.
package struct RetryRule: Sendable {
    /// The most attempts of a question.
    package var questions = 3
    /// The most attempts of a download in which nothing arrived.
    package var downloads = 5
    /// Seconds before the second attempt; each further one waits twice as long.
    package var firstDelay = 1.0
    /// The most seconds that a hub may ask to wait.
    package var longestWait = 60

    /// The usual rule.
    package init() {}

    /// Seconds before another attempt, after this many.
    func delay(after attempts: Int, _ error: HubError) -> Double {
        if case .rateLimited(_, let seconds) = error, seconds > 0 { return Double(seconds) }
        return min(firstDelay * Double(1 << min(attempts - 1, 10)), 60)
    }

    /// Whether an error is worth another attempt.
    func allows(_ error: HubError) -> Bool {
        if case .rateLimited(_, let seconds) = error { return seconds <= longestWait }
        return error.isTransient
    }
}
