/// What a caller asks for. Plain values; nothing here knows how it is served.

/// Names a request of one engine; later requests have larger numbers.
package struct RequestID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The place in the order of arrival.
    package let rawValue: Int

    /// Names the request with this place in the order of arrival.
    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Whether the first request arrived earlier.
    package static func < (first: RequestID, second: RequestID) -> Bool {
        first.rawValue < second.rawValue
    }

    /// For messages.
    package var description: String { "request \(rawValue)" }
}

/// When the events of a request reach its consumer. Each delivery wakes the consumer's task, which takes a
/// processor from the kernels for some microseconds.
package enum EventPacing: Sendable, Hashable {
    /// After every step, all events of the step together: for showing text as it is generated.
    case eachStep
    /// When a chain ends, all events since the last delivery together: for reading whole chains.
    case chainEnds
}

/// One prompt, and one or more chains (parallel samples) that continue it.
package struct GenerationRequest: Sendable {
    /// The prompt; at least one token.
    package var promptTokens: [Int32]
    /// How tokens are chosen and when a chain ends.
    package var sampling: SamplingParameters
    /// How many chains continue the prompt. It is computed once; the chains are forks of it, and
    /// chain `i` draws from its own stream of random numbers.
    package var chainCount: Int
    /// Larger goes first; equal ones in order of arrival.
    package var priority: Int
    /// When the events are delivered; they are the same, in the same order.
    package var pacing: EventPacing
    /// The conversation that it goes on with, whose cache it then continues; only with one chain.
    package var conversation: Conversation?
    /// What the text of each chain must match; nil for anything. Stop texts and stop tokens do not end such a text.
    package var mask: (any TokenMask)?
    /// The adapter that its chains are computed under; nil for the model's own weights.
    package var adapter: String?
    /// When its first token should be there, for an order by deadlines.
    package var firstTokenTarget: Duration?
    /// The longest time that should pass between two tokens of a chain; nil for the engine's.
    package var targetGap: Duration?
    /// Who it is served for. What one tenant's requests computed serves no other's.
    package var tenant = ""
    /// Who may go on with its tokens, where the engine reuses prompts.
    package var prefixScope = PrefixScope.tenant
    /// Whether what it leaves stays in the cache until ``Engine/unpin(tenant:)``, or until something that runs needs the
    /// pages and there is nothing else to give up.
    package var pinsPrefix = false
    /// The most bytes of pages that its chains may hold together, as if no others were there; nil for what the cache has.
    package var maximumBytes: Int?
    /// Whether nobody waits for it. What it leaves in the cache goes before all else, the longest unused first: a batch uses
    /// what it shares in an order of its own.
    package var isBackground = false
    /// How long it has waited for something before it was sent to the engine: a part of its queue time.
    package var waited = Duration.zero
    /// Where glances at what it holds are left; nil for nobody who looks.
    package var watch: CacheWatch?
    /// Numbers of chains, counted from the first, whose bytes are counted as if no others had been asked for
    /// (``Usage/leadingPeakBytes``). Each costs a pass over the request's page tables in every step.
    package var leadingWidths: [Int]

    /// Describes a request.
    package init(
        promptTokens: [Int32], sampling: SamplingParameters = SamplingParameters(),
        chainCount: Int = 1, priority: Int = 0, pacing: EventPacing = .eachStep,
        conversation: Conversation? = nil, mask: (any TokenMask)? = nil, adapter: String? = nil,
        leadingWidths: [Int] = []
    ) {
        self.promptTokens = promptTokens
        self.sampling = sampling
        self.chainCount = chainCount
        self.priority = priority
        self.pacing = pacing
        self.conversation = conversation
        self.mask = mask
        self.adapter = adapter
        self.leadingWidths = leadingWidths
    }
}
