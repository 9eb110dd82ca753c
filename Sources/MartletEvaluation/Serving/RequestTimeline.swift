/// What happened to one request, as its client saw it.

/// Times in seconds on one clock. Both a real run and a simulation write it.
public struct RequestTimeline: Sendable, Hashable {
    /// How a request ended.
    public enum Ending: String, Sendable, CaseIterable, Hashable {
        /// With its answer.
        case answered
        /// The server said that it could not.
        case refused
        /// With an error, or without an end.
        case failed
        /// The client left.
        case cancelled
    }

    /// When it should have been sent. A client that is late does not make the server look early.
    public var arrival: Double
    /// When its first token was computed for, where that is known.
    public var started: Double?
    /// When each token came; several that came together have the same time.
    public var tokens: [Double]
    /// Tokens of its prompt.
    public var promptTokens: Int
    /// How many of these were not computed because they were known.
    public var cachedTokens: Int
    /// How it ended.
    public var ending: Ending
    /// When it ended.
    public var ended: Double
    /// Why it was not answered, where something said so.
    public var reason: String?

    /// Describes what happened.
    public init(
        arrival: Double, started: Double? = nil, tokens: [Double], promptTokens: Int,
        cachedTokens: Int = 0, ending: Ending = .answered, ended: Double
    ) {
        self.arrival = arrival
        self.started = started
        self.tokens = tokens
        self.promptTokens = promptTokens
        self.cachedTokens = cachedTokens
        self.ending = ending
        self.ended = ended
    }

    /// Seconds to the first token.
    public var timeToFirstToken: Double? { tokens.first.map { $0 - arrival } }
    /// Seconds between tokens.
    public var gaps: [Double] { zip(tokens.dropFirst(), tokens).map { $0 - $1 } }
    /// Seconds to the first token, then between tokens.
    var waits: [Double] { (timeToFirstToken.map { [$0] } ?? []) + gaps }
    /// Seconds before anything was computed for it.
    public var queueTime: Double? { started.map { $0 - arrival } }
}
