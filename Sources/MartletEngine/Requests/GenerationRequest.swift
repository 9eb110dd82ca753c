/// What a caller asks for. Plain values; nothing here knows how it is served.

/// Names a request of one engine; later requests have larger numbers.
public struct RequestID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The place in the order of arrival.
    public let rawValue: Int

    /// Names the request with this place in the order of arrival.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Whether the first request arrived earlier.
    public static func < (first: RequestID, second: RequestID) -> Bool {
        first.rawValue < second.rawValue
    }

    /// For messages.
    public var description: String { "request \(rawValue)" }
}

/// When the events of a request reach its consumer. Each delivery wakes the consumer's task, which takes a
/// processor from the kernels for some microseconds.
public enum EventPacing: Sendable, Hashable {
    /// After every step, all events of the step together: for showing text as it is generated.
    case eachStep
    /// When a chain ends, all events since the last delivery together: for reading whole chains.
    case chainEnds
}

/// One prompt, and one or more chains (parallel samples) that continue it.
public struct GenerationRequest: Sendable {
    /// The prompt; at least one token.
    public var promptTokens: [Int32]
    /// How tokens are chosen and when a chain ends.
    public var sampling: SamplingParameters
    /// How many chains continue the prompt. It is computed once; the chains are forks of it, and
    /// chain `i` draws from its own stream of random numbers.
    public var chainCount: Int
    /// Larger goes first; equal ones in order of arrival.
    public var priority: Int
    /// When the events are delivered; they are the same, in the same order.
    public var pacing: EventPacing
    /// The conversation that it goes on with, whose cache it then continues; only with one chain.
    public var conversation: Conversation?

    /// Describes a request.
    public init(
        promptTokens: [Int32], sampling: SamplingParameters = SamplingParameters(),
        chainCount: Int = 1, priority: Int = 0, pacing: EventPacing = .eachStep,
        conversation: Conversation? = nil
    ) {
        self.promptTokens = promptTokens
        self.sampling = sampling
        self.chainCount = chainCount
        self.priority = priority
        self.pacing = pacing
        self.conversation = conversation
    }
}
