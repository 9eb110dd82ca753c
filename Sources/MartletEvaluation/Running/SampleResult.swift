/// The result of one problem; knows neither the model nor the other problems.

public import Martlet
public import MartletTasks

/// One chain's answer to a problem.
public struct ChainResult: Sendable, Hashable {
    /// What was generated, without the line break or end token that ended it.
    public let text: String
    /// The answer in the text; nil when it gives none.
    public let answer: String?
    /// How right the text is, from 0 to 1.
    public let score: Double
    /// Tokens generated, the one that ended it included.
    public let tokens: Int
    /// Cached tokens attended by its decode steps, averaged over layers and KV heads.
    public let kvReads: Double
    /// Bytes of cache that its decode steps moved; see `Usage.bytesMoved`. Nil for a chain that was recorded
    /// by a version that did not count them.
    public let bytesMoved: Int?
    /// The most tokens it had in the cache, averaged over layers and KV heads; the prompt counts in
    /// every chain.
    public let peakTokens: Double
    /// Why it ended.
    public let finishReason: FinishReason

    /// Puts a result together.
    public init(
        text: String, answer: String?, score: Double, tokens: Int, kvReads: Double,
        bytesMoved: Int?, peakTokens: Double, finishReason: FinishReason
    ) {
        self.text = text
        self.answer = answer
        self.score = score
        self.tokens = tokens
        self.kvReads = kvReads
        self.bytesMoved = bytesMoved
        self.peakTokens = peakTokens
        self.finishReason = finishReason
    }
}

/// The results of all chains of one problem.
public struct SampleResult: Sendable, Hashable {
    /// The problem's place, from 0.
    public let index: Int
    /// The problem.
    public let sample: TaskSample
    /// The seed of its chains' random numbers.
    public let seed: UInt64
    /// At least one.
    public let chains: [ChainResult]
    /// The chain that speaks for the majority; see ``MajorityVote``. The first when no chain has an
    /// answer.
    public let winner: Int
    /// The most bytes of cache that the chains held together; pages that they share count once.
    public let bytes: Int
    /// The most bytes that the whole cache held during this problem, other problems included.
    public let cacheBytes: Int
    /// The most bytes of cache that the first chains alone would have held, by their number, where it was counted.
    public let leadingBytes: [Int: Int]
    /// Why the problem was not asked; nil when it was. Its chains are then empty and wrong.
    public let refusal: String?

    /// Puts a result together, and lets the chains vote: for the same answer, as the problem's
    /// ``TaskSample/kind`` has it. `chains` must not be empty.
    public init(
        index: Int, sample: TaskSample, seed: UInt64, chains: [ChainResult], bytes: Int,
        cacheBytes: Int, leadingBytes: [Int: Int] = [:], refusal: String? = nil
    ) {
        precondition(!chains.isEmpty, "SampleResult: got no chains, expected at least one")
        self.index = index
        self.sample = sample
        self.seed = seed
        self.chains = chains
        self.bytes = bytes
        self.cacheBytes = cacheBytes
        self.leadingBytes = leadingBytes
        self.refusal = refusal
        winner = MajorityVote.winner(among: chains.map(\.answer), kind: sample.kind) ?? 0
    }

    /// The result of a problem that was not asked.
    init(refused sample: TaskSample, index: Int, seed: UInt64, chainCount: Int, reason: String) {
        let nothing = ChainResult(
            text: "", answer: nil, score: 0, tokens: 0, kvReads: 0, bytesMoved: 0, peakTokens: 0,
            finishReason: .length)
        self.init(
            index: index, sample: sample, seed: seed,
            chains: Array(repeating: nothing, count: max(1, chainCount)), bytes: 0, cacheBytes: 0,
            refusal: reason)
    }

    /// What the first `width` chains alone would have given: their vote and their costs, as if no others had been asked for.
    ///
    /// A page that the last of them to write would not have copied counts in ``bytesMoved``, and where a codec seals that copy a
    /// step later, in ``bytes``: never too few. Nil where there are fewer chains, or where their bytes were not counted
    /// (``EvaluationOptions/leadingWidths``).
    public func leading(_ width: Int) -> SampleResult? {
        if width == chains.count { return self }
        guard (1..<chains.count).contains(width) else { return nil }
        let bytes = refusal == nil ? leadingBytes[width] : 0
        guard let bytes else { return nil }
        return SampleResult(
            index: index, sample: sample, seed: seed, chains: Array(chains[..<width]), bytes: bytes,
            cacheBytes: cacheBytes, refusal: refusal)
    }

    /// The majority's answer; nil when no chain gives one.
    public var answer: String? { chains[winner].answer }
    /// The score of the chain that speaks for the majority.
    public var score: Double { chains[winner].score }
    /// The mean score of the chains.
    public var chainScore: Double {
        chains.reduce(0) { $0 + $1.score } / Double(chains.count)
    }
    /// The best chain's score (pass@all): what a perfect judge would have chosen.
    public var bestScore: Double { chains.map(\.score).max() ?? 0 }
    /// Tokens generated by all chains.
    public var tokens: Int { chains.reduce(0) { $0 + $1.tokens } }
    /// Summed over chains; see ``ChainResult/kvReads``.
    public var kvReads: Double { chains.reduce(0) { $0 + $1.kvReads } }
    /// Summed over chains; see ``ChainResult/bytesMoved``. Nil where it is not known of each.
    public var bytesMoved: Int? {
        chains.reduce(0) { sum, chain in sum.flatMap { sum in chain.bytesMoved.map { sum + $0 } } }
    }
    /// Summed over chains; see ``ChainResult/peakTokens``.
    public var peakTokens: Double { chains.reduce(0) { $0 + $1.peakTokens } }
}

/// How the chains of a problem become one score.
public enum ChainScoring: String, Sendable, CaseIterable, Hashable {
    /// That of the answer that most chains give (self-consistency).
    case vote
    /// That of the best chain (pass@N): what a checker of answers, such as a program's tests, would choose.
    case any

    /// The score of a result.
    func score(_ result: SampleResult) -> Double {
        switch self {
        case .vote: result.score
        case .any: result.bestScore
        }
    }
}
