// How one layer attends: the one place that says in what the layers of a model differ.

/// What the rows of a sequence do to each other in one layer.
public struct LayerPlan: Sendable, Hashable {
    /// How the rows of a sequence meet.
    public enum Mixing: Sendable, Hashable {
        /// Attention over every token so far.
        case full
        /// Attention over the newest `window` tokens, of which the token itself is one.
        case sliding(window: Int)
        /// A state of constant size instead of a cache, by the name of its kind. Reserved: no layer
        /// here runs one, and ``DecoderPlan/checkRunnable(file:)`` refuses it.
        case state(String)
    }

    /// How rows meet.
    public var mixing: Mixing
    /// Rotation of queries and keys; nil for none.
    public var rotary: RotaryParameters?
    /// Query heads.
    public var headCount: Int
    /// KV heads.
    public var keyValueHeadCount: Int
    /// Channels of a head.
    public var headDimension: Int
    /// The earlier layer whose keys and values this one reads; nil for its own.
    public var keyValueSource: Int?
    /// The experts that it has instead of one MLP; nil where it has one.
    public var experts: ExpertShape?

    /// The sliding window; nil for full attention.
    public var window: Int? {
        if case .sliding(let window) = mixing { window } else { nil }
    }

    /// Query channels.
    public var queryWidth: Int { headCount * headDimension }
    /// Key (or value) channels.
    public var keyValueWidth: Int { keyValueHeadCount * headDimension }

    /// What its heads are turned by; nil for nothing. Layers with equal ones share cosines and sines.
    package var rotation: HeadRotation? {
        rotary.map { HeadRotation(parameters: $0, headDimension: headDimension) }
    }
}

/// The rotation of heads of one width.
package struct HeadRotation: Sendable, Hashable {
    let parameters: RotaryParameters
    let headDimension: Int

    /// Radians a position for each pair of dimensions.
    package var frequencies: [Double] { parameters.frequencies(headDimension: headDimension) }
    /// Factor of every cosine and sine.
    package var amplitude: Double { parameters.amplitude }
    /// How queries grow with their position.
    var growth: RotaryParameters.QueryGrowth? { parameters.growth }
}
