/// What a model's configuration says of the heads that mark its tokens.

package import MartletCache

/// Heads that mark tokens: how marks are meant, where they are read, how far they reach.
public struct EvictionHeadShape: Sendable, Hashable {
    /// What a mark means, as checkpoints call it.
    public enum Method: String, Sendable, Hashable {
        /// Dynamic Memory Sparsification: a marked token is seen `window` tokens longer, then freed.
        case sparsification = "dms"
        /// Dynamic Memory Compression: a token joins the running mean of those before it.
        case compression = "dmc"

        /// What a cache does with marked tokens.
        package var kind: MarkKind {
            switch self {
            case .sparsification: .evicting
            case .compression: .merging
            }
        }
    }

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

    /// What a mark means.
    public let method: Method
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
    /// DMC: added to what a token weighs, so that a mean always has something to divide by.
    public let mergeEpsilon: Float
    /// Whether the checkpoint switches marking off. A borrowed channel takes no part in attention even so: the model
    /// was trained without it.
    public let isDisabled: Bool

    /// ``mergeEpsilon`` where nothing else is said. The published code takes the epsilon of its numbers' type: 2⁻²³ in
    /// f32, 2⁻¹⁰ in f16, 2⁻⁷ in bf16.
    public static let usualMergeEpsilon: Float = 1e-6

    /// Whether it has tensors of its own that are read.
    var projects: Bool { source == .projection && !isDisabled }

    /// Describes the heads.
    public init(
        method: Method, source: Source, scale: Float, offset: Float, window: Int, isPerLayer: Bool,
        mergeEpsilon: Float = EvictionHeadShape.usualMergeEpsilon, isDisabled: Bool = false
    ) {
        self.mergeEpsilon = mergeEpsilon
        self.isDisabled = isDisabled
        self.method = method
        self.source = source
        self.scale = scale
        self.offset = offset
        self.window = window
        self.isPerLayer = isPerLayer
    }
}
