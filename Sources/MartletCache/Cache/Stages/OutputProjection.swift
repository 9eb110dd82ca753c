/// The matrix that takes what the heads of a layer attended to back to the residual stream, as stages see it.

/// Rows of every layer's output projection, decoded when they are asked for: nothing is kept of them here.
package struct OutputProjection: Sendable {
    /// Channels of the residual stream, one row for each.
    package let channels: Int
    private let decode:
        @Sendable (_ layer: Int, _ channel: Int, _ row: UnsafeMutableBufferPointer<Float>) -> Void

    /// Describes the matrices. `decode` writes one row, `[query head][dimension]`, and is called from several
    /// threads at once.
    package init(
        channels: Int,
        decode:
            @escaping @Sendable (
                _ layer: Int, _ channel: Int, _ row: UnsafeMutableBufferPointer<Float>
            ) -> Void
    ) {
        self.channels = channels
        self.decode = decode
    }

    /// Writes what a channel takes of each query head of a layer, `[query head][dimension]`.
    package func read(
        layer: Int, channel: Int, into row: UnsafeMutableBufferPointer<Float>
    ) { decode(layer, channel, row) }
}
