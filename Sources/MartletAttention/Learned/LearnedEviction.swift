/// What a policy says of eviction that the model decides itself.

/// Tokens that the model marks are taken out: DMS some time later, DMC by merging them into the next.
public struct LearnedEviction: Sendable, Hashable {
    /// How a mark is carried out.
    public enum Method: String, Sendable, Hashable {
        /// Dynamic Memory Sparsification: a marked token is seen `window` tokens longer, then freed.
        case sparsification = "dms"
        /// Dynamic Memory Compression: a token joins the running mean of those before it.
        case compression = "dmc"
    }

    /// Where marks come from.
    public enum Decisions: Sendable, Hashable {
        /// The model's own heads.
        case model
        /// Chance: so many of all tokens are marked. For measuring what a ratio costs and saves.
        case chance(rate: Double, seed: UInt64)
        /// Nowhere: the dense model.
        case never
    }

    /// How a mark is carried out.
    public let method: Method
    /// Where marks come from.
    public let decisions: Decisions
    /// Tokens for which a marked one is still seen after its own; nil for what the model was trained
    /// with.
    public let window: Int?

    /// Prompt tokens between two evictions. Inside such a block marked tokens are masked and still held,
    /// so that a prompt can be computed in any chunks; its ends are the same whatever they are.
    package static let promptBlock = 256

    /// Tokens that are expected to be held of so many while the last block of them is computed, where `compression`
    /// tokens share a slot.
    package static func expectedTokens(_ tokens: Int, compression: Double) -> Int {
        let whole = min(tokens, promptBlock)
        return whole + Int((Double(tokens - whole) / compression).rounded(.up))
    }
}

/// What a model's configuration says of the heads that mark tokens.
public struct EvictionHeadShape: Sendable, Hashable {
    /// Where a mark is read.
    public enum Source: Sendable, Hashable {
        /// A projection of its own, from the residual stream under a norm of its own.
        case projection
        /// The last channel of the first query head of each group, which then takes no part in attention.
        case queryChannel
        /// DMC's: the last channel of the key marks and that of the group's queries weighs; neither takes
        /// part in attention.
        case keyChannel
    }

    /// How marks are carried out.
    public let method: LearnedEviction.Method
    /// Where a mark is read.
    public let source: Source
    /// What the mark's logit is multiplied by.
    public let scale: Float
    /// What is then subtracted; a positive result marks.
    public let offset: Float
    /// DMS: tokens for which a marked one is still seen. DMC: tokens that one mean covers at most.
    public let window: Int
    /// Whether the first head decides for its whole layer.
    public let isPerLayer: Bool

    /// Describes the heads.
    public init(
        method: LearnedEviction.Method, source: Source, scale: Float, offset: Float, window: Int,
        isPerLayer: Bool
    ) {
        self.method = method
        self.source = source
        self.scale = scale
        self.offset = offset
        self.window = window
        self.isPerLayer = isPerLayer
    }
}
