/// What the loop keeps for each request that it is serving.

/// Where a request's events go: the stream of its consumer, or a test's list.
enum Delivery: Sendable {
    case events([GenerationEvent])
    case failed(EngineError)
    case ended
}

/// A generation being served. A class, so that adding a token never copies what came before.
final class ActiveGeneration {
    let sampling: SamplingParameters
    let seed: UInt64
    let promptCount: Int
    /// The most tokens of a chain's completion: what was asked for, within the model's context.
    let limit: Int
    let arrival: Duration
    let pacing: EventPacing
    let conversation: ConversationID?
    let mask: (any TokenMask)?
    let adapter: String?
    /// What its prompt is found by.
    let prefix: RequestPrefix
    let deliver: (Delivery) -> Void
    /// Tokens of the prompt that an earlier request computed.
    var cachedPromptTokens = 0
    /// Whether its first chain ever started.
    var wasAdmitted = false
    /// When the first step that computed something for it began.
    var began: Duration?
    /// Whether it ever waited for another to compute its beginning.
    var hasWaited = false
    /// The largest priority of what it has taken the place of.
    var inheritedPriority = Int.min
    /// What its consumer has not been told yet.
    var untold: [GenerationEvent] = []
    var chains: [ChainOutput]
    var openChains: Int
    var peakBytes = 0
    var peakOwnBytes = 0
    /// The most bytes that its chains may hold; nil for what the cache has.
    var maximumBytes: Int?
    /// Who looks at what it holds; nil for nobody.
    var watched: WatchedRequest?
    /// Numbers of chains, counted from the first, and the most bytes that so many held together.
    var leading: [(width: Int, peakBytes: Int)]

    init(
        sampling: SamplingParameters, seed: UInt64, promptCount: Int, limit: Int,
        arrival: Duration, pacing: EventPacing, conversation: ConversationID?,
        mask: (any TokenMask)?, adapter: String?, prefix: RequestPrefix, chains: [ChainOutput],
        leadingWidths: [Int],
        deliver: @escaping (Delivery) -> Void
    ) {
        self.sampling = sampling
        self.seed = seed
        self.promptCount = promptCount
        self.limit = limit
        self.arrival = arrival
        self.pacing = pacing
        self.conversation = conversation
        self.mask = mask
        self.adapter = adapter
        self.prefix = prefix
        self.chains = chains
        self.deliver = deliver
        leading = leadingWidths.map { ($0, 0) }
        openChains = chains.count
    }

    deinit { watched?.watch.endPrompt() }

    /// Delivers what its consumer has not been told yet.
    func tell() {
        guard !untold.isEmpty else { return }
        deliver(.events(untold))
        untold.removeAll(keepingCapacity: true)
    }
}

/// What one chain has said so far.
struct ChainOutput {
    var decoder: (any TextDecoding)?
    var matcher: StopMatcher
    var history: PenaltyHistory?
    /// Where it is in what its text must match.
    var maskState = TokenMaskState()
    var completionCount = 0
    var timeToFirstToken: Duration?
    var kvReads = 0.0
    var bytesMoved = 0
    var peakTokens = 0.0
    var demotedTokens = 0
    var hasEnded = false
}

/// A text being scored.
final class ActiveScoring {
    let tokens: [Int32]
    let topCount: Int
    let arrival: Duration
    let adapter: String?
    let deliver: (Result<ScoringResult, EngineError>) -> Void
    var result: ScoringResult

    init(
        tokens: [Int32], topCount: Int, arrival: Duration, adapter: String?,
        deliver: @escaping (Result<ScoringResult, EngineError>) -> Void
    ) {
        self.tokens = tokens
        self.topCount = topCount
        self.arrival = arrival
        self.adapter = adapter
        self.deliver = deliver
        var usage = Usage()
        usage.promptTokens = tokens.count
        result = ScoringResult(
            logprobs: Array(repeating: nil, count: tokens.count),
            top: Array(repeating: [], count: tokens.count), usage: usage)
    }
}

/// A chain that ended in this step and still holds its pages.
struct Ending {
    var id: ChainID
    var reason: FinishReason
    var match: StopMatch?
}
