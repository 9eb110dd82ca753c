/// What a slice of a step reads.

/// What one slice of a step reads of the cache, over all layers and KV heads.
package struct StepReads: Sendable, Hashable {
    /// Cached tokens that its rows attend to.
    package var tokens: Int
    /// Bytes that attention reads: whole pages, each at the size that it is stored in.
    package var attentionBytes: Int
    /// Bytes that are touched beside attention: to describe pages, to choose among them, to weigh tokens.
    package var otherBytes: Int

    /// Describes reads.
    package init(tokens: Int = 0, attentionBytes: Int = 0, otherBytes: Int = 0) {
        self.tokens = tokens
        self.attentionBytes = attentionBytes
        self.otherBytes = otherBytes
    }

    /// All of its bytes.
    package var bytes: Int { attentionBytes + otherBytes }
}
