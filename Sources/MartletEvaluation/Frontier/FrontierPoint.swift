/// A measured configuration: its scores and costs. Knows neither how nor on what machine they were measured.

/// The part of a model's work that a cache method thins out (Sparse Frontier, arXiv 2504.17768, section 2).
public enum CompressionPhase: String, Sendable, CaseIterable, Hashable {
    /// The prompt's tokens in the cache, chosen when the prompt is complete; generated tokens stay.
    case prompt
    /// The tokens that each generated token reads; the prompt itself is computed with full attention.
    case steps
    /// Both.
    case both
}

/// How a cache method was set up: length, width, compression (the paper's L-W-CR) and codec.
public struct FrontierConfiguration: Sendable, Hashable {
    /// The method, such as `dms`.
    public let method: String
    /// The model.
    public let model: String
    /// The policy with every parameter written out.
    public let policy: String
    /// How keys and values are stored, as `kv` names it: `f16`, `q8`.
    public let codec: String
    /// The most tokens of a chain.
    public let length: Int
    /// Chains that vote.
    public let width: Int
    /// The compression that was asked for; 1 for a dense cache.
    public let ratio: Double
    /// What the method thins out.
    public let phase: CompressionPhase

    /// Describes a configuration.
    public init(
        method: String, model: String, policy: String, length: Int, width: Int, ratio: Double,
        phase: CompressionPhase = .both, codec: String = "f32"
    ) {
        self.method = method
        self.model = model
        self.policy = policy
        self.codec = codec
        self.length = length
        self.width = width
        self.ratio = ratio
        self.phase = phase
    }

    /// The same with another number of chains.
    func with(width: Int) -> FrontierConfiguration {
        FrontierConfiguration(
            method: method, model: model, policy: policy, length: length, width: width,
            ratio: ratio, phase: phase, codec: codec)
    }

    /// Length, width and ratio, `256-8-4`.
    public var label: String {
        let whole = ratio == ratio.rounded() && ratio < 1e9
        return "\(length)-\(width)-" + (whole ? "\(Int(ratio))" : "\(ratio)")
    }
}

/// The scores and costs of one configuration; scores are in the problems' order, seed after seed.
public struct FrontierPoint: Sendable, Hashable {
    /// The configuration. Where several models were made for it, the first of them.
    public let configuration: FrontierConfiguration
    /// The score of the vote on each problem, from 0 to 1, the mean over models made for the configuration.
    public let scores: [Double]
    /// The scores of each model that was made for the configuration, such as retrofits with different seeds.
    public let replicas: [[Double]]
    /// The kind of each problem, such as a part of a blend.
    public let tasks: [String]
    /// Mean tokens of a prompt; nil when they were not recorded.
    public let promptTokens: Double?
    /// Mean tokens that all chains of a problem wrote together.
    public let tokens: Double
    /// Mean costs of a problem.
    public let costs: [FrontierCost: Double]
    /// What the compression came to.
    public let measured: MeasuredCompression

    /// Puts a point together.
    public init(
        _ configuration: FrontierConfiguration, scores: [Double], tasks: [String] = [],
        promptTokens: Double? = nil, tokens: Double, costs: [FrontierCost: Double],
        replicas: [[Double]] = [], measured: MeasuredCompression = MeasuredCompression()
    ) {
        self.tasks = tasks
        self.promptTokens = promptTokens
        self.tokens = tokens
        self.configuration = configuration
        self.scores = scores
        self.costs = costs
        self.replicas = replicas.isEmpty ? [scores] : replicas
        self.measured = measured
    }

    /// The mean score.
    public var accuracy: Double {
        scores.isEmpty ? 0 : scores.reduce(0, +) / Double(scores.count)
    }
}

/// What a compression came to, as against what was asked for; nil where it was not recorded.
public struct MeasuredCompression: Sendable, Hashable {
    /// Tokens that the chains had over tokens that they held, when they held most.
    public let held: Double?
    /// Tokens that a dense cache would have read over tokens that were read.
    public let read: Double?

    /// Describes a compression.
    public init(held: Double? = nil, read: Double? = nil) {
        self.held = held
        self.read = read
    }

    /// The one that a method is about: what it holds, or for a method of steps what it reads.
    func of(_ phase: CompressionPhase) -> Double? { phase == .steps ? read : held }
}

/// What an answer costs.
public enum FrontierCost: String, Sendable, CaseIterable, Hashable {
    /// Cached tokens attended at each generated token, averaged over layers and KV heads, summed over tokens and
    /// chains (Inference-Time Hyper-Scaling, arXiv 2506.05345).
    case kvReads
    /// Bytes of cache that decode steps moved, summed over chains (`Usage.bytesMoved`): whole pages, their
    /// bounds, and every touch beside. Records of older versions lack it.
    case bytesMoved
    /// The most live tokens of each chain, averaged over layers and KV heads, summed over chains.
    case peakTokens
    /// The most bytes of cache that the chains held at once; pages that they share count once.
    case bytes
    /// Seconds for each problem on this machine, with many problems in flight.
    case seconds
    /// Multiplications and additions, prompt included: what makes models of different sizes comparable.
    case flops
    /// Elements of weights and cache that decoding moves by the Sparse Frontier's own model (isoCost, arXiv 2504.17768,
    /// second version; ``SparseAttentionCost``), for one sequence in a step: a step's weights for each token, and what its
    /// KV reads move. Records of older versions lack it.
    case isoCost

    /// The title of an axis.
    public var title: String {
        switch self {
        case .kvReads: "KV reads"
        case .bytesMoved: "bytes moved"
        case .peakTokens: "peak tokens"
        case .bytes: "bytes of cache"
        case .seconds: "seconds"
        case .flops: "FLOPs"
        case .isoCost: "elements moved (isoCost)"
        }
    }
}
