/// What a slice of a step reads.

/// What one slice of a step reads of the cache, over all layers and KV heads.
package struct StepReads: Sendable, Hashable {
    /// Cached tokens that its rows attend to.
    package var tokens: Int
    /// Bytes of pages and of their bounds.
    package var bytes: Int

    /// Describes reads.
    package init(tokens: Int = 0, bytes: Int = 0) {
        self.tokens = tokens
        self.bytes = bytes
    }
}
