/// What rendering a template may take. Templates come from downloads.

/// The most that one rendering may take.
public struct RenderLimits: Sendable, Hashable {
    /// Bytes of any text that the template makes, the rendered one included.
    public var bytes = 16 << 20
    /// Steps: expressions, statements and, for long texts and lists, their parts.
    public var steps = 10_000_000
    /// Macros and recursive loops inside of each other.
    public var calls = 100
    /// How long it may take.
    public var time = Duration.seconds(20)

    /// The limits for templates that are not trusted.
    public init() {}
}
