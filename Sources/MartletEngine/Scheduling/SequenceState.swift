/// What the scheduler knows of one chain: how far it is, and how far it should be.

import MartletCache

/// Names one chain of one request.
struct ChainID: Hashable, Sendable, CustomStringConvertible {
    var request: RequestID
    var chain: Int

    var description: String { "chain \(chain) of \(request)" }
}

/// A chain as the scheduler sees it. Prefill, chunked prefill, decode and recomputation after
/// pre-emption are one case: `computed` catches up with `target`.
///
/// ```
/// tokens   | 0 ..< promptCount | promptCount ..< target |
/// owner    | the request       | the sampler            |
/// in cache | 0 ..< computed    | computed ..< target: still to be computed, at least one token |
/// ```
struct SequenceState: Sendable {
    let id: ChainID
    let key: SchedulingKey
    /// The policy's rank as of when the lists were last ordered.
    var rank = 0.0
    let promptCount: Int
    /// Rows of logits after every token, at most this many in one step; nil for the last row only.
    let scoringChunk: Int?
    /// Prompt and completion.
    private(set) var tokens: [Int32]
    /// Tokens in the cache.
    var computed = 0
    /// Tokens that were in the cache when it last gave way.
    private(set) var lost = 0
    /// The cache's name for it; nil while it waits.
    var sequence: SequenceID?
    /// The longest time that should pass between two tokens of it, if it says so.
    let gap: Duration?
    /// Tokens of a beginning that others share: a step ends there, so that a sequence that ends there can be kept.
    var branch: Int?
    /// Chains that will fork from this one when its prompt is computed.
    var pendingForks: Int

    init(
        id: ChainID, priority: Int, prompt: [Int32], scoringChunk: Int? = nil,
        pendingForks: Int = 0,
        arrival: Duration = .zero, target: Duration? = nil, gap: Duration? = nil
    ) {
        self.id = id
        key = SchedulingKey(
            priority: priority, request: id.request, chain: id.chain, arrival: arrival,
            target: target)
        self.gap = gap
        promptCount = prompt.count
        self.scoringChunk = scoringChunk
        tokens = prompt
        self.pendingForks = pendingForks
    }

    /// A chain that shares this one's tokens so far, under its own name and sequence.
    func forked(chain: Int, sequence: SequenceID) -> SequenceState {
        var fork = SequenceState(
            id: ChainID(request: id.request, chain: chain), priority: key.priority, prompt: tokens,
            arrival: key.arrival, target: key.target, gap: gap)
        fork.rank = rank
        fork.computed = computed
        fork.sequence = sequence
        return fork
    }

    /// Tokens that should be in the cache.
    var target: Int { tokens.count }
    /// Tokens still to be computed.
    var remaining: Int { target - computed }
    /// Whether one token separates it from its next logits.
    var isDecoding: Bool { remaining == 1 }

    /// Tokens to the end of a beginning that others share; nil where there is none ahead.
    var tokensToBranch: Int? { branch.flatMap { $0 > computed ? $0 - computed : nil } }

    /// Runs with a sequence.
    mutating func start(with opening: Opening) {
        sequence = opening.sequence
        computed = opening.computed
        branch = opening.branch
    }

    /// Waits without one.
    mutating func stop() {
        sequence = nil
        lost = computed
        computed = 0
        branch = nil
    }

    /// Where it stands.
    var place: SchedulingPlace { SchedulingPlace(key: key, rank: rank) }
    /// How far it is.
    var progress: ChainProgress {
        ChainProgress(
            key: key, hasStarted: target > promptCount, promptTokens: promptCount,
            computedTokens: computed)
    }

    mutating func append(_ token: Int32) { tokens.append(token) }
}
